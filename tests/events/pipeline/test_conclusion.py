"""When a run ends: by target, budget, stop or failure, whatever the order of arrival."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from faastraingym.events.delivery import remedies
from faastraingym.events.delivery.exits import DIED
from faastraingym.events.pipeline.conclusion import conclude, first_to_reach, is_last
from faastraingym.events.topology.stack_file import Function
from faastraingym.schemas.messages import Message, RunCompleted, RunFailed
from faastraingym.schemas.specification import RunSpec
from tests.events import facts
from tests.events.facts import dead, evaluated, history, policy, specification, updated

# The budget ends with version 3, the target is 475, every version is evaluated.
SPEC = specification(evaluation={"every": 1})


def completed(reason: str, version: int, segment: int = 0) -> RunCompleted:
    return RunCompleted(run=facts.RUN, reason=reason, policy=policy(version), segment=segment)


def test_a_run_without_evaluations_goes_on() -> None:
    assert conclude(history(facts.STARTED, updated(0), updated(1, evaluate=True)), SPEC) is None


def test_the_first_version_that_reached_the_target_is_the_result() -> None:
    said = history(
        *(updated(version, evaluate=True) for version in range(4)),
        evaluated(1, 20.0),
        evaluated(2, 475.0),
        evaluated(3, 500.0),
    )
    assert conclude(said, SPEC) == completed("target", 2)


def test_a_version_that_reached_the_target_waits_for_earlier_evaluations() -> None:
    said = [*(updated(version, evaluate=True) for version in range(4)), evaluated(3, 500.0)]
    assert conclude(history(*said), SPEC) is None
    said += [evaluated(1, 20.0), evaluated(2, 480.0)]
    assert conclude(history(*said), SPEC) == completed("target", 2)


def test_versions_without_a_scheduled_evaluation_are_not_waited_for() -> None:
    every_other = specification(evaluation={"every": 2})
    said = history(updated(0), updated(1), updated(2, evaluate=True), evaluated(2, 475.0))
    assert conclude(said, every_other) == completed("target", 2)
    assert conclude(said, SPEC) is None


def test_the_budget_ends_the_run_with_the_last_version_once_all_is_evaluated() -> None:
    every_other = specification(evaluation={"every": 2})
    said = [updated(2, evaluate=True), updated(3, rollouts=0, evaluate=True), evaluated(3, 9.0)]
    assert conclude(history(*said), every_other) is None
    ended = completed("budget", 3)
    assert conclude(history(*said, evaluated(2, 400.0)), every_other) == ended


def test_the_target_counts_when_the_last_version_reaches_it() -> None:
    rarely = specification(evaluation={"every": 100})
    said = history(updated(3, rollouts=0, evaluate=True), evaluated(3, 480.0))
    assert conclude(said, rarely) == completed("target", 3)


def test_without_a_target_only_the_budget_ends_the_run() -> None:
    spec = specification(stop={"env_steps": 300}, evaluation={"every": 1})
    said = [updated(1, evaluate=True), evaluated(1, 1e9)]
    assert conclude(history(*said), spec) is None
    assert first_to_reach(history(*said), spec) is None


@pytest.mark.parametrize(
    ("function", "ending", "reason"),
    [
        ("rollout", "exit code 3", "the environment CartPole-v1 ended its process (exit code 3)"),
        ("evaluate", "signal SIGSEGV", "the environment CartPole-v1 ended its process (signal"),
        ("rollout", "signal SIGKILL", "the environment CartPole-v1, or something outside, ended"),
        ("update-policy", "exit code 3", "update-policy-1 ended its process (exit code 3)"),
    ],
)
def test_an_environment_that_ends_its_replica_is_named(
    function: str, ending: str, reason: str
) -> None:
    """The reason is ours, whatever the replica wrote before; that is the detail."""
    noise = "Task exception was never retrieved\nfuture: <Task finished name='Task-7'>"
    error = f"{noise}\n{function}-1 {DIED} ({ending}) while it served a request"
    end = conclude(history(dead(function, error, status=502)), SPEC)
    assert isinstance(end, RunFailed)
    assert end.reason.startswith(f"{function} failed 5 time(s): {reason}")
    assert noise in end.detail


def test_where_a_leg_ended_does_not_count_for_the_next_one() -> None:
    """A run that never stopped would not have evaluated version 3; only its own budget ends it."""
    rarely = specification(evaluation={"every": 100}, stop={"env_steps": 300})
    first = [updated(3, rollouts=0, evaluate=True), evaluated(3, 500.0)]
    assert conclude(history(*first), rarely) == completed("budget", 3)
    going_on = [*first, completed("budget", 3), facts.REPORTED, facts.resumed(1, target=475.0)]
    assert conclude(history(*going_on), rarely) is None
    last = [updated(6, rollouts=0, evaluate=True), evaluated(6, 480.0)]
    assert conclude(history(*going_on, *last), rarely) == completed("target", 6, segment=1)


def test_a_stop_request_of_an_earlier_leg_ends_nothing() -> None:
    said = [updated(1), facts.STOP, completed("stopped", 1), facts.REPORTED, facts.resumed(1)]
    assert conclude(history(*said), SPEC) is None
    again = replace(facts.STOP, segment=1)
    assert conclude(history(*said, again), SPEC) == completed("stopped", 1, segment=1)


def test_a_stop_request_ends_the_run_with_the_newest_version() -> None:
    said = history(updated(0), updated(1), facts.STOP)
    assert conclude(said, SPEC) == completed("stopped", 1)


def test_a_stop_request_waits_for_the_first_version() -> None:
    assert conclude(history(facts.STARTED, facts.STOP), SPEC) is None


def test_a_dead_letter_fails_the_run_with_the_last_line_of_its_error() -> None:
    said = history(updated(1, evaluate=True), evaluated(1, 500.0), dead())
    assert conclude(said, SPEC) == RunFailed(
        run=facts.RUN,
        reason="rollout failed 5 time(s): ZeroDivisionError: zero",
        function="rollout",
        detail="Traceback\nZeroDivisionError: zero",
        policy=policy(1),
    )


def test_a_dead_letter_without_words_names_its_status() -> None:
    end = conclude(history(dead(error=" \n", status=504)), SPEC)
    assert isinstance(end, RunFailed)
    assert end.reason == "rollout failed 5 time(s): status 504"


def test_work_that_was_too_long_fails_the_run_with_what_to_do() -> None:
    """The sentence alone: it says what was too long and how often."""
    words = remedies.overtime(Function(name="rollout", timeout=120.0), 2)
    end = conclude(history(dead(error=f"killed\n{words}", status=504)), SPEC)
    assert isinstance(end, RunFailed)
    assert end.reason == words


@pytest.mark.parametrize(("version", "last"), [(0, False), (2, False), (3, True), (4, True)])
def test_the_budget_ends_with_the_version_that_learnt_from_all_of_it(
    version: int, last: bool
) -> None:
    assert is_last(updated(version), SPEC) is last


@st.composite
def runs(draw: st.DrawFn) -> tuple[RunSpec, list[Message], list[Message]]:
    """A schedule of evaluations, and one whole run's facts in two orders that causes allow."""
    every = draw(st.integers(1, 4))
    scheduled = [version % every == 0 or version == 3 for version in range(4)]
    scheduled[0] = False
    means = [draw(st.sampled_from([0.0, 475.0, 500.0])) for _ in scheduled]
    policies = [updated(version, evaluate=due) for version, due in enumerate(scheduled)]
    evaluations = [evaluated(v, means[v]) for v, due in enumerate(scheduled) if due]

    def order() -> list[Message]:
        said: list[Message] = list(policies)
        for fact in draw(st.permutations(evaluations)):
            earliest = said.index(policies[fact.policy.version]) + 1
            said.insert(draw(st.integers(earliest, len(said))), fact)
        return said

    return specification(evaluation={"every": every}), order(), order()


