"""From lost objects to the messages from which they were made, and to those that can be now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.lineage import (
    Ascent,
    Lineage,
    Lost,
    NotPublished,
    inputs,
    restorations,
)
from faastraingym.events.pipeline.planning import plan
from faastraingym.schemas import keys
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import EvaluatePolicy, Message, RestoreObject
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import RunSpec
from tests.events import facts
from tests.events.facts import an_object, collected, history, ready, specification, updated

SPEC = specification(reward=[{"kind": "normalize"}])
SAID = history(
    facts.REQUESTED, facts.STARTED, updated(0), ready(0), updated(1), collected(1, 0), ready(1)
)


def lost(key: str) -> ObjectRef:
    return ObjectRef(bucket="b", key=key, size=3, sha256="f" * 64)


ROLLOUT = facts.rollout(1, 1, previous=facts.trajectory(0, 1))
EVALUATE = EvaluatePolicy(run=facts.RUN, manifest=facts.MANIFEST, policy=facts.policy(1))
MADE = {
    keys.manifest("r"): ("start-run", facts.REQUESTED),
    keys.learner("r", 0): ("update-policy", facts.STARTED),
    keys.policy("r", 0): ("update-policy", facts.STARTED),
    keys.learner("r", 1): ("update-policy", plan(SPEC, facts.policy(0), ready(0))),
    keys.policy("r", 1): ("update-policy", plan(SPEC, facts.policy(0), ready(0))),
    keys.trajectory("r", 1, 1): ("rollout", ROLLOUT),
    keys.rewards("r", 1): ("aggregate-rewards", ready(1)),
    keys.evaluation("r", 1): ("evaluate", EVALUATE),
}


DIVIDED = specification(evaluation={"pieces": 3})
PLAYED = history(facts.STARTED, updated(1), *(facts.piece(1, k) for k in (1, 0, 2)))


def test_a_piece_is_played_again_and_an_evaluation_merged_again() -> None:
    """From the command that the piece had; from the pieces, all of which are read."""
    made = Lineage(PLAYED, DIVIDED)
    command = replace(EVALUATE, piece=1)
    assert made.work(lost(keys.episodes("r", 1, 1))) == (
        "evaluate",
        command,
        (facts.MANIFEST, facts.policy(1).policy),
    )
    merged = made.work(lost(keys.evaluation("r", 1)))
    assert merged[:2] == ("aggregate-rewards", facts.piece(1, 2))
    assert {ref.key for ref in merged.inputs} == {
        facts.MANIFEST.key,
        *(keys.episodes("r", 1, k) for k in range(3)),
    }


def test_a_lost_piece_is_below_its_evaluation() -> None:
    """Whoever wants the evaluation asks for the piece first, and for the merging after it."""
    made = Lineage(PLAYED, DIVIDED)
    there = {facts.MANIFEST.key, facts.policy(1).policy.key}
    there |= {keys.episodes("r", 1, k) for k in (0, 2)}
    wanted = lost(keys.evaluation("r", 1))
    ascent = Ascent([wanted], made.missing([wanted], there), there)
    assert [found.object.key for found in ascent.frontier()] == [keys.episodes("r", 1, 1)]
    above = ascent.above(keys.episodes("r", 1, 1))
    assert [found.work.function for found in above] == ["aggregate-rewards"]


@pytest.mark.parametrize("key", MADE)
def test_whoever_made_an_object_makes_it_again_with_the_message_that_it_had(key: str) -> None:
    assert Lineage(SAID, SPEC).work(lost(key))[:2] == MADE[key]


def test_the_manifest_is_made_again_without_a_specification() -> None:
    assert Lineage(SAID, None).work(facts.MANIFEST).function == "start-run"


@pytest.mark.parametrize(
    "key",
    [
        keys.trajectory("r", 1, 2),  # of two
        keys.episodes("r", 1, 1),  # of one
        "runs/r/x/1",
        "",
        "a/b",
    ],
)
def test_an_object_of_which_the_log_knows_nothing_fails_its_run_by_name(key: str) -> None:
    made = Lineage(SAID, SPEC)
    with pytest.raises(RunFault, match=f"object {key} is lost"):
        made.work(lost(key))
    assert not made.explains(asking(lost(key)))


@pytest.mark.parametrize("key", [keys.policy("r", 2), keys.learner("r", 2), keys.rewards("r", 2)])
def test_an_object_of_which_the_log_has_lost_the_making_is_waited_for(key: str) -> None:
    """Its reference came from somewhere: what lies before it is done again, and says it again."""
    made = Lineage(SAID, SPEC)
    with pytest.raises(NotPublished, match=f"object {key} is lost, and the log does not say"):
        made.work(lost(key))
    assert not made.explains(asking(lost(key)))


def test_what_the_log_has_lost_the_making_of_is_not_wanted_on_the_way() -> None:
    """A late delivery said a rollout of version 2, which itself went with the log's end."""
    gap = history(facts.REQUESTED, facts.STARTED, updated(0), ready(0), updated(1), collected(2, 0))
    wanted = [ref.key for ref in Lineage(gap, SPEC).goals(asking(facts.MANIFEST, towards=1))]
    assert wanted == [keys.learner(facts.RUN, 1), keys.policy(facts.RUN, 1)]


