"""The compose home: the same roles, by files that a shell and Docker read."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from faastraingym.adapters.http.callers import CALLER_TOKENS
from faastraingym.adapters.nats.accounts import by_variables, variable
from faastraingym.adapters.settings import TRIGGER_TOKEN
from faastraingym.deploy.compose import entrypoint
from faastraingym.events.pipeline import flow
from faastraingym.events.topology import roles, stack_file
from faastraingym.events.topology.roles import PROCESSES, ROLES, nats_secret, s3_secret
from tests.checkout import CHECKOUT
from tests.servers import binary

COMPOSE = CHECKOUT / "deploy" / "compose"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """What `make-env` writes into .env."""
    shutil.copytree(COMPOSE, tmp_path / "deploy" / "compose")
    shutil.copy(CHECKOUT / "docker-compose.yml", tmp_path)
    subprocess.run(["/bin/sh", tmp_path / "deploy/compose/make-env"], check=True)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    lines = (tmp_path / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
    return found["services"]


def secrets_of(service: str) -> set[str]:
    """The secrets that the entrypoint writes for a service."""
    variables = services()[service]["environment"]
    names = [name for name in variables if name.startswith(entrypoint.PREFIX)]
    return {n.removeprefix(entrypoint.PREFIX).lower().replace("_", "-") for n in names}


def test_every_role_has_passwords_of_its_own(env: dict[str, str]) -> None:
    """One for the broker and, if it uses the store, one for that; no two are equal."""
    wanted = {variable("FTG_NATS_PASSWORD", role) for role in ROLES}
    wanted |= {variable("FTG_S3_SECRET_KEY", name) for name, r in ROLES.items() if r.stores}
    assert env.keys() == wanted | {
        "FTG_SIGNING_KEY",
        "FTG_TRIGGER_TOKEN",
        "FTG_CALLER_TOKEN",
        "FTG_GATEWAY_PASSWORD",
        "FTG_GRAFANA_PASSWORD",
    }
    assert len(set(env.values())) == len(env)


def test_compose_asks_for_nothing_that_make_env_does_not_write(env: dict[str, str]) -> None:
    """Every required variable, and only those."""
    text = (CHECKOUT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+):\?", text)) == env.keys()


def test_what_an_older_release_lacked_is_added(env: dict[str, str], tmp_path: Path) -> None:
    """Compose then says to run it; passwords that servers know already stay."""
    file = tmp_path / ".env"
    kept = [line for line in file.read_text().splitlines() if "FTG_CALLER_TOKEN" not in line]
    file.write_text("\n".join([*kept, "MINE=1", ""]))
    subprocess.run(["/bin/sh", tmp_path / "deploy/compose/make-env"], check=True)
    *before, added = file.read_text().splitlines()
    assert before == [*kept, "MINE=1"]
    assert added.startswith("FTG_CALLER_TOKEN=k")
    assert added != f"FTG_CALLER_TOKEN={env['FTG_CALLER_TOKEN']}"


def test_the_brokers_configuration_is_that_of_the_roles(env: dict[str, str]) -> None:
    """nats.conf ends with what adapters/nats/accounts.py prints; nats-server takes it."""
    assert (COMPOSE / "nats.conf").read_text().endswith(by_variables())
    command = [binary("nats-server"), "-t", "-c", str(COMPOSE / "nats.conf")]
    passwords = {name: env[name] for name in services()["nats"]["environment"]}
    done = subprocess.run(command, env=passwords, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_service_is_told_its_own_logins() -> None:
    """The gateway those of the functions too, for it starts them."""
    functions = [name for name in ROLES if name not in PROCESSES]
    mounted = {nats_secret(f) for f in functions} | {s3_secret(f) for f in functions}
    common = {"ftg-signing-key"}
    own = {nats_secret("gateway"), TRIGGER_TOKEN, CALLER_TOKENS}
    assert secrets_of("gateway") == common | mounted | own
    assert secrets_of("queue-worker") == common | {nats_secret("queue-worker")}
    assert secrets_of("exporter") == {nats_secret("exporter")}
    stores = {s3_secret(name) for name, role in ROLES.items() if role.stores}
    assert secrets_of("provision") >= stores | {nats_secret("supervisor")}


def test_every_function_mounts_the_secrets_of_its_role_alone() -> None:
    """In stack.yml, which also tells it its name."""
    stack = stack_file.load(CHECKOUT / "stack.yml", {})
    assert stack["functions"].keys() == {name for name in ROLES if name not in PROCESSES}
    for name, entry in stack["functions"].items():
        token = [TRIGGER_TOKEN] if name == "start-run" else []
        token += [CALLER_TOKENS] if name in flow.ANSWERING else []
        own = [nats_secret(name), s3_secret(name)]
        assert entry["secrets"] == ["ftg-signing-key", *token, *own]
        assert entry["environment"]["FTG_FUNCTION"] == name
        assert roles.of(name).stores
