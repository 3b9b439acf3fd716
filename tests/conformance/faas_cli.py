"""faas-cli itself, with a home of its own, before a recorder of what it says to the gateway."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conformance.programs import program
from tests.conformance.recorder import Recorder, recording
from tests.embedded.contract.exchanges import Exchange, faults
from tests.embedded.contract.table import DOCUMENTS
from tests.stack.facts import PATIENCE
from tests.stack.support import Stack

DEFAULTS = {"PATH": os.environ["PATH"]}


class FaasCli:
    """Commands that somebody types in `folder`."""

    def __init__(self, recorder: Recorder, folder: Path, settings: Mapping[str, str]) -> None:
        self.url, self.folder = recorder.url, folder
        self.exchanges: list[Exchange] = recorder.exchanges
        self._environment = {**DEFAULTS, "OPENFAAS_URL": recorder.url, **settings}

    def run(self, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """A command to its end, however it ends."""
        return subprocess.run(
            [program("faas-cli"), *arguments],
            cwd=self.folder,
            env=self._environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def popen(self, *arguments: str) -> "subprocess.Popen[str]":
        """A command that goes on; its lines can be read."""
        return subprocess.Popen(
            [program("faas-cli"), *arguments],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, given: str = "") -> str:
        """What a command says that must succeed."""
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, f"faas-cli {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, *arguments: str, given: str = "") -> str:
        """What a command says that must fail."""
        done = self.run(*arguments, given=given)
        assert done.returncode != 0, f"faas-cli {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def header(self, name: str, value: str) -> tuple[str, str]:
        """A flag of `invoke`: newer versions write it as HTTP does."""
        newer = "KEY: VALUE" in self("invoke", "--help")
        return "-H", f"{name}: {value}" if newer else f"{name}={value}"

    def told(self) -> list[str]:
        """Method, path and status of each exchange, in order."""
        return [f"{made.method} {made.path} {made.status}" for made in self.exchanges]


@contextmanager
def faas_cli(stack: Stack, folder: Path, home: Path, **settings: str) -> Iterator[FaasCli]:
    """faas-cli, logged in at a stack's gateway, working in `folder`."""
    with recording(stack.up().gateway_url) as recorder:
        cli = FaasCli(recorder, folder, {"HOME": str(home), **settings})
        login(cli, stack.credentials().gateway_password)
        yield cli


def login(cli: FaasCli, password: str) -> str:
    """As its manual says."""
    return cli("login", "--username", "admin", "--password-stdin", given=password)


def described(cli: FaasCli, name: str) -> dict[str, str]:
    """What `describe` says of a function, names in small letters; labels and annotations too."""
    lines = cli("describe", name).replace("Labels:", "").replace("Annotations:", "").splitlines()
    pairs = [line.partition(": ") for line in lines]
    return {name.strip(" :").lower(): " ".join(value.split()) for name, _, value in pairs}


def departures(exchanges: list[Exchange]) -> list[str]:
    """In what exchanges were not as the gateway's OpenAPI document says."""
    return [f"{made}: {why}" for made in exchanges for why in faults(DOCUMENTS["gateway"], made)]