def test_the_way_leads_to_the_newest_version_before_a_gap() -> None:
    """Whoever asked for a later one before the log lost its end is led there, too."""
    gap = history(
        *(facts.REQUESTED, facts.STARTED, updated(0), ready(0), updated(1), ready(1)),
        *(collected(3, 0), updated(3)),
    )
    made = Lineage(gap, SPEC)
    assert made.towards([facts.policy(1).policy]) == 1
    wanted = [ref.key for ref in made.goals(asking(facts.policy(1).policy, towards=3))]
    assert wanted[:2] == [keys.learner(facts.RUN, 1), keys.policy(facts.RUN, 1)]
    assert not [key for key in wanted if keys.place(key).version > 1]


def asking(ref: ObjectRef, towards: int | None = None) -> RestoreObject:
    return RestoreObject(run="r", object=ref, origin=facts.STARTED, towards=towards)


def test_a_log_that_was_read_before_a_version_was_made_does_not_explain_it() -> None:
    made = Lineage(SAID, SPEC)
    assert made.explains(asking(facts.policy(1).policy, towards=1))
    assert not made.explains(asking(facts.policy(1).policy, towards=2))


def test_nothing_is_known_of_a_run_without_facts() -> None:
    with pytest.raises(NotPublished, match="the log does not say how it was made"):
        Lineage(History(), None).missing([lost(keys.manifest("r"))], there=())


LAGGING = specification(rollout={"count": 2, "max_policy_lag": 1})
BESIDE = [facts.REQUESTED, facts.STARTED, updated(0), ready(0), updated(1), ready(1, lag=1)]


@pytest.mark.parametrize(
    ("key", "function", "origin"),
    [
        (keys.trajectory("r", 0, 1), "rollout", facts.rollout(0, 1)),
        # version 2 is not committed, and what it will learn from is there
        (
            keys.trajectory("r", 2, 1),
            "rollout",
            facts.rollout(2, 1, facts.trajectory(1, 1), lag=1),
        ),
        (
            keys.learner("r", 2),
            "update-policy",
            plan(LAGGING, facts.policy(1), ready(1, lag=1)),
        ),
        (keys.rewards("r", 1), "aggregate-rewards", ready(1, lag=1)),
    ],
)
def test_with_a_lag_the_version_before_collected(key: str, function: str, origin: Message) -> None:
    newer = [updated(2)] if "learner" in key else []
    work = Lineage(history(*BESIDE, *newer), LAGGING).work(lost(key))
    assert work[:2] == (function, origin)


def rewarded(version: int, lag: int = 0):
    """Rewards that are an object."""
    from msgspec.structs import replace

    return replace(ready(version, lag=lag), rewards=an_object(keys.rewards("r", version)))


