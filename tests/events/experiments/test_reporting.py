"""What a run tells its experiment."""

from msgspec.structs import replace

from faastraingym.events.experiments.reporting import reported
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import Recorded
from faastraingym.schemas import messages as m
from tests.events import facts

MEMBER = m.Membership(name="x", trial=2, seed=7)
REQUESTED = replace(facts.REQUESTED, experiment=MEMBER)


def history(*said: m.Message) -> History:
    return fold([Recorded(number, 1.0, fact) for number, fact in enumerate(said)])


def completed(segment: int = 0) -> m.RunCompleted:
    return m.RunCompleted(run=facts.RUN, reason="budget", policy=facts.policy(3), segment=segment)


def usage(seconds: float) -> m.InvocationCompleted:
    return m.InvocationCompleted(
        run=facts.RUN,
        function="rollout",
        call_id="c",
        replica="r",
        started_at=0.0,
        seconds=seconds,
        memory_mb=512,
        cold_start=False,
        status=200,
    )


def test_the_newest_evaluation_is_the_score() -> None:
    told = history(
        REQUESTED,
        facts.STARTED,
        facts.evaluated(1, 30.0),
        facts.evaluated(3, 20.0),
        facts.updated(3),
        completed(),
    )
    assert reported(told, [usage(3.0), usage(1.0)]) == [
        m.TrialReported(
            run="x",
            trial=2,
            seed=7,
            rung=0,
            end="budget",
            score=20.0,
            env_steps=300,
            gb_seconds=2.0,
            manifest=facts.MANIFEST,
            policy=facts.evaluated(3, 20.0).policy,
        )
    ]


def test_a_resumed_run_reports_its_next_rung() -> None:
    resumed = m.RunResumed(run=facts.RUN, manifest=facts.MANIFEST, segment=1, env_steps=600)
    going = history(REQUESTED, facts.STARTED, completed(), resumed)
    assert reported(going, []) == []
    (told,) = reported(history(REQUESTED, facts.STARTED, completed(), resumed, completed(1)), [])
    assert told.rung == 1


def test_a_failed_run_has_no_score_whatever_was_evaluated() -> None:
    failed = m.RunFailed(run=facts.RUN, reason="it broke")
    (told,) = reported(history(REQUESTED, facts.evaluated(1, 30.0), failed), [])
    assert (told.end, told.score, told.reason) == ("failed", None, "run r: it broke")
    assert told.manifest is None


def test_a_run_that_was_never_evaluated_says_so() -> None:
    stopped = replace(completed(), reason="stopped")
    (told,) = reported(history(REQUESTED, facts.STARTED, stopped), [])
    assert (told.end, told.score) == ("stopped", None)
    assert told.reason == "run r ended before it was evaluated"


def test_a_run_of_no_experiment_reports_to_none() -> None:
    assert reported(history(facts.REQUESTED, facts.STARTED, completed()), []) == []
