"""What is no longer needed once a version's rewards are ready."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from faastraingym.algorithms import registry
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import replay_window
from faastraingym.events.pipeline.retention import expendable, pruned
from faastraingym.schemas import keys
from faastraingym.schemas.messages import Message, RunCompleted, RunFailed
from tests.events import facts
from tests.events.facts import history, ready, specification, updated

FAILED = RunFailed(run="r", reason="broken", function="evaluate", policy=facts.policy(5))


def test_without_a_rule_everything_stays() -> None:
    assert expendable(specification(), ready(9), History()) == []


def test_the_newest_versions_stay_and_the_one_before_them_goes() -> None:
    """With its trajectories, learner state and policy; transformed rewards where there are any."""
    spec = specification(retention={"versions": 3})
    objects = [keys.trajectory("r", 6, 0), keys.trajectory("r", 6, 1), keys.learner("r", 6)]
    assert expendable(spec, ready(9), History()) == [*objects, keys.policy("r", 6)]
    assert expendable(spec, ready(2), History()) == []
    scaled = specification(retention={"versions": 3}, reward=[{"kind": "scale", "factor": 2.0}])
    assert keys.rewards("r", 6) in expendable(scaled, ready(9), History())


def test_the_policy_of_an_evaluated_version_stays() -> None:
    spec = specification(retention={"versions": 2}, evaluation={"every": 4})
    gone = [expendable(spec, ready(version), History()) for version in range(2, 12)]
    policies = [key for keys_ in gone for key in keys_ if "policies" in key]
    assert policies == [keys.policy("r", version) for version in (0, 1, 2, 3, 5, 6, 7, 9)]


def test_the_policy_with_which_a_leg_ended_stays() -> None:
    end = RunCompleted(run="r", reason="stopped", policy=facts.policy(5))
    said = history(end, facts.REPORTED, facts.resumed(1))
    spec = specification(retention={"versions": 2})
    assert keys.policy("r", 5) not in expendable(spec, ready(7), said)
    assert keys.learner("r", 5) in expendable(spec, ready(7), said)


@pytest.mark.parametrize(
    "said",
    [
        # the budget's last version, whose evaluation failed
        [updated(5, evaluate=True), FAILED, facts.REPORTED, facts.resumed(1)],
        # the same, of a queue-worker that does not say with which policy the run failed
        [updated(5, evaluate=True), replace(FAILED, policy=None), facts.resumed(1)],
        # no evaluation was to come; its report names the policy
        [updated(5), FAILED, facts.REPORTED, facts.resumed(1)],
        # an earlier version reached the target before this one's evaluation came
        [
            updated(5, evaluate=True),
            RunCompleted(run="r", reason="target", policy=facts.policy(4)),
            facts.resumed(1),
        ],
        # the second leg failed, the third goes on
        [FAILED, facts.resumed(1), replace(FAILED, segment=1, policy=facts.policy(7))],
    ],
)
def test_the_policy_of_a_legs_last_version_stays_while_somebody_needs_it(
    said: list[Message],
) -> None:
    """A resumption evaluates it again, and the leg's report names it."""
    spec = specification(retention={"versions": 2})
    assert keys.policy("r", 5) not in expendable(spec, ready(7), history(*said))
    assert keys.learner("r", 5) in expendable(spec, ready(7), history(*said))
    assert keys.policy("r", 6) in expendable(spec, ready(8), history(*said))


def test_what_a_lagging_rollout_acts_with_stays() -> None:
    """When rewards 9 are planned from, version 9 begins to act for 10, and nobody needs 7."""
    spec = specification(retention={"versions": 2}, rollout={"count": 2, "max_policy_lag": 1})
    gone = expendable(spec, ready(9, lag=1), History())
    assert {keys.place(key).version for key in gone} == {7}


def test_with_a_larger_lag_more_stays() -> None:
    """Version 6 acts for 9, of which a lost rollout may have to be made again."""
    spec = specification(retention={"versions": 2}, rollout={"count": 2, "max_policy_lag": 3})
    gone = expendable(spec, ready(9, lag=3), History())
    assert {keys.place(key).version for key in gone} == {5}


@given(st.integers(2, 20), st.integers(0, 30), st.integers(0, 100))
def test_what_a_window_needs_is_never_pruned(versions: int, replayed: int, newest: int) -> None:
    """Nor the window before, from which a lost learner state is made again, nor what is below."""
    spec = specification(retention={"versions": versions})
    with pytest.MonkeyPatch.context() as patch:
        rules = SimpleNamespace(replayed_versions=lambda _: replayed)
        patch.setattr(registry, "rules", lambda _: rules)
        gone = [g for v in range(newest + 1) if (g := pruned(spec, v)) is not None]
        window = replay_window(spec, max(0, newest - 1))
    # and the trajectory before, which the oldest one of that window goes on from
    first = newest - 1 if window is None else window.first - 1
    assert all(version < max(first, 0) for version in gone)
    assert gone == list(range(len(gone)))  # each once, none passed over
