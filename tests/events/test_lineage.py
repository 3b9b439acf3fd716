"""From a lost object to the message from which it was made."""

import pytest

from events.history import History
from events.lineage import restoration
from events.planning import plan
from schemas import keys
from schemas.errors import RunFault
from schemas.messages import EvaluatePolicy, Message, RestoreObject
from schemas.references import ObjectRef
from tests.events import facts
from tests.events.facts import collected, history, ready, specification, updated

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


@pytest.mark.parametrize("key", MADE)
def test_whoever_made_an_object_is_asked_with_the_message_that_it_had(key: str) -> None:
    function, origin = MADE[key]
    asked = restoration(lost(key), SAID, SPEC, attempt=7)
    assert (asked.function, asked.attempt) == (function, 7)
    assert asked.message == RestoreObject(run="r", object=lost(key), origin=origin)


def test_the_manifest_is_made_again_without_a_specification() -> None:
    asked = restoration(lost(keys.manifest("r")), SAID, None)
    assert asked.function == "start-run"


@pytest.mark.parametrize(
    "key",
    [
        keys.policy("r", 2),
        keys.trajectory("r", 1, 2),
        keys.rewards("r", 2),
        "runs/r/x/1",
        "",
        "a/b",
    ],
)
def test_an_object_of_which_the_log_knows_nothing_fails_its_run_by_name(key: str) -> None:
    with pytest.raises(RunFault, match=f"object {key} is lost"):
        restoration(lost(key), SAID, SPEC)


def test_nothing_is_known_of_a_run_without_facts() -> None:
    with pytest.raises(RunFault, match="the log does not say how it was made"):
        restoration(lost(keys.manifest("r")), History(), None)


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
    asked = restoration(lost(key), history(*BESIDE, *newer), LAGGING)
    assert (asked.function, asked.message) == (
        function,
        RestoreObject(run="r", object=lost(key), origin=origin),
    )
