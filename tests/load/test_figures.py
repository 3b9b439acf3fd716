"""The figures that load is judged by: each of them can say no."""

import pytest

from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import (
    MAX_MESSAGE_BYTES,
    EpisodeSummary,
    PolicyUpdated,
    RolloutCompleted,
    RunRequested,
    encode,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import to_dict
from tests.load.fairness import overtaken
from tests.load.largest import padded
from tests.load.memory import MARGINS, grown
from tests.load.runs import Ended, none, promised, said
from tests.load.scenarios import missed
from tests.load.sizes import tiny

OBJECT = ObjectRef(bucket="b", key="k", size=1, sha256="a" * 64)


def policy(version: int) -> PolicyUpdated:
    ref = PolicyRef(version=version, policy=OBJECT, learner=OBJECT, env_steps=0)
    return PolicyUpdated(run="r", manifest=OBJECT, policy=ref, rollouts=2, evaluate=False)


def rollout(version: int, index: int) -> RolloutCompleted:
    return RolloutCompleted(
        run="r",
        manifest=OBJECT,
        policy=policy(version).policy,
        trajectory=TrajectoryRef(version=version, index=index, object=OBJECT),
        env_steps=2,
        episodes=EpisodeSummary(),
    )


def a_run(facts: dict[int, PolicyUpdated | RolloutCompleted]) -> Ended:
    """A run of 2 rollouts a version, with its facts at these places of the log."""
    records = [Recorded(sequence, 0.0, fact) for sequence, fact in facts.items()]
    return Ended("r", tiny(2, 2), records, "")


def test_a_rollout_that_nobody_told_of_is_missing() -> None:
    run = a_run({1: policy(0), 2: rollout(0, 1), 3: policy(1)})
    assert promised(run) - said(run) == {(0, 0)}


def test_whom_a_crowd_holds_up_was_overtaken() -> None:
    """Only what was told between the small run's first policy and its last rollout counts."""
    small = a_run({5: policy(0), 8: rollout(0, 0), 12: rollout(0, 1), 14: policy(1)})
    large = a_run(
        {1: policy(0), 4: rollout(0, 2), 6: rollout(0, 3), 9: rollout(0, 4), 13: policy(1)}
    )
    assert overtaken(small, large) == 2


@pytest.mark.parametrize("process", MARGINS)
def test_memory_that_grows_by_more_than_the_margin_is_a_leak(process: str) -> None:
    rest = grown(process, [40.0, 50.0, 50.0 + MARGINS[process]])
    leak = grown(process, [40.0, 50.0, 50.1 + MARGINS[process]])
    assert missed([rest]) == []
    assert len(missed([rest, leak])) == 1


def test_one_loss_is_missed() -> None:
    assert missed([none("load", "lost", 0)]) == []
    assert missed([none("load", "lost", 1)]) == ["load: lost: 1"]


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES - 1])
def test_a_request_is_padded_to_the_byte(size: int) -> None:
    request = RunRequested(run="largest", spec=to_dict(padded("largest", size)))
    assert len(encode(request)) == size
