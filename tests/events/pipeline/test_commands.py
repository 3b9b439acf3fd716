"""Commands: one function each, and a call id that is the invocation's identity."""

import re
import uuid

import pytest
from msgspec import structs

from faastraingym.events.pipeline import flow
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.schemas.messages import COMMANDS, CollectRollout, RestoreObject, WarmUp, tag
from tests.events import facts
from tests.schemas.samples import SAMPLES

SAMPLE_COMMANDS = [sample for sample in SAMPLES if isinstance(sample, COMMANDS)]


def collect(version: int = 0, index: int = 0, run: str = "r") -> CollectRollout:
    return CollectRollout(
        run=run, manifest=facts.MANIFEST, policy=facts.policy(version), index=index
    )


def test_every_command_has_one_function() -> None:
    assert all(len(flow.receivers(kind)) == 1 for kind in COMMANDS)


def test_a_fact_is_invoked_again_at_the_function_that_goes_on_from_it() -> None:
    """Where several hear it, at the first of the flow."""
    assert invocation(facts.ready(0)) == Invocation("plan-update", facts.ready(0))
    with pytest.raises(LookupError):
        invocation(facts.REPORTED)


@pytest.mark.parametrize("command", SAMPLE_COMMANDS, ids=tag)
def test_a_call_id_is_a_uuid_and_always_the_same(command) -> None:
    first, again = invocation(command), invocation(structs.replace(command))
    assert first.call_id == again.call_id == str(uuid.UUID(first.call_id))


def test_a_call_id_never_changes_between_releases() -> None:
    """A queue that outlives a deployment must still recognise what came twice."""
    assert invocation(collect()).call_id == "be7507a0-dcbd-51a4-8853-50ca9f2f2be7"


def test_different_work_has_different_call_ids() -> None:
    work = [
        *(invocation(collect(version, index)) for version in (0, 1, 12) for index in (0, 1, 2)),
        invocation(collect(run="r2")),
        invocation(structs.replace(collect(12, 0), lag=1)),  # for version 13
        *(invocation(command) for command in SAMPLE_COMMANDS),
        Invocation("update-policy", facts.STARTED),
        Invocation("conclude-run", facts.STOP),
        Invocation("conclude-run", facts.evaluated(1, 0.0)),
        Invocation("conclude-run", facts.evaluated(2, 0.0)),
    ]
    assert len({item.call_id for item in work}) == len(work)


def test_the_same_work_from_another_predecessor_has_the_same_call_id() -> None:
    resumed = structs.replace(collect(1, 0), previous=facts.trajectory(0, 0))
    assert invocation(resumed).call_id == invocation(collect(1, 0)).call_id


def test_issuing_again_on_purpose_changes_the_call_id() -> None:
    attempts = [invocation(collect())._replace(attempt=n).call_id for n in range(5)]
    assert len(set(attempts)) == 5


def test_every_attempt_at_a_piece_of_work_is_the_same_piece() -> None:
    """A stall's, a resumption's, a replayed letter's: its token in a subject stays."""
    for work in (invocation(collect()), Invocation("update-policy", facts.STARTED)):
        assert len({work._replace(attempt=n).work for n in (-7, 0, 1, 4)}) == 1


def test_a_piece_of_work_never_changes_between_releases() -> None:
    """Or an upgrade would queue beside what waits."""
    assert invocation(collect()).work == "6de6f8d360125cbeb93fa05b8b92d0a3"


def test_different_work_is_different_pieces() -> None:
    work = [
        *(invocation(collect(version, index)) for version in (0, 1, 12) for index in (0, 1, 2)),
        invocation(collect(run="r2")),
        invocation(structs.replace(collect(12, 0), lag=1)),  # for version 13
        *(invocation(command) for command in SAMPLE_COMMANDS),
        Invocation("update-policy", facts.STARTED),
        Invocation("plan-update", facts.evaluated(1, 0.0)),
        Invocation("conclude-run", facts.evaluated(1, 0.0)),
        *(Invocation(function, WarmUp(run="r")) for function in ("rollout", "evaluate")),
        *(Invocation("rollout", lost(0, verify=verify)) for verify in (False, True)),
        Invocation("rollout", lost(1)),
    ]
    assert len({item.work for item in work}) == len(work)
    assert all(re.fullmatch("[0-9a-f]{32}", item.work) for item in work)


def test_a_lost_object_that_is_asked_for_a_minute_later_is_the_same_piece() -> None:
    """Another call, which is not dropped once the first is done."""
    first, later = (Invocation("rollout", lost(0, asked=minute)) for minute in (1, 2))
    assert (first.work, first.call_id == later.call_id) == (later.work, False)


def lost(index: int, asked: int = 0, verify: bool = False) -> RestoreObject:
    trajectory = facts.trajectory(0, index).object
    return RestoreObject(
        run="r", object=trajectory, origin=collect(0, index), asked=asked, verify=verify
    )
