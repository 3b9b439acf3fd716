"""Keys: each identity has its own, below its run."""

import pytest

from faastraingym.schemas import keys


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


@pytest.mark.parametrize(
    "key",
    [
        "experiments/" + "n" * 250 + ".toml",
        "experiments/" + "ü" * 125 + ".toml",
        "experiments/" + "日" * 83 + ".json",
        "experiments/" + "/".join(["d" * 100] * 9) + "/" + "f" * 98 + ".yaml",
        "experiments/" + "d/" * 503 + ".json",
        "experiments/a b#?%41\n.toml",
    ],
)
def test_an_error_lies_beside_any_file_that_a_store_keeps(key: str) -> None:
    """Within a store's bounds, which the file itself keeps; another file's is another."""
    assert max(len(part.encode()) for part in key.split("/")) <= keys.MOST_NAME
    assert len(key.encode()) <= keys.MOST_KEY
    error = keys.refusal(key)
    assert error.startswith(keys.EXPERIMENTS)
    assert error.endswith(keys.ERROR)
    assert max(len(part.encode()) for part in error.split("/")) <= keys.MOST_NAME
    assert len(error.encode()) <= keys.MOST_KEY
    assert error != keys.refusal(key.replace(".", "!", 1))
    assert not keys.is_experiment(error, [".toml", ".yaml", ".json"])
