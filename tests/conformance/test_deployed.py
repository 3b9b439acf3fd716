"""What faas-cli deployed from stack.yml trains; what it deploys anew loses no request."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from faastraingym.embedded.deployments import of_stack
from faastraingym.events.pipeline.flow import ANSWERING
from tests.checkout import CHECKOUT
from tests.conformance.faas_cli import departures, described, faas_cli
from tests.embedded.contract.exchanges import exchange
from tests.embedded.contract.redeploying import no_request_is_lost
from tests.embedded.support import FUNCTIONS
from tests.stack.support import Stack

RUN = "by-faas-cli"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack of one's own, whose functions are about to be replaced."""
    with Stack(tmp_path / "home").running() as stack:
        yield stack


@pytest.fixture
def small_stack(tmp_path: Path) -> Iterator[Stack]:
    """The same of the functions for tests."""
    file = str(FUNCTIONS / "stack.yml")
    with Stack(tmp_path / "home", FAASTRAIN_STACK=file).running() as stack:
        yield stack


# The minute of the first may not have come; the others hear of no run alone, or nothing at all.
IDLE = {"reconcile", "plan-experiment", "announce-model", *ANSWERING}


def test_a_run_on_functions_of_faas_cli_alone(stack: Stack, tmp_path: Path) -> None:
    """CartPole-v1 to its target, with the labels that Community Edition takes; its cost is read."""
    memory = {"FTG_LEARNER_MEMORY": "2560Mi", "FTG_ROLLOUT_MEMORY": "0.75Gi"}
    settings = {"FTG_COMPILATION_CACHE": str(tmp_path / "jax"), **memory}
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
        for name in names:
            said = described(cli, name)
            assert said["deployed-by"] == "faas-cli"
            assert int(said["invocations"]) > 0 or name in IDLE
        assert departures(cli.exchanges) == []
    usage = stack.json("show", RUN)["usage"]
    gib = dict.fromkeys(names, 0.25) | {"start-run": 0.5, "update-policy": 2.5}
    gib |= dict.fromkeys(("rollout", "evaluate"), 0.75)
    for name in usage:
        spent = usage[name]["seconds"] * gib[name]
        assert spent > 0
        assert usage[name]["gb_seconds"] == pytest.approx(spent)
    assert usage.keys() >= {"start-run", "rollout", "update-policy", "evaluate"}


async def test_deployed_anew_no_request_is_lost(small_stack: Stack, tmp_path: Path) -> None:
    """Callers call on while faas-cli deploys."""
    with faas_cli(small_stack, tmp_path, tmp_path) as cli:

        def deploy(time: int) -> None:
            flags = ("--name", "renewed", "--image", "example/slow:1", "--env", f"TIME={time}")
            cli("deploy", *flags)

        deploy(-1)
        port = int(small_stack.up().gateway_url.rpartition(":")[2])
        call = partial(exchange, port, "POST", "/function/renewed", b"0.02", {})
        await no_request_is_lost(call, deploy)
        assert departures(cli.exchanges) == []