@given(runs())
def test_the_end_does_not_depend_on_the_order_of_evaluations(
    told: tuple[RunSpec, list[Message], list[Message]],
) -> None:
    spec, *orders = told
    ends = []
    for said in orders:
        after_each = [conclude(history(*said[: n + 1]), spec) for n in range(len(said))]
        ends.append(next(end for end in after_each if end is not None))
        assert {end for end in after_each if end is not None} == {ends[-1]}
    assert ends[0] == ends[1]


def test_a_late_dead_letter_of_the_leg_before_does_not_end_the_run() -> None:
    """A rollout that was given up a minute after somebody had resumed the run."""
    end = RunFailed(run=facts.RUN, reason="broken", function="rollout")
    resumed = [facts.REQUESTED, facts.STARTED, updated(0), end, facts.REPORTED, facts.resumed(1)]
    assert conclude(history(*resumed, dead(queued_at=1002.5)), SPEC) is None
    assert isinstance(conclude(history(*resumed, dead(queued_at=1006.5)), SPEC), RunFailed)


def test_a_run_that_fails_says_which_policy_it_had() -> None:
    """Its report names it, whatever is committed late; before version 0 there is none."""
    end = conclude(history(facts.STARTED, updated(0), updated(1), dead()), SPEC)
    assert isinstance(end, RunFailed)
    assert end.policy == policy(1)
    early = conclude(history(facts.STARTED, dead()), SPEC)
    assert isinstance(early, RunFailed)
    assert early.policy is None