def names(refs) -> set[str]:
    """Keys without what all of them have."""
    return {ref.key.removeprefix("runs/r/").removesuffix(".msgpack") for ref in refs}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (facts.REQUESTED, set()),
        (facts.STARTED, {"manifest"}),
        (facts.rollout(0, 0), {"manifest", "policies/0"}),
        (ROLLOUT, {"manifest", "policies/1", "trajectories/0/1"}),
        (ready(1), {"manifest"}),
        (rewarded(1), {"manifest", "trajectories/1/0", "trajectories/1/1", "rewards/0"}),
        (collected(1, 1), {"manifest", "trajectories/1/0", "trajectories/1/1", "rewards/0"}),
        (
            plan(SPEC, facts.policy(1), rewarded(1)),
            {"manifest", "learner/1", "trajectories/1/0", "trajectories/1/1", "rewards/1"},
        ),
        (EVALUATE, {"manifest", "policies/1"}),
        (facts.STOP, set()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_stage_reads_for_a_message(message: Message, read: set[str]) -> None:
    """tests/test_restoring.py holds it to what the stages do read."""
    said = history(rewarded(0), collected(1, 0), collected(1, 1))
    assert names(inputs(message, said)) == read


def run(versions: int, spec: RunSpec, lag: int = 0) -> Lineage:
    """A run up to a version whose trajectories are collected."""
    said: list[Message] = [facts.REQUESTED, facts.STARTED]
    for version in range(versions + 1):
        behind = min(version, lag)
        said += [updated(version), *(collected(version, index, behind) for index in (0, 1))]
        said += [rewarded(version, behind) if spec.reward else ready(version, lag=behind)]
    return Lineage(history(*said), spec)


def everything(versions: int, made: Lineage) -> dict[str, Lost]:
    """All objects up to the newest version's."""
    newest = made.history.rewards[versions]
    goals = [facts.policy(versions).learner, *(ref.object for ref in newest.batch)]
    return made.missing([*goals, *([newest.rewards] if newest.rewards else [])], there=())


def frontier(made: Lineage, wanted: list[ObjectRef], there: set[str]) -> list[Lost]:
    """What can be made first."""
    return Ascent(wanted, made.missing(wanted, there), there).frontier()


def next_ones(made: Lineage, wanted: list[ObjectRef], there: set[str]) -> set[str]:
    """Its names."""
    return names(found.object for found in frontier(made, wanted, there))


def test_a_chain_is_walked_down_to_what_is_there() -> None:
    """Version 2 needs version 1, whose learner state is there and whose trajectories are not."""
    made = run(3, specification())
    there = {
        *(keys.manifest("r"), keys.learner("r", 1), keys.policy("r", 1)),
        keys.trajectory("r", 0, 0),
        keys.trajectory("r", 0, 1),
    }
    wanted = [facts.policy(2).policy]
    missing = made.missing(wanted, there)
    assert names(lost.object for lost in missing.values()) == {
        "policies/2",
        "trajectories/1/0",
        "trajectories/1/1",
    }
    assert next_ones(made, wanted, there) == {"trajectories/1/0", "trajectories/1/1"}
    there |= {keys.trajectory("r", 1, 0)}
    assert next_ones(made, wanted, there) == {"trajectories/1/1"}
    there |= {keys.trajectory("r", 1, 1)}
    assert next_ones(made, wanted, there) == {"policies/2"}
    assert next_ones(made, wanted, {*there, keys.policy("r", 2)}) == set()


def test_without_anything_the_manifest_comes_first() -> None:
    made = run(3, specification())
    assert next_ones(made, [facts.policy(3).policy], set()) == {"manifest"}
    assert next_ones(made, [facts.policy(3).policy], {keys.manifest("r")}) == {"learner/0"}


def test_who_cannot_read_the_manifest_asks_for_that_alone() -> None:
    """It may be listed, and altered."""
    made = Lineage(SAID, None)
    there = {keys.manifest("r")}
    assert names(lost.object for lost in made.missing([ROLLOUT.policy.policy], there).values()) == {
        "manifest"
    }


def test_a_learner_brings_its_policy_and_a_policy_alone_is_asked_for_itself() -> None:
    made = run(1, specification())
    there = {*everything(1, made)} - {keys.learner("r", 1), keys.policy("r", 1)}
    wanted = [facts.policy(1).policy, facts.policy(1).learner]
    assert next_ones(made, wanted, there) == {"learner/1"}
    assert next_ones(made, wanted, {*there, keys.learner("r", 1)}) == {"policies/1"}


def test_nobody_asks_for_what_was_pruned_and_is_not_needed() -> None:
    made = run(9, specification(retention={"versions": 2}))
    there = {*(key for key in everything(9, made) if keys.place(key).version >= 7)}
    there |= {keys.manifest("r")}
    there -= {keys.policy("r", 9)}
    assert next_ones(made, [facts.policy(9).policy], there) == {"policies/9"}


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("reward", [[], [{"kind": "normalize"}]])
@given(data=st.data())
def test_whatever_is_lost_comes_back_and_each_piece_of_work_is_asked_for_once(
    lag: int, reward: list[dict[str, str]], data: st.DataObject
) -> None:
    """Frontier after frontier, in any order, until what is wanted is there."""
    spec = specification(rollout={"count": 2, "max_policy_lag": lag}, reward=reward)
    made = run(6, spec, lag)
    whole = {key: found.object for key, found in everything(6, made).items()}
    there = set(data.draw(st.lists(st.sampled_from(sorted(whole)), unique=True)))
    goals = [whole[key] for key in data.draw(st.lists(st.sampled_from(sorted(whole)), min_size=1))]
    missing, asked = made.missing(goals, there), []
    while now := frontier(made, goals, there):
        found = data.draw(st.sampled_from(now))
        assert all(ref.key in there for ref in found.work.inputs)
        asked.append(found.work)
        there |= brought(found)
    assert not made.missing(goals, there)
    assert len(asked) == len({(work.function, repr(work.origin)) for work in asked})
    assert len(asked) <= len(missing)


def brought(found: Lost) -> set[str]:
    """What its maker writes."""
    place = keys.place(found.object.key)
    policy = {keys.policy("r", place.version)} if place.kind == "learner" else set()
    return {found.object.key, *policy}


@pytest.mark.parametrize("lag", [0, 1])
@given(data=st.data())
def test_what_is_made_tells_what_can_be_made_next(lag: int, data: st.DataObject) -> None:
    """Step by step upwards, in any order, the same is asked for as by walks from above."""
    spec = specification(
        rollout={"count": 2, "max_policy_lag": lag}, reward=[{"kind": "normalize"}]
    )
    made = run(6, spec, lag)
    whole = {key: found.object for key, found in everything(6, made).items()}
    there = {*data.draw(st.lists(st.sampled_from(sorted(whole)), unique=True))}
    goals = [*whole.values()]
    ascent = Ascent(goals, made.missing(goals, there), there)
    possible = {found.object.key: found for found in ascent.frontier()}
    while possible:
        found = possible.pop(data.draw(st.sampled_from(sorted(possible))))
        there |= brought(found)
        for above in ascent.above(found.object.key):
            if above.object.key not in there and all(r.key in there for r in above.work.inputs):
                possible[above.object.key] = above
        assert possible.keys() == {f.object.key for f in frontier(made, goals, there)}
    assert not made.missing(goals, there)


def test_what_is_taken_for_there_can_be_looked_at() -> None:
    """The edge: inputs and goals that are not missing."""
    made = run(2, specification())
    there = {*everything(2, made)} - {keys.policy("r", 2), keys.trajectory("r", 1, 0)}
    goals = [facts.policy(2).policy, facts.policy(1).learner]
    seen = names(Ascent(goals, made.missing(goals, there), there).edge())
    assert seen == {"manifest", "learner/1", "policies/1", "trajectories/0/0", "trajectories/1/1"}


def test_a_restoration_names_the_version_that_is_wanted_in_the_end() -> None:
    """Within a minute it is the same message, whoever sends it."""
    first = frontier(run(2, specification()), [facts.policy(2).policy], {keys.manifest("r")})
    asked = RestoreObject(
        run="r",
        object=facts.policy(0).learner,
        origin=facts.STARTED,
        towards=2,
        verify=True,
        asked=2,
    )
    assert restorations(first, 2, True, now=120.0) == [("update-policy", asked, 0)]
    assert restorations(first, 2, True, now=179.9) == [("update-policy", asked, 0)]
    assert restorations(first, 2, True, now=180.0) != [("update-policy", asked, 0)]


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ([facts.policy(9).policy, facts.trajectory(8, 0).object], 9),  # to collect for 9
        ([facts.policy(9).learner, facts.trajectory(9, 0).object], 9),  # to learn from 9
        ([facts.policy(8).learner, facts.trajectory(8, 0).object], 9),  # learnt, and not settled
        ([an_object(keys.rewards("r", 9))], 9),
        ([facts.MANIFEST], 9),
        ([facts.MANIFEST, facts.policy(3).policy], 3),  # to be evaluated
        ([facts.trajectory(3, 1).object], 4),
    ],
)
def test_who_waits_at_the_end_of_a_run_goes_one_way(wanted: list[ObjectRef], version: int) -> None:
    assert run(9, specification()).towards(wanted) == version


