"""A stack's experiments, for asynchronous callers."""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.algorithms.experiments import space
from faastraingym.algorithms.experiments.specification import parse
from faastraingym.client import bringing, run_ids, runs, specifications
from faastraingym.client.arguments import checked
from faastraingym.client.async_run import AsyncRun
from faastraingym.client.errors import BadInput
from faastraingym.client.following import Following
from faastraingym.client.specifications import Composed
from faastraingym.client.world import Connected
from faastraingym.events.experiments import names
from faastraingym.events.experiments.checking import with_base
from faastraingym.events.experiments.history import Experiment, fold
from faastraingym.events.pipeline import event_backup, subjects
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.ports import Recorded
from faastraingym.events.views import experiments as views
from faastraingym.events.views.experiments import ExperimentReport, ExperimentRow
from faastraingym.events.views.winners import Winner, winner
from faastraingym.schemas import messages as m
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.specification import to_dict

if TYPE_CHECKING:
    from faastraingym.client.async_client import AsyncClient, Prepared
    from faastraingym.client.comparison import Comparison

ENDS = (m.ExperimentCompleted, m.ExperimentFailed)


class PreparedExperiment(NamedTuple):
    """An experiment that can be started; nothing of it is published yet."""

    name: str
    spec: dict[str, Any]  # raw, with the packages of its environment
    trials: int
    base: "Prepared"  # its base run


async def prepare(
    client: "AsyncClient", composed: Composed, name: str | None = None, *, up: bool = False
) -> PreparedExperiment:
    """A validated experiment, and its name; arguments and errors as `AsyncClient.prepare`."""
    with specifications.refused(composed.origin):
        spec = parse(composed.raw)
    try:
        base = await client.prepare(composed._replace(raw=spec.run), up=up)
    except BadInput as error:  # about the base run
        raise specifications.of_base(error, composed.origin) from error
    raw = with_base(composed.raw, to_dict(base.spec))
    room = names.room(spec)
    at, salt = client.world.now(), secrets.token_hex(2)
    chosen = run_ids.derive(Path(composed.stem), at, salt, room) if name is None else name
    if problem := names.problem(run_ids.check(chosen), spec):
        raise BadInput(problem)
    try:
        m.encode(m.ExperimentRequested(run=chosen, spec=raw))
    except MessageError as error:
        raise BadInput(f"{composed.origin}: {error}; shorten the specification") from error
    return PreparedExperiment(chosen, raw, space.trials(spec), base)


async def start(client: "AsyncClient", prepared: PreparedExperiment) -> "AsyncExperiment":
    """Publish the request of an experiment, which then needs no watcher.

    Raises:
        BadInput: its name is taken, or that of one of its runs.
        StackTrouble: as `AsyncClient.connect`.
    """
    name = prepared.name
    async with client.connect() as stack:
        await runs.check_free(stack, name)
        known = await stack.facts.read(subjects.of_topic(m.tag(m.RunRequested)))
        for taken in names.taken(name, [record.fact for record in known]):
            raise BadInput(f"there is a run {taken!r} already; choose another name than {name!r}")
        await bringing.bring(stack, prepared.base, client.world.now())
        if not await stack.facts.publish_once(m.ExperimentRequested(run=name, spec=prepared.spec)):
            raise BadInput(f"there is an experiment {name!r} already; choose another name")
    return AsyncExperiment(client, name)


async def overview(client: "AsyncClient") -> list[ExperimentRow]:
    """All experiments, the newest first; StackTrouble as `AsyncClient.connect`."""
    async with client.connect() as stack:
        return await views.overview(stack.facts, client.world.now())


async def is_one(client: "AsyncClient", name: str) -> bool:
    """Whether there is an experiment of that name; StackTrouble as `AsyncClient.connect`."""
    if not run_ids.is_one(name):
        return False
    async with client.connect() as stack:
        return await runs.is_experiment(stack, name)


def telling(write: Callable[[str], None]) -> Callable[[Recorded], None]:
    """What writes a line for each fact: seconds since the first one, and its words."""
    began: list[float] = []

    def show(record: Recorded) -> None:
        began.append(record.at)
        if words := views.line(record.fact):
            write(f"{record.at - began[0]:8.1f} s  {words}")

    return show


