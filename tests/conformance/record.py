"""What a faas-cli asks, as facts: each command, the requests that it makes, and what came.

    python -m tests.conformance.record VERSION > tests/embedded/contract/faas_cli_VERSION.json

runs the faas-cli that is found, whose version that must be, before a gateway of ours. The file is
replayed by tests/embedded/contract/test_recorded.py: so we are held to a version wherever we are.
"""

import asyncio
import json
import sys
import tempfile
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.checkout import CHECKOUT
from tests.conformance.faas_cli import FaasCli, login
from tests.conformance.recorder import recording
from tests.embedded.contract.exchanges import Exchange
from tests.embedded.gateway_process import gateway_process, prepare
from tests.embedded.support import FUNCTIONS, PASSWORD
from tests.servers import NatsServer

STACK = str(FUNCTIONS / "stack.yml")
ECHO = ("--image", "example/echo:1")
# Command, and what it reads from stdin. In this order: what is deployed by one is asked by others.
COMMANDS: list[tuple[tuple[str, ...], str]] = [
    (("version", "--warn-update=false"), ""),
    (("namespaces",), ""),
    (("ready", "--attempts", "1"), ""),
    (("secret", "create", "told", "--from-literal", "one"), ""),
    (("secret", "update", "told", "--from-literal", "two"), ""),
    (("secret", "list"), ""),
    (("deploy", "--name", "seen", *ECHO, "--secret", "told", "--label", "a=b"), ""),
    (("deploy", "--name", "seen", *ECHO, "--annotation", "topic=x y", "--env", "c=d"), ""),
    (("deploy", "--name", "lost", "--image", "example/lost:1"), ""),
    (("deploy", "--name", "far", *ECHO, "--namespace", "other"), ""),
    (("deploy", "--name", "near", *ECHO, "--namespace", "openfaas-fn"), ""),
    (("deploy", "-f", STACK, "--filter", "echo"), ""),
    (("ready", "seen", "--attempts", "100", "--interval", "100ms"), ""),
    (("list",), ""),
    (("list", "--verbose"), ""),
    (("list", "--namespace", "other"), ""),
    (("describe", "seen"), ""),
    (("describe", "absent"), ""),
    (("invoke", "seen"), "hello"),
    (("invoke", "seen", "-H", "X-Mark: a", "--query", "q=r&s", "--content-type", "a/b"), "hello"),
    (("invoke", "seen", "-m", "GET"), ""),
    (("invoke", "seen", "-n", "openfaas-fn", "-m", "PUT"), "hello"),
    (("invoke", "seen", "--async", "-H", "X-Call-Id: later"), "hello"),
    (("invoke", "absent"), "hello"),
    (("invoke", "absent", "--async"), "hello"),
    (("logs", "seen", "--tail=false", "--since", "10m", "--lines", "5"), ""),
    (("logs", "seen", "--tail=false", "--since-time", "2026-01-02T03:04:05Z", "--instance"), ""),
    (("logs", "absent", "--tail=false"), ""),
    (("remove", "seen"), ""),
    (("remove", "absent"), ""),
    (("secret", "remove", "told"), ""),
    (("secret", "remove", "told"), ""),
]
LEFT_OUT = {"host", "authorization", "content-length", "accept-encoding"}


def recorded(version: str) -> dict[str, Any]:
    """All commands, with what each asked."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        nats = NatsServer(Path(folder))
        stack.callback(nats.kill)
        nats.start()
        asyncio.run(prepare(nats))
        gateway = stack.enter_context(gateway_process(nats))
        recorder = stack.enter_context(recording(gateway.url))
        (Path(folder) / "template").symlink_to(CHECKOUT / "template")
        cli = FaasCli(recorder, Path(folder), {"HOME": folder})
        assert version in cli("version", "--short-version")
        login(cli, PASSWORD)
        commands = []
        for command, given in COMMANDS:
            recorder.exchanges.clear()
            done = cli.run(*command, given=given)
            typed = " ".join(command).replace(str(FUNCTIONS), ".")
            asked = [_fact(made) for made in recorder.exchanges]
            asked = [one for one, _ in groupby(asked)]  # however often it had to ask
            commands.append({"command": typed, "exit": done.returncode, "requests": asked})
    return {"faas-cli": version, "commands": commands}


def _fact(made: Exchange) -> dict[str, Any]:
    headers = {k: v for k, v in made.asked.items() if k.lower() not in LEFT_OUT}
    return {
        "method": made.method,
        "path": made.path,
        "headers": headers,
        "login": "Authorization" in made.asked,
        "body": made.sent.decode(),
        "status": made.status,
    }


if __name__ == "__main__":
    print(json.dumps(recorded(sys.argv[1]), indent=1))