def test_before_the_first_version_an_object_is_wanted_for_itself() -> None:
    made = Lineage(history(facts.REQUESTED, facts.STARTED), SPEC)
    assert made.towards([facts.MANIFEST]) is None
    assert made.goals(asking(facts.MANIFEST)) == [facts.MANIFEST]


def test_what_is_wanted_of_the_newest_version_is_what_it_learns_from_too() -> None:
    made = run(3, SPEC)
    both = {"trajectories/3/0", "trajectories/3/1"}
    newest = names(made.goals(asking(facts.MANIFEST, towards=3)))
    assert newest == {"learner/3", "policies/3", "rewards/3", *both}
    older = names(made.goals(asking(facts.MANIFEST, towards=2)))
    assert older == {"learner/2", "policies/2"}
    waiting = Lineage(history(facts.REQUESTED, facts.STARTED, updated(0), collected(0, 1)), SPEC)
    assert names(waiting.goals(asking(facts.MANIFEST, towards=0))) == {
        "learner/0",
        "policies/0",
        "trajectories/0/1",
    }


def test_who_comes_late_for_what_was_made_and_removed_does_nothing() -> None:
    """What is below the frontier is not missed; what is at it, or at the end, is."""
    made = run(9, specification(retention={"versions": 2}))
    there = {key for key in everything(9, made) if 5 <= keys.place(key).version <= 6}
    there |= {keys.manifest("r")}
    assert made.is_passed(asking(facts.policy(4).learner, towards=9), there)
    assert not made.is_passed(asking(facts.policy(5).learner, towards=9), there)
    assert not made.is_passed(asking(facts.policy(7).learner, towards=9), there)
    assert not made.is_passed(asking(facts.policy(4).learner), there)
    assert not made.is_passed(asking(facts.MANIFEST, towards=9), set())


def test_what_a_version_that_was_made_again_leaves_behind_is_removed() -> None:
    """plan-update is told of its rewards once more; where nothing is pruned nobody is told."""
    made = run(3, specification())
    there = {key for key in everything(3, made) if "/3" not in key}
    (asked,) = restorations(frontier(made, [facts.policy(3).learner], there), 3, False, 0.0)
    assert made.pruning(asked.message) == []
    (told,) = run(3, specification(retention={"versions": 2})).pruning(asked.message)
    assert told == ("plan-update", ready(3), 0)
