"""train, start, follow, stop, resume: the commands that begin, watch and end a run."""

from argparse import Namespace

from faastraingym.algorithms.experiments.specification import is_experiment
from faastraingym.cli import exit_codes, loggers
from faastraingym.cli.commands import experiments
from faastraingym.cli.context import Context
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.interrupts import NOTHING, going_on, leaving, unknown
from faastraingym.cli.summary import print_summary
from faastraingym.client import composing, files, loop, progress, remedies, specifications
from faastraingym.client.api import saved
from faastraingym.client.async_client import Prepared
from faastraingym.client.progress import PlainView
from faastraingym.client.recordings import Recordings
from faastraingym.client.run import Run
from faastraingym.client.servers import disk_trouble
from faastraingym.client.specifications import Composed
from faastraingym.events.pipeline.planning import learning_plan
from faastraingym.events.views.run import target
from faastraingym.loggers.kinds import KINDS, Subject
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import RunSpec, to_dict


def train(arguments: Namespace, context: Context) -> ExitCode:
    """Start the stack if needed, start a run, follow it to its end, write its results."""
    context.screen.outlast_readers()
    named = _file(arguments)
    if named and is_experiment(named.raw):
        return experiments.train(arguments, context, _overridden(named, arguments, "run."))
    if not arguments.no_files:
        files.makeable(files.RESULTS)
    if arguments.run and not arguments.no_files:
        files.unused(files.of_run(arguments.run))
    prepared = prepare(arguments, context, up=True, named=named)
    subject = Subject(prepared.name, to_dict(prepared.spec))
    with loggers.opened(arguments, subject, context.screen.remark) as recordings:
        with leaving(NOTHING):
            context.client.up()
        run = begin(prepared, context)
        if not arguments.json:
            context.screen.line(f"run {run.name}")
        _remark_horizon(prepared.spec, context)
        code = _until_end(run, arguments.json, context, recordings, not arguments.no_files)
    if not arguments.no_files:
        folder = files.of_run(run.name)
        trouble = saved(run, folder)
        context.screen.remark(f"faastrain: {trouble}" if trouble else f"results are in {folder}")
    return code


def start(arguments: Namespace, context: Context) -> None:
    """Start a run and return; it needs no watcher."""
    named = _file(arguments)
    if named and is_experiment(named.raw):
        return experiments.start(arguments, context, _overridden(named, arguments, "run."))
    prepared = prepare(arguments, context, named=named)
    run = begin(prepared, context)
    if arguments.json:
        context.screen.json({"run_id": run.name, "spec": to_dict(prepared.spec)})
    else:
        context.screen.line(run.name)
        context.screen.remark(f"watch it with `faastrain follow {run.name}`")
    _remark_horizon(prepared.spec, context)
    waits_for = disk_trouble(context.world.environment)
    if waits_for:
        context.screen.remark(f"faastrain: {waits_for}")


def follow(arguments: Namespace, context: Context) -> ExitCode:
    """Watch a run to its end, from its first fact on."""
    if experiments.is_one(arguments.run, context):
        return experiments.follow(arguments.run, arguments.json, context)
    run = context.client.run(arguments.run)
    if any(getattr(arguments, kind.name) for kind in KINDS):
        context.screen.outlast_readers()
    with loggers.of_run(arguments, run, context.screen.remark) as recordings:
        return _until_end(run, arguments.json, context, recordings)


def stop(arguments: Namespace, context: Context) -> None:
    """Ask a run to end with the policy that it has."""
    if experiments.is_one(arguments.run, context):
        return experiments.stop(arguments.run, context)
    run = context.client.run(arguments.run)
    end = loop.run(run.aio.stop()).end
    context.screen.line(
        f"run {run.name} has ended already: {end.reason}"
        if end
        else f"run {run.name} ends with the policy that it has; `faastrain show {run.name}`, "
        f"`faastrain resume {run.name}` continues it"
    )


def resume(arguments: Namespace, context: Context) -> None:
    """Let a run that has ended go on where it stopped; it needs no watcher."""
    run = context.client.run(arguments.run)
    with leaving(f"interrupted: `faastrain show {run.name}` tells whether the run goes on"):
        resumed = loop.run(run.aio.resume(arguments.budget, arguments.target))
    if arguments.json:
        document = {"run_id": run.name, "leg": resumed.segment, "env_steps": resumed.env_steps}
        context.screen.json({**document, "target": resumed.target})
    else:
        context.screen.line(run.name)
        context.screen.remark(f"watch it with `faastrain follow {run.name}`")


def _file(arguments: Namespace) -> Composed | None:
    """The file that a person names, which may be an experiment's; None: it names an environment."""
    with leaving(NOTHING):
        return composing.named(arguments.spec) if composing.is_file(arguments.spec) else None


def _overridden(named: Composed, arguments: Namespace, below: str = "") -> Composed:
    """With `--budget` and `--set`; `below` is the path of the run's table."""
    steps = arguments.budget
    budget = [] if steps is None else [f"{below}stop.env_steps={steps}"]
    raw = specifications.override(named.raw, [*budget, *arguments.overrides])
    return named._replace(raw=raw)


def prepare(
    arguments: Namespace, context: Context, *, up: bool = False, named: Composed | None = None
) -> Prepared:
    """A run that can be started; nothing is published yet. `named`: where it was read already."""
    with leaving(NOTHING):
        made = _overridden(named or composing.named(arguments.spec), arguments)
        changed = composing.budgeted(
            made._replace(form=remedies.option), "`--budget N` and `--set KEY=VALUE` change that"
        )
        return loop.run(context.client.aio.prepare(changed, arguments.run, up=up))


def begin(prepared: Prepared, context: Context) -> Run:
    """Publish the run; what there is to say about it comes after, for it may be refused."""
    with leaving(unknown(prepared.name)):
        run = Run(loop.run(context.client.aio.start(prepared)))
    for remark in prepared.advice:
        context.screen.remark(f"faastrain: {remark}")
    return run


def followed(
    run: Run, as_json: bool, context: Context, recordings: Recordings | None = None
) -> RunReport:
    """Follow the run to its end; beside JSON its progress goes to stderr."""
    screen, recordings = context.screen, recordings or Recordings()
    with leaving(going_on(run.name)):
        if as_json:
            return loop.run(run.aio.follow(recordings.beside(PlainView(screen.remark))))
        environment = context.world.environment
        with progress.shown(run.name, screen.out, screen.line, environment) as view:
            return loop.run(run.aio.follow(recordings.beside(view)))


def _until_end(
    run: Run, as_json: bool, context: Context, recordings: Recordings, saves: bool = False
) -> ExitCode:
    """Follow, print the end, and judge it."""
    report = followed(run, as_json, context, recordings)
    if as_json:
        context.screen.json(report)
    else:
        print_summary(context.screen, report, on_disk=saves)
    return exit_codes.of_run(report.status, report.reason, target(report.spec))


def _remark_horizon(spec: RunSpec, context: Context) -> None:
    """What a run that shall be extended one day needs from its start on."""
    at_last = learning_plan(spec, spec.stop.annealing_steps).coefficients["learning_rate"]
    if not at_last and spec.stop.horizon is None:
        context.screen.remark(
            f"its learning rate anneals to 0 at {spec.stop.annealing_steps:,} steps; to extend it "
            "later, set stop.horizon"
        )
