"""What is no longer needed once a version's rewards are ready."""

from events.history import History
from events.retention import expendable
from schemas import keys
from schemas.messages import RunCompleted
from tests.events import facts
from tests.events.facts import history, ready, specification


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


def test_what_a_lagging_rollout_acts_with_stays() -> None:
    """When rewards 9 are planned from, version 9 begins to act for 10, and nobody needs 7."""
    spec = specification(retention={"versions": 2}, rollout={"count": 2, "max_policy_lag": 1})
    gone = expendable(spec, ready(9, lag=1), History())
    assert {keys.place(key).version for key in gone} == {7}
