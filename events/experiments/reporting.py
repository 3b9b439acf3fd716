"""What a run that has ended tells its experiment: pure."""

from collections.abc import Iterable

from msgspec import UNSET

from faastraingym.events.pipeline.history import History
from faastraingym.events.views.report import reported_policy, tally
from faastraingym.schemas import messages as m


def is_of_experiment(history: History) -> bool:
    """Whether an experiment asked for the run."""
    return history.requested is not None and history.requested.experiment is not UNSET


def reported(history: History, usage: Iterable[m.InvocationCompleted]) -> list[m.TrialReported]:
    """The report to the experiment that asked for the run; nothing of another run, or before."""
    requested, end = history.requested, history.end
    member = requested.experiment if requested else UNSET
    if requested is None or end is None or member is UNSET:
        return []
    policy = reported_policy(history)
    failed = isinstance(end, m.RunFailed)
    score = None if failed else _score(history)
    return [
        m.TrialReported(
            run=member.name,
            trial=member.trial,
            seed=member.seed,
            rung=history.segment,
            end="failed" if failed else end.reason,
            score=score,
            env_steps=policy.env_steps if policy else 0,
            gb_seconds=sum(spent.gb_seconds for spent in tally(usage).values()),
            reason=_why(requested.run, end, score),
            policy=policy,
            manifest=history.started.manifest if history.started else None,
        )
    ]


def _score(history: History) -> float | None:
    """The mean return of the newest evaluation."""
    found = history.evaluations
    return found[max(found)].return_mean if found else None


def _why(run: str, end: m.RunCompleted | m.RunFailed, score: float | None) -> str:
    if isinstance(end, m.RunFailed):
        return f"run {run}: {end.reason}"
    return "" if score is not None else f"run {run} ended before it was evaluated"
