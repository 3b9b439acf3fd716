"""What faas-cli deployed from stack.yml trains; what it deploys anew loses no request."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from embedded.deployments import of_stack
from embedded.settings import CHECKOUT
from tests.conformance.faas_cli import FaasCli, departures, described, faas_cli
from tests.embedded.contract.exchanges import Exchange, exchange
from tests.embedded.support import FUNCTIONS
from tests.stack.support import Stack

RUN = "by-faas-cli"
CALLERS, TIMES = 4, 3


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack of one's own, whose functions are about to be replaced."""
    yield from _running(Stack(tmp_path / "home"))


@pytest.fixture
def small_stack(tmp_path: Path) -> Iterator[Stack]:
    """The same of the functions for tests."""
    yield from _running(Stack(tmp_path / "home", FAASTRAIN_STACK=str(FUNCTIONS / "stack.yml")))


def test_a_run_on_functions_of_faas_cli_alone(stack: Stack, tmp_path: Path) -> None:
    """CartPole-v1 to its target, with the labels that Community Edition takes."""
    settings = {"FTG_COMPILATION_CACHE": str(tmp_path / "jax")}
    with faas_cli(stack, CHECKOUT, tmp_path, **settings) as cli:
        file = str(CHECKOUT / "stack.yml")
        names = {wanted.service for wanted in of_stack(Path(file), {})}
        assert set(cli("list", "--quiet").split()) == names
        cli("remove", "-f", file)
        assert cli("list", "--quiet").split() == []
        said = cli("deploy", "-f", file, "--annotation", "deployed-by=faas-cli")
        assert said.count("Deployed. 202 Accepted.") == len(names)
        trained = stack.cli("train", str(CHECKOUT / "examples" / "cartpole.toml"), "--run", RUN)
        assert trained.returncode == 0, trained.stdout + trained.stderr
        assert "completed: target" in trained.stdout
        for name in names - {"reconcile"}:  # whose minute may not have come
            said = described(cli, name)
            assert said["deployed-by"] == "faas-cli"
            assert int(said["Invocations"]) > 0
        assert departures(cli.exchanges) == []


async def test_deployed_anew_no_request_is_lost(small_stack: Stack, tmp_path: Path) -> None:
    """Callers call on; each deployment is over when a replica of it has answered."""
    with faas_cli(small_stack, tmp_path, tmp_path) as cli:
        deploy(cli, -1)
        port, settled = int(small_stack.up().gateway_url.rpartition(":")[2]), Event()

        def call() -> Exchange:
            return exchange(port, "POST", "/function/renewed", b"0.02", {})

        def caller() -> list[Exchange]:
            made = [call()]
            while not settled.is_set():
                made.append(call())
            return made

        def redeploy() -> list[bytes]:
            replicas = [call().body]
            for time in range(TIMES):
                deploy(cli, time)
                while (replica := call().body) in replicas:
                    pass
                replicas.append(replica)
            return replicas

        with ThreadPoolExecutor(CALLERS) as pool:
            calling = [asyncio.wrap_future(pool.submit(caller)) for _ in range(CALLERS)]
            try:
                replicas = await asyncio.to_thread(redeploy)
            finally:
                settled.set()
            made = [one for each in await asyncio.gather(*calling) for one in each]
        assert [str(one) for one in made if one.status != 200] == []
        assert len(set(replicas)) == TIMES + 1
        assert {one.body for one in made} <= set(replicas)
        assert departures(cli.exchanges) == []


def deploy(cli: FaasCli, time: int) -> None:
    flags = ("--name", "renewed", "--image", "example/slow:1", "--env", f"TIME={time}")
    cli("deploy", *flags)


def _running(stack: Stack) -> Iterator[Stack]:
    try:
        stack.up()
        yield stack
    finally:
        stack.down()
