"""A stack's runs, for asynchronous callers."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, get_args

from faastraingym.client import run_ids, specifications
from faastraingym.client.async_run import AsyncRun
from faastraingym.client.errors import BadInput, as_ours
from faastraingym.client.specifications import Composed
from faastraingym.client.world import Connected, World
from faastraingym.events.views.runs import RunRow, overview
from faastraingym.schemas.messages import RunRequested
from faastraingym.schemas.report import Status
from faastraingym.schemas.specification import RunSpec, to_dict


class Prepared(NamedTuple):
    """A run that can be started; nothing of it is published yet."""

    name: str
    spec: RunSpec  # completed
    advice: tuple[str, ...] = ()


class AsyncClient:
    """A stack. Each call connects for itself, so nothing is left to close."""

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

    def run(self, name: str) -> AsyncRun:
        """The run of this name, whether there is one or not.

        Raises:
            BadInput: it is no run's name.
        """
        return AsyncRun(self, run_ids.check(name))

    async def runs(self, status: Status | None = None, limit: int | None = None) -> list[RunRow]:
        """The runs of a status, or all; the newest first, `limit` at most.

        Raises:
            StackTrouble: as `connect`.
        """
        statuses = [status] if status else get_args(Status)
        async with self.connect() as stack:
            return await overview(stack.facts, self.world.now(), statuses, limit)

    async def prepare(self, composed: Composed, name: str | None = None) -> Prepared:
        """A validated specification, and the run's name: a given one, or the source's and time.

        Raises:
            BadInput: it cannot be run; one line for each problem. Or `name` is no run's name.
            StackTrouble: the specification could not be checked.
        """
        with as_ours(self.world.environment):
            checked = await specifications.validate(composed, self.world.validate)
        at, salt = self.world.now(), secrets.token_hex(2)
        run = run_ids.check(name) if name else run_ids.derive(Path(composed.stem), at, salt)
        specifications.check_size(run, checked.spec, composed.origin)
        return Prepared(run, checked.spec, tuple(checked.advice))

    async def start(self, prepared: Prepared) -> AsyncRun:
        """Publish the request of a run, which then needs no watcher.

        Raises:
            BadInput: there is a run of that name already.
            StackTrouble: as `connect`.
        """
        async with self.connect() as stack:
            request = RunRequested(run=prepared.name, spec=to_dict(prepared.spec))
            if not await stack.facts.publish_once(request):
                raise BadInput(
                    f"there is a run {prepared.name!r} already; choose another name, or leave it "
                    "out"
                )
        return AsyncRun(self, prepared.name)
