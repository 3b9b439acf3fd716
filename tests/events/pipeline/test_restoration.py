"""From lost objects down to those that can be made now, and up again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.pipeline.ascent import Ascent, Lost, restorations
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.pipeline.lineage import Lineage
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RestoreObject
from faastraingym.schemas.references import ObjectRef
from tests.events import facts
from tests.events.facts import ready, specification
from tests.events.pipeline.lineages import (
    DIVIDED,
    PLAYED,
    SAID,
    asking,
    everything,
    frontier,
    lost,
    names,
    run,
)


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
    assert names(
        lost.object for lost in made.missing([facts.policy(1).policy], there).values()
    ) == {"manifest"}


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
    assert restorations(first, 2, True, now=120.0) == [Invocation("update-policy", asked)]
    assert restorations(first, 2, True, now=179.9) == [Invocation("update-policy", asked)]
    assert restorations(first, 2, True, now=180.0) != [Invocation("update-policy", asked)]


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
    assert told == Invocation("plan-update", ready(3))
