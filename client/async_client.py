"""A stack's runs, for asynchronous callers."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast, get_args

from msgspec import UNSET, Meta

from faastraingym.adapters.stage import evaluated, parents
from faastraingym.algorithms.experiments.specification import is_experiment
from faastraingym.client import (
    bringing,
    environments,
    experiments,
    holdings,
    removing,
    run_ids,
    runs,
    specifications,
)
from faastraingym.client.arguments import checked
from faastraingym.client.async_models import AsyncModels
from faastraingym.client.async_run import AsyncRun
from faastraingym.client.errors import BadInput, StackTrouble, as_ours
from faastraingym.client.evaluations import EPISODES, Asked
from faastraingym.client.experiments import AsyncExperiment
from faastraingym.client.progress import Silent
from faastraingym.client.specifications import Composed
from faastraingym.client.world import Connected, World
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.ports import Services
from faastraingym.events.views.experiments import ExperimentRow
from faastraingym.events.views.runs import RunRow, overview
from faastraingym.schemas.messages import RunRequested
from faastraingym.schemas.report import Status
from faastraingym.schemas.specification import RunSpec, to_dict

if TYPE_CHECKING:
    from faastraingym.adapters.packages.library import Packages
    from faastraingym.adapters.packages.sources import Source
    from faastraingym.adapters.packages.wheels import Package
    from faastraingym.adapters.processes.checking import Checked
    from faastraingym.client.beginnings import Brought
    from faastraingym.client.comparison import Comparison
    from faastraingym.client.playing import Evaluation
    from faastraingym.client.policy import Policy
    from faastraingym.client.run import Run
    from faastraingym.schemas.package_record import PackageRecord


class Prepared(NamedTuple):
    """A run that can be started; nothing of it is published yet."""

    name: str
    spec: RunSpec  # completed
    advice: tuple[str, ...] = ()
    source: "Source | None" = None  # the environment's code, which is added before the run
    dataset: "Brought | None" = None  # with which the run begins, likewise


class AsyncClient:
    """A stack, for asynchronous callers.

    Each call connects for itself, so nothing is left to close.
    """

    @checked
    def __init__(self, world: World) -> None:
        self.world = world

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connected]:
        """The stack's facts, objects, dead letters and commands.

        Raises:
            BadInput: the variables that name a cluster are incomplete.
            StackTrouble: no stack runs, or it does not answer.
        """
        with as_ours(self.world.environment):
            async with self.world.connect() as stack:
                yield stack

    @checked
    def run(self, name: str) -> AsyncRun:
        """The run of this name, whether there is one or not.

        Raises:
            BadInput: it is no run's name.
        """
        return AsyncRun(self, run_ids.check(name))

    @checked
    def experiment(self, name: str) -> AsyncExperiment:
        """The experiment of this name, whether there is one or not.

        Raises:
            BadInput: it is no name of one.
        """
        return AsyncExperiment(self, run_ids.check(name))

    @property
    def models(self) -> AsyncModels:
        """The stack's registered models."""
        return AsyncModels(self)

    @checked
    async def runs(
        self, status: Status | None = None, limit: Annotated[int, Meta(ge=1)] | None = None
    ) -> list[RunRow]:
        """The runs of a status, or all; the newest first, `limit` at most.

        Raises:
            StackTrouble: as `connect`.
        """
        statuses = [status] if status else get_args(Status)
        async with self.connect() as stack:
            return await overview(stack.facts, self.world.now(), statuses, limit)

    async def experiments(self) -> list[ExperimentRow]:
        """All experiments; the newest first.

        Raises:
            StackTrouble: as `connect`.
        """
        return await experiments.overview(self)

    @checked
    async def compare(
        self, runs: Sequence[str | AsyncRun], target: float | None = None
    ) -> "Comparison":
        """Runs, or the runs of these names, compared by configuration.

        Args:
            runs: two or more, of one environment; an experiment's name stands for its runs. A
                repeated one counts once.
            target: mean evaluation return to be reached; None: the runs' own, if it is the same.

        Raises:
            BadInput: there is no such run, or they cannot be compared; the text says why.
            StackTrouble: as `connect`.
        """
        from faastraingym.client import comparing

        names = [run if isinstance(run, str) else getattr(run, "name", "") for run in runs]
        if isinstance(runs, str) or not all(names):
            raise BadInput(f"compare: runs: found {runs!r:.80}; allowed: a list of names or runs")
        async with self.connect() as stack:
            return await comparing.compared(stack, names, target, self.world.now())

    @checked
    async def remove(
        self,
        names: list[str],
        *,
        dry_run: bool = False,
        notice: Callable[[str], None] = lambda _: None,
    ) -> list[Holdings]:
        """Remove runs, and experiments with their runs; none of them if one is refused.

        Args:
            names: of runs and experiments that have ended. Their names are never used again.
            dry_run: remove nothing.
            notice: is told what is waited for.

        Returns:
            What was removed of each, or would be.

        Raises:
            BadInput: there is none of that name, or it goes on; the text says what to do.
            StackTrouble: as `connect`; or the log lets nobody remove facts; or functions still work
                for one.
        """
        async with self.connect() as stack:
            found = [await holdings.held(stack, name) for name in dict.fromkeys(names)]
            for one in () if dry_run else found:
                await removing.remove(stack, one.run_id, notice, runs=one.runs or ())
        return found

    @checked
    async def prepare(
        self, composed: Composed, name: str | None = None, *, up: bool = False
    ) -> Prepared:
        """A validated specification, and the run's name: a given one, or the source's and time.

        Args:
            composed: what a caller named.
            name: of the run.
            up: start the embedded stack if the environment is in its store alone.

        Raises:
            BadInput: it cannot be run; one line for each problem. Or `name` is no run's name.
            StackTrouble: the specification could not be checked.
        """
        from faastraingym.client import beginnings, run_spaces

        if is_experiment(composed.raw):
            raise BadInput(
                f"{composed.origin}: has a table `space`, so it is an experiment's specification; "
                "allowed here: a run's. `faastrain train` and `faastrain start` take either"
            )
        raw, source = environments.taken(composed.raw, composed.folder)
        try:
            raw, dataset = await asyncio.to_thread(beginnings.taken, raw)
        except BadInput as error:
            raise BadInput(f"{composed.origin}: {error}") from error
        composed = composed._replace(raw=raw, source=source or composed.source)
        is_stored = composed.source is None and environments.is_own(raw)
        if up and (is_stored or parents.begins(raw) or evaluated.is_one(raw)):
            await asyncio.to_thread(self.world.ensure_stack)
        raw = await self._resolved(composed.origin, raw)
        composed = composed._replace(raw=raw)
        with as_ours(self.world.environment):
            async with self._packages(composed) as packages:
                checked = await specifications.validate(
                    composed, lambda raw: self.world.validate(raw, packages)
                )
        await self._check_policies(composed.origin, checked)
        if dataset and (problems := beginnings.check(dataset, checked.spec, checked.spaces)):
            raise BadInput("\n".join(f"{composed.origin}: {each}" for each in problems))
        run_spaces.remember(self.world, to_dict(checked.spec), checked.spaces)
        at, salt = self.world.now(), secrets.token_hex(2)
        stem = Path(composed.stem)
        run = run_ids.derive(stem, at, salt) if name is None else run_ids.check(name)
        specifications.check_size(run, checked.spec, composed.origin)
        advice = (*composed.advice, *checked.advice)
        return Prepared(run, checked.spec, advice, composed.source, dataset)

    async def _resolved(self, origin: str, raw: Any) -> Any:
        """The raw specification with the policies that it names at their versions of now."""
        if not (parents.named(raw) or evaluated.named(raw)):
            return raw
        async with self.connect() as stack:
            with specifications.refused(origin):
                raw = await evaluated.resolved(raw, _services(stack))
                return await parents.resolved(raw, Registry(stack.objects, stack.bucket))

    async def _check_policies(self, origin: str, checked: "Checked") -> None:
        spec = checked.spec
        if spec.init_from is UNSET and spec.evaluate is UNSET:
            return
        async with self.connect() as stack:
            with specifications.refused(origin):
                registry = Registry(stack.objects, stack.bucket)
                await parents.check(spec, checked.spaces, registry)
                await evaluated.check(checked, _services(stack))

    @asynccontextmanager
    async def _packages(self, composed: Composed) -> "AsyncIterator[Packages]":
        """The packages that a specification is checked with: the store's, and its own before them.

        Without a stack its own alone; where nothing of one's own is named no stack is asked.
        """
        from faastraingym.adapters.packages.library import NOTHING, Given, Library

        source, known = composed.source, cast("Packages", NOTHING)
        async with AsyncExitStack() as exits:
            if environments.is_own(composed.raw):
                try:
                    known = Library((await exits.enter_async_context(self.connect())).bucket)
                except StackTrouble:
                    if source is None:
                        raise
            yield Given(source.package, known, self.world.now()) if source else known

    @checked
    async def start(self, prepared: Prepared) -> AsyncRun:
        """Publish the request of a run, which then needs no watcher.

        Raises:
            BadInput: the name is taken, or was one of what was removed.
            StackTrouble: as `connect`.
        """
        async with self.connect() as stack:
            await runs.check_free(stack, prepared.name)
            await bringing.bring(stack, prepared, self.world.now())
            request = RunRequested(run=prepared.name, spec=to_dict(prepared.spec))
            if not await stack.facts.publish_once(request):
                raise BadInput(
                    f"there is a run {prepared.name!r} already; choose another name, or leave it "
                    "out"
                )
        return AsyncRun(self, prepared.name)

    @checked
    async def evaluate(
        self,
        policy: "Policy | Run | AsyncRun | str | Path",
        env: str | Path | type | None = None,
        *,
        episodes: Annotated[int, Meta(ge=1)] = EPISODES,
        seed: Annotated[int, Meta(ge=0)] = 0,
        deterministic: bool = True,
        workers: Annotated[int, Meta(ge=1)] | None = None,
        record: Annotated[int, Meta(ge=0)] = 0,
        name: str | None = None,
    ) -> "Evaluation":
        """Play a policy's episodes in many functions at once, as of `Client`."""
        from faastraingym.client import evaluating

        asked = Asked(episodes, workers, not deterministic, record)
        envs = [] if env is None else [env]
        prepared = await evaluating.prepare(self, policy, envs, [seed], asked, name)
        (run,) = await evaluating.begin(self, prepared)
        runs.succeeded(await run.follow(Silent()))
        return await run.evaluation()

    @checked
    async def add(self, package: "Package") -> "PackageRecord":
        """Add a package of environments to the store, where functions find it.

        Raises:
            StackTrouble: as `connect`.
        """
        from faastraingym.adapters.packages.library import Library

        async with self.connect() as stack:
            return await Library(stack.bucket).add(package, self.world.now())


def _services(stack: Connected) -> Services:
    return Services(stack.facts, stack.objects, stack.bucket)
