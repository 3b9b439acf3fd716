"""Keys: each identity has its own, below its run."""

from schemas import keys


def test_every_object_of_a_run_has_its_own_key_below_the_run() -> None:
    made = [
        keys.manifest("a"),
        keys.report("a"),
        keys.learning_curve("a"),
        *(keys.trajectory("a", v, i) for v in range(3) for i in range(3)),
        *(keys.episodes("a", v, i) for v in range(3) for i in range(3)),
        *(
            of(run, version)
            for of in (keys.rewards, keys.policy, keys.learner, keys.evaluation)
            for run in ("a", "b")
            for version in range(12)
        ),
    ]
    assert len(set(made)) == len(made)
    assert {key.rsplit("/")[0] for key in made} == {"runs"}
    assert keys.trajectory("a", 1, 12) == "runs/a/trajectories/1/12.msgpack"
