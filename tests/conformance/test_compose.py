"""Docker Compose itself takes docker-compose.yml, with what `make-env` writes."""

import json
import subprocess

from tests.checkout import CHECKOUT
from tests.conformance.programs import program
from tests.test_compose import env

__all__ = ["env"]


def config(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`docker compose config`, which needs no engine."""
    command = [program("docker-compose"), "-f", str(CHECKOUT / "docker-compose.yml"), "config"]
    return subprocess.run(
        [*command, *arguments],
        env={"HOME": "/nowhere"} | environment,
        capture_output=True,
        text=True,
    )


def test_the_file_resolves(env: dict[str, str]) -> None:
    """Interpolated, merged, held to the specification."""
    done = config("--format", "json", **env, COMPOSE_PROFILES="observability")
    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert not service["image"].endswith(":latest"), name
    assert {"prometheus", "grafana", "exporter"} <= services.keys()
    token = services["gateway"]["environment"]["SECRET_FTG_TRIGGER_TOKEN"]
    assert token == env["FTG_TRIGGER_TOKEN"]


def test_without_passwords_it_says_what_to_run() -> None:
    done = config()
    assert done.returncode != 0
    assert "run deploy/compose/make-env" in done.stderr
