"""From lost objects to the messages from which they were made, and what these read."""

import pytest
from msgspec.structs import replace

from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.lineage import Lineage, NotPublished, inputs
from faastraingym.events.pipeline.planning import plan
from faastraingym.schemas import keys
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import EvaluatePolicy, Message, VersionRange
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import RunSpec
from tests.events import facts
from tests.events.facts import an_object, collected, history, ready, specification, updated
from tests.events.pipeline.lineages import (
    DIVIDED,
    PLAYED,
    SAID,
    SPEC,
    asking,
    lost,
    names,
    rewarded,
    run,
)

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


@pytest.mark.parametrize(
    ("key", "spec"),
    [
        (keys.episodes("r", 2, 2), DIVIDED),  # of three
        (keys.trajectory("r", 1, 1), None),
        (keys.trajectory("r", 1, 7), None),
        (keys.episodes("r", 1, 7), None),
    ],
)
def test_so_is_a_piece_or_a_slot_that_the_specification_has_or_of_which_that_is_lost(
    key: str, spec: RunSpec | None
) -> None:
    """A broker and a store that lost both `run.started` and the manifest, as both can."""
    with pytest.raises(NotPublished):
        Lineage(history(facts.REQUESTED), spec).work(lost(key))


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


def test_an_update_by_replay_reads_its_window() -> None:
    """Trajectories and rewards of the versions before the batch, as far as the log has them."""
    command = plan(SPEC, facts.policy(3), ready(3))
    window = VersionRange(first=1, last=3)
    replaying = replace(command, schedule=replace(command.schedule, replay=window))
    said = history(ready(0), rewarded(1), ready(2), ready(3))
    trajectories = {f"trajectories/{v}/{slot}" for v in (1, 2, 3) for slot in (0, 1)}
    found = names(inputs(replaying, said))
    assert found == {"manifest", "learner/3", "rewards/1", *trajectories}
