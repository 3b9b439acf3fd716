"""What an experiment waits for beyond its time: pure.

Its next facts follow from the log, so an invocation of the planner makes all that are missing; and
a run that has ended tells of its end again.
"""

from collections.abc import Mapping

from faastraingym.events.experiments.history import Experiment
from faastraingym.events.experiments.names import run_name
from faastraingym.events.pipeline.commands import Invocation, invocation

QUIET_SECONDS = 60.0  # after its newest fact; planning again changes nothing while runs go on


def overdue(experiment: Experiment, now: float) -> list[Invocation]:
    """The invocation that makes the next facts, at `now` (Unix time, seconds); once a minute."""
    letters = experiment.dead_letters[:1]
    origin = [*letters, experiment.started, experiment.requested]
    message = next((one for one in origin if one is not None), None)
    if message is None or experiment.end or now - experiment.last_at < QUIET_SECONDS:
        return []
    return [invocation(message)._replace(attempt=int(now / QUIET_SECONDS))]


def ended(name: str, experiment: Experiment, known: Mapping[str, bool]) -> list[str]:
    """The runs that have ended and whose report the experiment lacks.

    `known` says of each run that was requested whether it is active.
    """
    if experiment.end:
        return []
    runs = (run_name(name, slot.trial, slot.seed) for slot in experiment.running)
    return [run for run in runs if known.get(run) is False]
