"""experiments, and what train, start, follow, stop and show do with one."""

from argparse import Namespace

from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.interrupts import NOTHING, going_on, leaving, unknown
from faastraingym.client import experiments, loop
from faastraingym.client.errors import BadInput
from faastraingym.client.experiments import AsyncExperiment, telling
from faastraingym.client.specifications import Composed
from faastraingym.events.views.experiments import ExperimentReport, ExperimentRow, TrialRow
from faastraingym.events.views.phrases import configuration, one_line, timestamp
from faastraingym.loggers.kinds import KINDS

HEAD = ("experiment", "status", "sampler", "scheduler", "started", "trials", "failed", "best")
NUMBERS = ("failed", "best", "trial", "return", "steps")
TRIALS_HEAD = ("trial", "state", "return", "steps", "configuration")


def list_experiments(arguments: Namespace, context: Context) -> None:
    """Print the experiments, the newest first."""
    rows = loop.run(experiments.overview(context.client.aio))
    if arguments.json:
        context.screen.json(rows)
    else:
        context.screen.table(
            HEAD, [_cells(row) for row in rows], NUMBERS, ("started", "failed", "sampler")
        )


def train(arguments: Namespace, context: Context, composed: Composed) -> ExitCode:
    """Start the stack if needed, start the experiment, follow it to its end."""
    with leaving(NOTHING):
        context.client.up()
    name = _begin(arguments, context, composed, up=True)
    if not arguments.json:
        context.screen.line(f"experiment {name}")
    return follow(name, arguments.json, context)


def start(arguments: Namespace, context: Context, composed: Composed) -> None:
    """Start the experiment and return; it needs no watcher."""
    name = _begin(arguments, context, composed, up=False)
    if arguments.json:
        context.screen.json({"experiment_id": name})
    else:
        context.screen.line(name)
        context.screen.remark(f"watch it with `faastrain follow {name}`")


def follow(name: str, as_json: bool, context: Context) -> ExitCode:
    """Print a line for each fact until the end, then the trials; beside JSON, on stderr."""
    write = context.screen.remark if as_json else context.screen.line
    followed = AsyncExperiment(context.client.aio, name).follow(
        telling(write), context.screen.remark
    )
    with leaving(going_on(name)):
        report = loop.run(followed)
    _print(report, as_json, context)
    if report.status == "failed":
        return ExitCode.RUN_FAILED
    return ExitCode.BUDGET_SPENT if report.reason == "stopped" else ExitCode.DONE


def stop(name: str, context: Context) -> None:
    """Ask the experiment and its runs to end with what they have."""
    end = loop.run(AsyncExperiment(context.client.aio, name).stop()).end
    context.screen.line(
        f"experiment {name} has ended already: {one_line(end.reason)}"
        if end
        else f"experiment {name} ends, and its runs with the policies that they have; "
        f"`faastrain show {name}`"
    )


def show(name: str, as_json: bool, context: Context) -> None:
    """Print the experiment and its trials as they stand."""
    _print(loop.run(AsyncExperiment(context.client.aio, name).report()), as_json, context)


def is_one(name: str, context: Context) -> bool:
    """Whether a name is an experiment's."""
    return loop.run(experiments.is_one(context.client.aio, name))


def _begin(arguments: Namespace, context: Context, composed: Composed, *, up: bool) -> str:
    for kind in KINDS:
        if getattr(arguments, kind.name, None):
            raise BadInput(
                f"--{kind.name}: takes the numbers of one run, and an experiment has many; "
                f"`faastrain export-metrics RUN --{kind.name} ...` for each"
            )
    aio = context.client.aio
    with leaving(NOTHING):
        prepared = loop.run(experiments.prepare(aio, composed, arguments.run, up=up))
    with leaving(unknown(prepared.name)):
        loop.run(experiments.start(aio, prepared))
    for remark in prepared.base.advice:
        context.screen.remark(f"faastrain: {remark}")
    return prepared.name


def _print(report: ExperimentReport, as_json: bool, context: Context) -> None:
    if as_json:
        context.screen.json(report)
        return
    for name, value in _facts(report):
        context.screen.line(f"{name}: {value}")
    spare = ("steps", "state")
    context.screen.table(TRIALS_HEAD, [_trial_cells(row) for row in report.rows], NUMBERS, spare)


def _facts(report: ExperimentReport) -> list[tuple[str, str]]:
    found = [("experiment", report.experiment_id), ("status", report.status)]
    if report.reason:
        found.append(("reason", one_line(report.reason)))
    of = "" if report.of is None else f" of {report.of}"
    failed = f", {report.failed} failed" if report.failed else ""
    found.append(("trials", f"{report.trials}{of}{failed}"))
    if report.sampler:
        found.append(("chosen by", f"sampler {report.sampler}, scheduler {report.scheduler}"))
    found.append(("environment steps", f"{report.env_steps:,}"))
    found.append(("cost", f"{report.gb_seconds:,.1f} GB-seconds"))
    found.append(("wall clock", f"{report.wall_seconds:.1f} s"))
    if report.running:
        found.append(("running", ", ".join(report.running)))
    if report.best:
        words = f"trial {report.best.trial}, return {report.best.score:.2f}"
        found.append(("best", f"{words}: {configuration(report.best.settings)}"))
    return found


def _cells(row: ExperimentRow) -> tuple[str, ...]:
    return (
        row.experiment_id,
        row.status,
        row.sampler,
        row.scheduler,
        f"{timestamp(row.requested_at)[:19]}Z",
        f"{row.trials}/{'?' if row.of is None else row.of}",
        f"{row.failed}",
        "" if row.best is None else f"{row.best.score:.2f}",
    )


def _trial_cells(row: TrialRow) -> tuple[str, ...]:
    reason = f" ({one_line(row.reason)})" if row.reason and row.state == "failed" else ""
    return (
        f"{row.trial}",
        row.state,
        "" if row.score is None else f"{row.score:.2f}",
        f"{row.env_steps}",
        f"{configuration(row.settings)}{reason}",
    )
