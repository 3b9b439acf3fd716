"""A whole stack of real servers, as its users and its operators reach it."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, Self

import psutil

from faastraingym.adapters.settings import Login
from faastraingym.client import target, world
from faastraingym.client.world import Connected
from faastraingym.embedded import credentials, processes, stack
from faastraingym.embedded.credentials import Credentials
from faastraingym.embedded.state import StackState
from faastraingym.events.topology.roles import SUPERVISOR
from tests.checkout import CHECKOUT
from tests.stack.facts import PATIENCE


class Stack:
    """One home, and the `faastrain` command for it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FTG_", "FAASTRAIN"))}
        self.environment = {
            **inherited,
            "FAASTRAIN_HOME": str(home),
            "PYTHONPATH": str(CHECKOUT),
            "FTG_ENVIRONMENTS": "tests.stack.environments",
            **settings,
        }

    def up(self) -> StackState:
        """Start it, or find it."""
        return stack.up(self.home, self.environment)

    def down(self) -> None:
        """Stop it."""
        stack.down(self.home)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Up meanwhile; stopped at the end, though it did not start whole."""
        try:
            self.up()
            yield self
        finally:
            self.down()

    def popen(self, *arguments: str) -> "subprocess.Popen[str]":
        """Begin a `faastrain` command."""
        return subprocess.Popen(
            [sys.executable, "-m", "faastraingym.cli.main", *arguments],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cli(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A `faastrain` command, to its end."""
        process = self.popen(*arguments)
        try:
            said, complained = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, said, complained)

    def json(self, *arguments: str) -> Any:
        """What a command says with `--json`."""
        done = self.cli(*arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def file(self, spec: dict[str, Any]) -> str:
        """A specification file."""
        path = self.home / "spec.json"
        path.write_text(json.dumps(spec))
        return str(path)

    def start(self, run: str, spec: dict[str, Any]) -> None:
        """Start a run with nobody watching."""
        done = self.cli("start", self.file(spec), "--run", run)
        assert done.returncode == 0, done.stderr

    def connect(self) -> AbstractAsyncContextManager[Connected]:
        """The fact log and the object store."""
        return world.real(self.environment).connect()

    def replicas(self, function: str) -> list[int]:
        """The processes of a function's replicas."""
        return [process.pid for process in self.all_replicas().get(function, [])]

    def all_replicas(self) -> dict[str, list[psutil.Process]]:
        """The processes of all replicas, by function."""
        found: dict[str, list[psutil.Process]] = {}
        for process in processes.of_stack(self.home):
            try:
                environment = process.environ()
            except psutil.NoSuchProcess:
                continue
            if "FTG_REPLICA" in environment:
                found.setdefault(environment["FTG_FUNCTION"], []).append(process)
        return found

    def kill_replicas(self, function: str) -> None:
        """kill -9 a function's replicas until there are none; some may end by themselves."""
        while found := self.all_replicas().get(function):
            for process in found:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(found)

    def kill(self, victim: str) -> None:
        """kill -9: a server by its name, or one replica of a function."""
        state = self.up()
        servers = {name: child.pid for name, child in state.children.items()}
        servers["supervisor"] = state.pid
        process = psutil.Process(servers.get(victim) or self.replicas(victim)[0])
        process.kill()
        psutil.wait_procs([process], timeout=PATIENCE)

    def post(self, path: str, body: bytes, **headers: str) -> int:
        """Post to the gateway; the status of its answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(  # noqa: S310  our own gateway
            f"{self.up().gateway_url}{path}", data=body, headers=named
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def s3(self) -> Any:
        """A client of the store that knows nothing of references, with its owner's login."""
        from minio import Minio

        host = target.find(self.environment).s3.url.removeprefix("http://")
        owner = self.credentials().s3[SUPERVISOR]
        return Minio(host, access_key=owner.user, secret_key=owner.password, secure=False)

    def nats(self, role: str = SUPERVISOR) -> tuple[str, Login, str, str]:
        """How to connect to the broker; as the streams' owner, unless another role is named."""
        found = target.find(self.environment)
        return found.nats.url, self.credentials().nats[role], role, found.nats_api

    def credentials(self) -> Credentials:
        """Everything that must stay secret."""
        return credentials.of_home(self.home / "credentials.json")


def stack_file_of(folder: Path, changed: Callable[[str], str]) -> Path:
    """Our stack.yml as it is `changed`, in `folder`, with functions/ beside it."""
    functions = folder / "functions"
    functions.mkdir(parents=True)
    for path in (CHECKOUT / "functions").iterdir():
        if path.name != "__pycache__":
            (functions / path.name).symlink_to(path)
    file = folder / "stack.yml"
    file.write_text(changed((CHECKOUT / "stack.yml").read_text()))
    return file


def with_timeout(stack: str, seconds: int) -> str:
    """stack.yml, whose rollouts may take so long."""
    ours = "FTG_FUNCTION: rollout"
    assert ours in stack
    return stack.replace(ours, f"{ours}, exec_timeout: {seconds}s")


class Gate:
    """What HeldCartPole waits for; closed at first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.close()

    def open(self) -> None:
        """Let the environments go on."""
        self.path.unlink()

    def close(self) -> None:
        """Let them stand still."""
        self.path.touch()
