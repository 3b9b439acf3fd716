"""What it takes for a run that has ended to go on: pure."""

from msgspec import UNSET

from faastraingym.algorithms.registry import parse
from faastraingym.client.errors import BadInput
from faastraingym.events.pipeline.conclusion import first_to_reach
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import learning_plan, on_segment
from faastraingym.schemas.messages import RunResumed
from faastraingym.schemas.specification import RunSpec


def resumption(run: str, history: History, budget: int | None, target: float | None) -> RunResumed:
    """The fact that begins the run's next segment, to `budget` environment steps in all.

    Raises:
        BadInput: the run goes on, never started, or would end again at once.
    """
    if not history.newest.over:
        raise BadInput(
            f"run {run} has not ended; `faastrain follow {run}`, or first `faastrain stop {run}`"
        )
    if history.started is None or history.requested is None:
        raise BadInput(f"run {run} never started; correct its specification and start a new run")
    spec = on_segment(parse(history.requested.spec), history.resumed)
    if spec.evaluate is not UNSET:
        raise BadInput(
            f"run {run} evaluates a policy and learns nothing; evaluate again, with more episodes "
            "or another seed"
        )
    resumed = RunResumed(
        run=run,
        manifest=history.started.manifest,
        segment=history.segment + 1,
        env_steps=budget or spec.stop.env_steps,
        target=spec.stop.target if target is None else target,
    )
    _check(history, on_segment(spec, resumed), run)
    return resumed


def _check(told: History, spec: RunSpec, run: str) -> None:
    steps = told.latest.policy.env_steps if told.latest else 0
    if steps >= spec.stop.env_steps:
        raise BadInput(f"run {run} has learnt from {steps:,} steps; give it a budget above that")
    reached = first_to_reach(told, spec)
    if reached:
        raise BadInput(
            f"version {reached.policy.version} of run {run} reached {reached.return_mean:g}, and "
            f"the target is {spec.stop.target:g}; give it a higher --target"
        )
    if not learning_plan(spec, steps).coefficients["learning_rate"]:
        raise BadInput(
            f"the learning rate of run {run} has annealed to 0 at {spec.stop.annealing_steps:,} "
            "steps, so it cannot learn more; a run that will be resumed needs the steps of all its "
            "segments in stop.horizon of its specification"
        )
