"""What docker-compose.yml starts, started here: its gateway, and `provision`, on real servers."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.settings import Login
from faastraingym.client.streams import JetStreamStreams
from faastraingym.events.topology.streams import STREAMS
from tests.embedded.gateway_process import GatewayProcess
from tests.embedded.support import FUNCTIONS, PASSWORD
from tests.servers import LOGIN, Server, WeedServer, binary, free_ports
from tests.test_compose import COMPOSE, env, services

__all__ = ["env"]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?+])([^}]*))?\}")


class ComposeNats(Server):
    """nats-server with compose's own configuration, at another place."""

    def __init__(self, directory: Path, **passwords: str) -> None:
        port, monitor = free_ports(2)
        self.url = f"nats://127.0.0.1:{port}"
        text = (COMPOSE / "nats.conf").read_text()
        for there, here in (
            ("0.0.0.0:4222", f"127.0.0.1:{port}"),
            ("127.0.0.1:8222", f"127.0.0.1:{monitor}"),
            ('"/data"', f'"{directory}"'),
        ):
            assert there in text
            text = text.replace(there, here)
        (directory / "nats.conf").write_text(text)
        command = [binary("nats-server"), "-c", str(directory / "nats.conf")]
        super().__init__(command, "is ready", directory, **passwords)


class Compose(NamedTuple):
    """Variables of .env, and what is not here where it is in a container."""

    env: dict[str, str]
    moved: dict[str, str]
    url: str  # of the broker

    def environment(self, service: str) -> dict[str, str]:
        """What docker-compose.yml tells a service."""

        def value(found: "re.Match[str]") -> str:
            name, how, other = found.groups()
            told = self.env.get(name, "")
            return (other if told else "") if how == "+" else told or (other if how == "-" else "")

        written = services()[service]["environment"]
        resolved = {name: VARIABLE.sub(value, str(text)) for name, text in written.items()}
        return {"PATH": os.environ["PATH"], **resolved, **self.moved}

    def command(self, service: str) -> list[str]:
        """As the image's ENTRYPOINT runs it."""
        (name,) = services()[service]["command"]
        return [sys.executable, "-m", "faastraingym.deploy.compose.entrypoint", name]

    def provision(self, **more: str) -> "subprocess.CompletedProcess[str]":
        """To its end."""
        return subprocess.run(
            self.command("provision"),
            env=self.environment("provision") | more,
            capture_output=True,
            text=True,
            timeout=120.0,
        )


@pytest.fixture
def compose(tmp_path: Path, env: dict[str, str], weed_server: WeedServer) -> Iterator[Compose]:
    """With its broker, a store whose owner we are, and a stack.yml of one function."""
    gateway, provider = free_ports(2)
    root, home = tmp_path / "root", tmp_path / "home"
    root.mkdir()
    (root / "functions").symlink_to(FUNCTIONS / "functions")
    (root / "stack.yml").write_text(
        "functions: {echo: {image: example/echo:1, labels: {com.openfaas.scale.min: '0'}}}\n"
    )
    env |= {"FTG_S3_ACCESS_KEY_SUPERVISOR": LOGIN.user, "FTG_GATEWAY_PASSWORD": PASSWORD}
    env |= {"FTG_S3_SECRET_KEY_SUPERVISOR": LOGIN.password}
    env |= {"FTG_S3_URL": weed_server.url, "FTG_BUCKET": "of-compose"}
    (tmp_path / "nats").mkdir()
    told = {name: env[name] for name in services()["nats"]["environment"]}
    nats = ComposeNats(tmp_path / "nats", **told)
    moved = {
        "FTG_NATS_URL": nats.url,
        "FTG_GATEWAY_URL": f"http://127.0.0.1:{gateway}",
        "FTG_LISTEN_HOST": "127.0.0.1",
        "FTG_LISTEN_PORT": str(gateway),
        "FTG_PROVIDER_PORT": str(provider),
        "FAASTRAIN_HOME": str(home),
        "FAASTRAIN_STACK": str(root / "stack.yml"),
        "FTG_SECRETS": str(home / "secrets"),
    }
    try:
        nats.start()
        yield Compose(env, moved, nats.url)
    finally:
        nats.stop()


@pytest.fixture
def gateway(compose: Compose) -> Iterator[GatewayProcess]:
    process = subprocess.Popen(
        compose.command("gateway"),
        env=compose.environment("gateway"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "gateway ready\n"
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield GatewayProcess(process, int(compose.moved["FTG_LISTEN_PORT"]), [])
    finally:
        process.terminate()
        process.wait(20.0)


async def streams(compose: Compose) -> set[str]:
    """That the broker has, as its owner sees them."""
    login = Login("supervisor", compose.env["FTG_NATS_PASSWORD_SUPERVISOR"])
    broker = await connect(compose.url, login, "tests", "FTG.API")
    try:
        return set(await JetStreamStreams(broker).sizes())
    finally:
        await broker.close()


def test_provision_gives_compose_what_the_embedded_stack_has(
    compose: Compose, gateway: GatewayProcess
) -> None:
    """Streams, a bucket that takes writes, the functions of stack.yml; twice is as once."""
    for _ in range(2):
        done = compose.provision()
        assert (done.returncode, done.stderr) == (0, "")
        assert asyncio.run(streams(compose)) == {stream.name for stream in STREAMS}
        bucket = Bucket(compose.env["FTG_S3_URL"], "of-compose", LOGIN)
        assert asyncio.run(bucket.takes_writes(5.0))
        status, functions = gateway.request("GET", "/system/functions")
        assert status == 200
        assert [function["name"] for function in msgspec.json.decode(functions)] == ["echo"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"FTG_S3_URL": "nowhere"}, "provision: FTG_S3_URL"),
        ({"FAASTRAIN_STACK": "/none/stack.yml"}, "provision: /none/stack.yml is not there"),
        ({"SECRET_FTG_S3_SUPERVISOR": "nobody:else"}, "provision: The object store at "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    compose: Compose, wrong: dict[str, str], said: str
) -> None:
    """With exit status 1, so that compose tries again."""
    done = compose.provision(**wrong)
    assert done.returncode == 1
    assert done.stderr.startswith(said), done.stderr
    assert len(done.stderr.splitlines()) == 1