class AsyncExperiment:
    """An experiment, for asynchronous callers. Every method reads the stack anew.

    All of them raise what `history` raises.
    """

    @checked
    def __init__(self, client: "AsyncClient", name: str) -> None:
        self.client = client
        self.name = name

    async def history(self) -> Experiment:
        """All its facts, folded.

        Raises:
            BadInput: there is no such experiment.
            StackTrouble: no stack runs, or it does not answer.
        """
        async with self.client.connect() as stack:
            return await self._history(stack)

    async def report(self) -> ExperimentReport:
        """The experiment as it stands."""
        return self._report(await self.history())

    async def best(self) -> Winner:
        """The trial with the highest score at the last rung, and its runs, as it stands.

        Raises:
            BadInput: no trial has a score yet.
        """
        if found := winner(self.name, await self.history()):
            return found
        raise BadInput(
            f"no trial of {self.name} has a score yet; `faastrain show {self.name}` tells of each"
        )

    async def runs(self) -> list[AsyncRun]:
        """Its runs that were started so far, by trial and seed."""
        async with self.client.connect() as stack:
            await self._history(stack)
            known = await stack.facts.read(subjects.of_topic(m.tag(m.RunRequested)))
        facts = [record.fact for record in known if isinstance(record.fact, m.RunRequested)]
        found = [
            (member.trial, member.seed, fact.run)
            for fact in facts
            if isinstance(member := fact.experiment, m.Membership) and member.name == self.name
        ]
        return [AsyncRun(self.client, run) for _, _, run in sorted(found)]

    @checked
    async def compare(self, target: float | None = None) -> "Comparison":
        """Its runs compared by configuration; target and errors as of `AsyncClient.compare`."""
        await self.history()
        return await self.client.compare([self.name], target)

    @checked
    async def remove(
        self, dry_run: bool = False, notice: Callable[[str], None] = lambda _: None
    ) -> Holdings:
        """Remove it, which has ended, and its runs, with everything that the stack holds of them.

        Args:
            dry_run: remove nothing.
            notice: is told what is waited for.

        Returns:
            What was removed, or would be.

        Raises:
            BadInput: it goes on, or one of its runs.
        """
        (found,) = await self.client.remove([self.name], dry_run=dry_run, notice=notice)
        return found

    async def stop(self) -> Experiment:
        """Ask it and its runs to end with what they have; its history as it was before."""
        async with self.client.connect() as stack:
            found = await self._history(stack)
            if not found.end:
                await stack.facts.publish_once(m.ExperimentStopRequested(run=self.name))
            return found

    @checked
    async def follow(
        self, show: Callable[[Recorded], None], notice: Callable[[str], None]
    ) -> ExperimentReport:
        """Show each of its facts, from the first to its end.

        Raises:
            BadInput: there is no such experiment, or broker and store have lost it.
            StackTrouble: the stack stayed away for two minutes.
        """

        def shown(record: Recorded) -> bool:
            show(record)
            return isinstance(record.fact, ENDS)

        async with self.client.connect() as stack:
            await self._history(stack)
            known = partial(self._is_known, stack)
            following = Following("experiment", self.name, stack.facts, shown, notice, known)
            await following.to_end()
            return self._report(await self._history(stack))

    async def _is_known(self, stack: Connected) -> bool:
        """Whether the log has it, or the store the copies from which `reconcile` restores it."""
        if await runs.is_experiment(stack, self.name):
            return True
        return await event_backup.is_kept(self.name, stack.objects, stack.bucket)

    def _report(self, found: Experiment) -> ExperimentReport:
        return views.report(self.name, found, self.client.world.now())

    async def _history(self, stack: Connected) -> Experiment:
        found = fold(await stack.facts.read(*subjects.of_run(self.name)))
        if found.removed:
            raise BadInput(runs.gone(self.name))
        if found.requested is None:
            raise BadInput(
                f"there is no experiment {self.name!r}; `faastrain experiments` lists all"
            )
        return found
