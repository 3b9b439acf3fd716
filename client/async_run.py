"""One run of a stack, for asynchronous callers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from faastraingym.client import recordings, results, runs
from faastraingym.client.arguments import checked
from faastraingym.client.errors import BadInput, Error, StackTrouble, as_ours
from faastraingym.client.following import Follower, Queued
from faastraingym.client.progress import View
from faastraingym.client.resuming import resumption
from faastraingym.client.servers import disk_trouble
from faastraingym.client.world import Connected
from faastraingym.events.cancelling import ended
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.ports import Recorded
from faastraingym.events.views.report import reported_policy
from faastraingym.loggers.kinds import Kind, Subject
from faastraingym.schemas.messages import RunResumed, StopRequested
from faastraingym.schemas.report import RunReport

if TYPE_CHECKING:
    import gymnasium

    from faastraingym.algorithms.environments.space_info import SpaceInfo
    from faastraingym.client.async_client import AsyncClient
    from faastraingym.client.minari_datasets import Exported
    from faastraingym.client.playing import Evaluation
    from faastraingym.client.policy import Policy


class AsyncRun:
    """A run, for asynchronous callers. Every method reads the stack anew.

    All of them raise what `history` raises.
    """

    @checked
    def __init__(self, client: "AsyncClient", name: str) -> None:
        self.client = client
        self.name = name

    async def history(self) -> History:
        """All facts of the run, folded.

        Raises:
            BadInput: there is no such run; the text names the nearest one.
            BeingRestored: the broker lost it, and the store has it still.
            StackTrouble: no stack runs, or it does not answer.
        """
        async with self.client.connect() as stack:
            return await runs.history(stack, self.name)

    async def report(self) -> RunReport:
        """The run as it stands."""
        async with self.client.connect() as stack:
            return await self._report(stack, await runs.history(stack, self.name))

    @checked
    async def follow(self, view: View) -> RunReport:
        """Show the run in `view`, from its first fact to the end of its newest segment.

        Raises:
            StackTrouble: the stack stayed away for two minutes.
        """
        async with self.client.connect() as stack:
            segment = (await runs.awaited(stack, self.name, view.notice)).segment
            known = partial(runs.is_known, stack, self.name)
            trouble = partial(disk_trouble, self.client.world.environment)
            follower = Follower(
                self.name, stack.facts, view, self._replicas, known, segment, trouble=trouble
            )
            await follower.to_end()
            return await self._report(stack, await runs.history(stack, self.name))

    @checked
    async def events(
        self, follow: bool = False, notice: Callable[[str], None] = lambda _: None
    ) -> AsyncGenerator[Recorded, None]:
        """The run's facts in the log's order; with `follow` those to come, too, up to its end.

        `notice` is told of what lies beside the facts, such as a stack that is away.
        """
        if not follow:
            async with self.client.connect() as stack:
                found = await runs.records(stack, self.name)
            for record in found:
                yield record
            return
        queued = Queued(notice)
        following = asyncio.create_task(self.follow(queued))
        following.add_done_callback(lambda _: queued.end())
        try:
            async for record in queued:
                yield record
            await following
        finally:
            await ended(following)

    async def log(self, **loggers: str | Path) -> dict[str, int]:
        """Write to loggers what they lack of the run's numbers; how many those were.

        Raises:
            BadInput: there is no such logger.
            StackTrouble: a logger cannot write, or is not installed; the text says what to do.
        """
        chosen = recordings.wanted(loggers)
        records = [record async for record in self.events()]
        subject = self._subject(fold(records))
        troubles: list[str] = []

        def tell(trouble: str, kind: Kind) -> None:
            troubles.append(f"{trouble}; the same call writes what is missing")

        with as_ours(self.client.world.environment):
            count = await asyncio.to_thread(recordings.written, chosen, subject, records, tell)
        if troubles:
            raise StackTrouble("\n".join(troubles))
        return count

    async def subject(self) -> Subject:
        """What loggers are told of the run."""
        return self._subject(await self.history())

    async def stop(self) -> History:
        """Ask the run to end with the policy that it has; its history as it was before."""
        async with self.client.connect() as stack:
            history = await runs.history(stack, self.name)
            if not history.end:
                request = StopRequested(run=self.name, segment=history.segment)
                await stack.facts.publish_once(request)
            return history

    @checked
    async def resume(
        self, budget: Annotated[int, Meta(ge=1)] | None = None, target: float | None = None
    ) -> RunResumed:
        """Let a run that has ended go on where it stopped, bit for bit; it needs no watcher.

        Args:
            budget: environment steps in all; None: as before.
            target: mean evaluation return; None: as before.

        Raises:
            BadInput: the run goes on, never started, would end again at once, or needs a package
                or a dataset that was removed.
        """
        from faastraingym.client import beginnings

        async with self.client.connect() as stack:
            history = await runs.history(stack, self.name)
            resumed = resumption(self.name, history, budget, target)
            await self._check_packages(stack, history)
            await beginnings.again(stack, history.requested.spec if history.requested else {})
            if not await stack.facts.publish_once(resumed):
                raise BadInput(
                    f"another command resumed run {self.name} at the same moment; try again"
                )
        return resumed

    async def _check_packages(self, stack: Connected, history: History) -> None:
        """Replicas that have a removed package unpacked would go on with it, others would not."""
        from faastraingym.client import run_packages

        spec = history.requested.spec if history.requested else {}
        for package in await run_packages.of_spec(stack, spec):
            if not package.name:
                raise BadInput(
                    f"run {self.name} needs the package {package.sha256}, which was removed; "
                    "`faastrain env add` the same files again"
                )

    @checked
    async def remove(
        self, dry_run: bool = False, notice: Callable[[str], None] = lambda _: None
    ) -> Holdings:
        """Remove the run, which has ended, with everything that the stack holds of it.

        Args:
            dry_run: remove nothing.
            notice: is told what is waited for.

        Returns:
            What was removed, or would be.

        Raises:
            BadInput: the run goes on.
        """
        (found,) = await self.client.remove([self.name], dry_run=dry_run, notice=notice)
        return found

    async def policy(self) -> "Policy":
        """The policy that the report names, or the newest one, ready to act.

        Raises:
            BadInput: there is none yet.
        """
        from faastraingym.client.policy import Policy
        from faastraingym.schemas import payloads

        async with self.client.connect() as stack:
            history = await runs.history(stack, self.name)
            ref = reported_policy(history)
            if ref is None:
                raise BadInput(f"run {self.name} has no policy yet; `faastrain follow {self.name}`")
            report = await self._report(stack, history)
            stored = await stack.objects.get(ref.policy)
            payload = payloads.load(stored, payloads.Policy)
            spaces = await self._spaces(stack, history, report)
        return Policy(payload, report, spaces)

    async def evaluation(self) -> "Evaluation":
        """The episodes of the reported policy's evaluation, or of the newest one.

        Raises:
            BadInput: no evaluation has ended yet.
        """
        async with self.client.connect() as stack:
            history = await runs.history(stack, self.name)
            return await results.evaluation(stack.objects, self.name, history)

    async def films(self) -> dict[str, bytes]:
        """The recorded episodes of its evaluations, by the name of their file.

        None where `evaluation.record` asks for none, or the environment does not draw.
        """
        async with self.client.connect() as stack:
            report = await self._report(stack, await runs.history(stack, self.name))
            return await results.films(stack.objects, report)

    @checked
    async def environment(self, render_mode: str | None = None) -> "gymnasium.Env[Any, Any]":
        """The environment that the run was trained in, built in this process, as of `Run`."""
        from faastraingym.client import training_environment

        report = await self.report()
        return await training_environment.made(self.client, report, render_mode)

    @checked
    async def files(self, segment: Annotated[int, Meta(ge=0)] | None = None) -> dict[str, bytes]:
        """The results of the newest or another segment as files, by name (client/results.py).

        Raises:
            BadInput: the segment has not ended, or there is none of that number.
        """
        async with self.client.connect() as stack:
            history = await runs.history(stack, self.name)
            found = await results.stored(stack.objects, self.name, history, segment)
            has_policy = found.policy is not None
            spaces = await self._spaces(stack, history, found.report) if has_policy else None
        return results.files(found, spaces)

    @checked
    async def export_minari(
        self,
        name: str,
        first: Annotated[int, Meta(ge=0)] | None = None,
        last: Annotated[int, Meta(ge=0)] | None = None,
    ) -> "Exported":
        """Write the run's trajectories as a dataset of Minari, as of `Run`."""
        from faastraingym.client import exporting, minari_datasets, training_environment

        minari_datasets.unused(name)
        async with self.client.connect() as stack:
            history = await runs.history(stack, self.name)
            report = await self._report(stack, history)
            with closing(await training_environment.made(self.client, report, None)) as environment:
                return await exporting.export(
                    stack, history, report, environment, name, first, last
                )

    def _subject(self, history: History) -> Subject:
        requested = history.requested
        return Subject(self.name, requested.spec if requested else {})

    async def _report(self, stack: Connected, history: History) -> RunReport:
        return await runs.report(stack, self.name, history, self.client.world.now())

    async def _spaces(
        self, stack: Connected, history: History, report: RunReport
    ) -> "SpaceInfo | None":
        """Of the run's environment; None where this machine cannot build it."""
        from faastraingym.client import run_spaces

        return await run_spaces.of_run(self.client.world, stack, history, report.spec)

    async def _replicas(self) -> Mapping[str, int] | None:
        """Available replicas by function; None when the gateway does not answer."""
        try:
            functions = await asyncio.to_thread(lambda: self.client.world.gateway().functions())
        except Error:
            return None
        return {function.name: function.available_replicas or 0 for function in functions}
