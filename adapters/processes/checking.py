"""Whether a specification can be run: its environment is built, reset and stepped, apart.

That is foreign code, so each check is a process with bounds on time and memory, forked by one that
has imported Gymnasium (check_server.py): no hang, crash or output affects another check.
"""

import asyncio
import contextlib
import functools
import json
import os
import re
import socket
import sys
import sysconfig
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from faastraingym import PACKAGE
from faastraingym.adapters import settings
from faastraingym.adapters.errors import SettingsError, Unavailable
from faastraingym.adapters.packages import choosing
from faastraingym.adapters.packages.folders import folders
from faastraingym.adapters.packages.library import NOTHING, Packages
from faastraingym.algorithms.environments.foreign import file_of
from faastraingym.algorithms.registry import parse
from faastraingym.events.delivery.exits import DIED, KILLED, ending
from faastraingym.schemas.errors import PackageError, SpecificationError
from faastraingym.schemas.specification import RunSpec, to_dict

SERVER = "faastraingym.adapters.processes.check_server"
SECONDS = 30.0  # that an environment has to be imported, built, reset and stepped
AT_ONCE = 16  # checks; others wait
FUNCTION_MB = 512  # start-run's limit in stack.yml; used if none is set
OURS_MB = 128  # of it, for start-run itself
GONE_SECONDS = 1.0  # until a killed process is known to be gone
STARTING = 300.0  # seconds until the one that forks has imported Gymnasium, on a busy machine
PATIENCE = 60.0  # seconds beyond a check's own, on a busy machine
REMEMBERED = 64
MAX_LINE = 1 << 20
PLACE = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
GUARD = (  # of what runs when a file is imported
    "; functions import the file, so what it runs itself, as `train`, belongs below "
    '`if __name__ == "__main__":`'
)
WHILE = "while it was built, reset and stepped"


class Bounds(NamedTuple):
    """The limits of one check."""

    memory_mb: int
    seconds: float = SECONDS


def bounds_of(environment: Mapping[str, str]) -> Bounds:
    """By the memory limit of the function that checks; SettingsError: it is no quantity."""
    limit = settings.memory_mb(environment) or FUNCTION_MB
    return Bounds(memory_mb=max(OURS_MB, limit - OURS_MB))


class Checked(NamedTuple):
    """A specification that can be run."""

    spec: RunSpec  # completed
    advice: Sequence[str] = ()  # warnings about it
    spaces: Sequence[Any] | None = None  # of its environment: the values of a SpaceInfo


