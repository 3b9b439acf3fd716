"""The supervisor: starts a stack's processes, keeps them alive, stops them in reverse order.

`faastrain up` detaches it, or runs it in the foreground. Its processes die with it.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from faastraingym.embedded import credentials, deployments, open_files
from faastraingym.embedded.child import Child, ChildSpec, log_line
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import private_folder, refusal
from faastraingym.embedded.plan import Plan, plan
from faastraingym.embedded.processes import TRUSTED
from faastraingym.embedded.servers import ports, weed_ports
from faastraingym.embedded.settings import StackSettings, read
from faastraingym.embedded.state import READY_FD, StackFiles, StackState
from faastraingym.events.topology.roles import ROLES

Provision = Callable[[Any], Awaitable[None]]  # given the module that is named by:
PROVISIONING = "faastraingym.embedded.provisioning"  # imported while the servers start
HOME_SECONDS = 1.0  # between two looks


class Supervisor:
    """One stack."""

    def __init__(self, settings: StackSettings) -> None:
        self._settings = settings
        self._files = StackFiles(settings.home)
        self._children: list[Child] = []
        self._state: StackState | None = None
        self._ports: dict[str, int] = {}

    async def run(self, on_ready: Callable[[StackState], None]) -> None:
        """Start everything, call `on_ready`, stay until SIGTERM, SIGINT or SIGHUP.

        Raises StackError: something does not start; all that did is stopped again.
        """
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with self._files.living() as is_there:
            start = asyncio.create_task(self._start())
            ends = [asyncio.create_task(stop.wait()), asyncio.create_task(_removal(is_there))]
            try:
                await asyncio.wait([start, *ends], return_when=asyncio.FIRST_COMPLETED)
                if start.done():
                    on_ready(start.result())
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                else:
                    start.cancel()
                    await asyncio.wait([start])
            finally:
                await self._stop(is_there)
            if not is_there():
                raise StackError(
                    f"{self._settings.home} was removed or moved, so its stack has ended; "
                    "`faastrain up` starts a new one."
                )

    async def _start(self) -> StackState:
        home = private_folder(self._settings.home)
        made = plan(self._settings, _credentials(home / "credentials.json", self._settings))
        self._ports = ports.of_home(home)
        try:
            async with asyncio.TaskGroup() as group:
                for spec, provision in self._servers(made):
                    group.create_task(self._begin(spec, provision))
        except* StackError as errors:
            raise StackError(str(errors.exceptions[0])) from errors
        await self._child(made.worker)
        await self._child(made.exporter)
        self._state = made.state
        self._save()
        return self._state

    def _servers(self, made: Plan) -> list[tuple[ChildSpec | None, Provision]]:
        at, settings = made.servers, self._settings
        return [
            (made.nats, lambda provisioning: provisioning.streams(at, settings.environment)),
            (made.weed, lambda provisioning: provisioning.bucket(at, made.weed, self._ports)),
            (made.gateway, lambda provisioning: provisioning.functions(at, settings)),
        ]

    async def _begin(self, spec: ChildSpec | None, provision: Provision) -> None:
        await self._child(spec)
        await provision(await asyncio.to_thread(importlib.import_module, PROVISIONING))

    async def _child(self, spec: ChildSpec | None) -> None:
        if spec is None:
            return
        child = Child(spec, self._save)
        self._children.append(child)
        await child.start()

    def _save(self) -> None:
        if self._state is not None:
            self._state.children = {c.spec.name: c.state for c in self._children}
            try:
                self._files.save(self._state)
            except OSError as error:  # the disk is full; the next change writes the state again
                log_line(f"{self._files.state}: {error}")

    async def _stop(self, is_there: Callable[[], bool]) -> None:
        """Stop the clients first, then the gateway with its replicas, then the servers."""
        self._state = None
        if is_there():  # another stack's files may lie there
            self._files.state.unlink(missing_ok=True)  # no client shall find a stack that stops
        order = {"queue-worker": 0, "exporter": 0, "gateway": 1}
        for rank in (0, 1, 2):
            leaving = [c for c in self._children if order.get(c.spec.name, 2) == rank]
            await asyncio.gather(*(child.stop() for child in leaving))
        weed_ports.remove_sockets(self._ports)


async def _removal(is_there: Callable[[], bool]) -> None:
    while is_there():  # noqa: ASYNC110  a folder that is moved sends no event to who is in it
        await asyncio.sleep(HOME_SECONDS)


def supervise(settings: StackSettings, on_ready: Callable[[StackState], None]) -> None:
    """Run a supervisor in this process until it is told to stop; raises StackError."""
    open_files.use_all()
    if settings.tls:
        os.environ[TRUSTED] = str(settings.tls.authority)  # we are a client of our servers too
    try:
        asyncio.run(Supervisor(settings).run(on_ready))
    except OSError as error:
        raise StackError(refusal(error, settings.home)) from error


def main() -> None:
    """The detached process: home by FAASTRAIN_HOME, readiness to the inherited pipe."""
    pipe = os.fdopen(int(os.environ.pop(READY_FD)), "w")

    def tell(message: dict[str, str]) -> None:
        with pipe:
            json.dump(message, pipe)

    try:
        settings = read(Path(os.environ["FAASTRAIN_HOME"]), os.environ)
        supervise(settings, lambda _: tell({"ready": "yes"}))
    except StackError as error:
        if not pipe.closed:
            tell({"error": str(error)})
        sys.exit(f"supervisor: {error}")


def _credentials(file: Path, settings: StackSettings) -> credentials.Credentials:
    """Credentials of our roles, and of the functions of the stack.yml."""
    deployed = deployments.of_stack(settings.stack_file, deployments.substitutions(settings))
    names = dict.fromkeys([*ROLES, *(function.service for function in deployed)])
    made = credentials.of_home(file, names)
    return credentials.with_external(made, settings.nats, settings.s3)


if __name__ == "__main__":
    main()