class Checker:
    """Checks specifications against their environments, by `bounds` or those of the `environment`.

    These variables are read at its start: FTG_ENVIRONMENTS, PYTHONPATH, by which its modules
    are found, FTG_MEMORY_LIMIT, and the memory of other functions.
    """

    def __init__(
        self, environment: Mapping[str, str] = os.environ, bounds: Bounds | None = None
    ) -> None:
        self._environment = environment
        self._given = bounds
        self._free = asyncio.Semaphore(AT_ONCE)
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._sound: OrderedDict[bytes, Checked] = OrderedDict()  # specifications, encoded

    @functools.cached_property
    def _bounds(self) -> Bounds:
        return self._given or bounds_of(self._environment)

    async def choose(self, raw: object, packages: Packages = NOTHING) -> Checked:
        """As `check`, with the packages that the environment's id stands for, if it names none."""
        spec = parse(raw)
        if choosing.is_packaged(spec.environment):
            spec = choosing.pinned(spec, await packages.records())
        return await self._check(spec, packages)

    async def check(self, raw: object, packages: Packages = NOTHING) -> Checked:
        """The completed specification, once it has passed; those that passed are cached.

        The packages of its environment are named by their digests, and fetched from `packages`.

        SpecificationError: it cannot be run. SettingsError: a module of FTG_ENVIRONMENTS cannot be
        imported. Unavailable: the check itself was killed.
        """
        spec = parse(raw)
        if spec.environment.package_digests:
            choosing.check_added(spec.environment.package_digests, await packages.records())
        return await self._check(spec, packages)

    async def _check(self, spec: RunSpec, packages: Packages) -> Checked:
        """Once it is sure that its packages were added."""
        asked, digests = msgspec.json.encode(to_dict(spec)), spec.environment.package_digests
        if asked in self._sound:
            return self._sound[asked]
        try:
            places = await folders(digests, packages)
        except PackageError as error:
            raise SpecificationError([f"spec.environment.packages: {error}"]) from error
        line = msgspec.json.encode({"spec": to_dict(spec), "folders": list(map(str, places))})
        async with self._free:
            answer = await self._ask(line)
        if "settings" in answer:
            raise SettingsError(answer["settings"])
        if "problems" not in answer:
            raise SpecificationError([unanswered(spec, answer, self._bounds)])
        if answer["problems"]:
            raise SpecificationError(answer["problems"])
        checked = self._sound[asked] = Checked(
            parse(answer["spec"]), answer["advice"], answer["spaces"]
        )
        while len(self._sound) > REMEMBERED:
            self._sound.popitem(last=False)
        return checked

    async def start(self) -> None:
        """Start the process that forks, unless it runs; SettingsError: a variable is ill-formed."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            command = [sys.executable, "-P", "-m", SERVER, self._arguments()]
            await self.close()
            self._control, theirs = socket.socketpair()
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *command,
                    env=self._variables(),
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    start_new_session=True,  # a terminal's Ctrl-C is ours
                )

    async def close(self) -> None:
        """End it, and with it all checks."""
        if self._control is not None:
            self._control.close()
        await self._gone()
        self._control = self._process = None

    async def _ask(self, asked: bytes) -> dict[str, Any]:
        """The verdict; without one, how the checking process ended."""
        for _ in range(2):  # the one that forks may have been killed
            await self.start()
            try:
                if answer := await self._asked(asked):
                    return answer
            except TimeoutError as error:
                raise Unavailable(
                    "the process that checks environments does not answer, as on a machine that "
                    "is very busy; try again"
                ) from error
            with contextlib.suppress(TimeoutError):  # it lives, or is about to be gone
                await asyncio.wait_for(self._gone(), GONE_SECONDS)
        raise Unavailable("the process that checks environments was killed; try again")

    async def _asked(self, asked: bytes) -> dict[str, Any]:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"c"], [theirs.fileno()])  # type: ignore[arg-type]
            except OSError:
                ours.close()
                return {}
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=MAX_LINE)
        with contextlib.closing(writer):
            writer.write(asked + b"\n")
            answer: dict[str, Any] = {}
            async with asyncio.timeout(STARTING) as bound:
                with contextlib.suppress(OSError, ValueError):  # it may answer anything, or nothing
                    await reader.readline()  # which is empty: the check's own time begins
                    bound.reschedule(self._later())
                    async for line in reader:
                        answer |= json.loads(line) if line.strip() else {}
                        if "code" in answer:
                            return answer
        return {}

    def _later(self) -> float:
        """When a check that begins now must have ended, by the loop's clock."""
        return asyncio.get_running_loop().time() + self._bounds.seconds + PATIENCE

    async def _gone(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def _arguments(self) -> str:
        bounds = {
            "modules": settings.environment_modules(self._environment),
            "limits": settings.function_limits(self._environment),
            **self._bounds._asdict(),
        }
        return json.dumps(bounds)

    def _variables(self) -> dict[str, str]:
        """As a replica's: its modules are found where a replica's are."""
        paths = self._environment.get("PYTHONPATH", "")
        return {
            **self._environment,
            "PYTHONPATH": os.pathsep.join(filter(None, (paths, str(PACKAGE.parent)))),
            "PYTHONUNBUFFERED": "1",
            "OPENBLAS_NUM_THREADS": "1",  # it forks, so it has one thread
        }


def unanswered(spec: RunSpec, answer: dict[str, Any], bounds: Bounds) -> str:
    """The problem of a check that gave no verdict."""
    env_id, tail = spec.environment.id, str(answer.get("tail", ""))
    if answer.get("late"):
        return (
            f"spec.environment.id: {env_id} was not built, reset and stepped within "
            f"{bounds.seconds:g} s{place(tail)}"
        )
    how = ending(int(answer["code"]))
    memory = f", or wanted more than {bounds.memory_mb} MB" if KILLED in how else ""
    last = [line.strip() for line in tail.splitlines() if line.strip()][-1:]
    wrote = f"; the last that it wrote: {last[0]:.200}" if last else ""
    return f"spec.environment.id: {env_id} {DIED} ({how}{memory}) {WHILE}{wrote}"


def place(dump: str) -> str:
    """Where a stack that faulthandler wrote stands in code of neither ours nor a library's."""
    library = sysconfig.get_paths()["stdlib"]
    for file, line, function in PLACE.findall(dump.rpartition("Timeout (")[2]):
        path = Path(file)
        standard = file.startswith(library) and "site-packages" not in path.parts
        known = {"gymnasium", "numpy"} & set(path.parts) or path.is_relative_to(PACKAGE)
        if not (standard or known):
            stood = f": it stood in {function} ({file_of(file)}, line {line})"
            return stood + (GUARD if function == "<module>" else "")
    return ""
