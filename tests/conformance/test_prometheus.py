"""Prometheus itself takes our configuration, rules, alerts and metrics; every panel finds data."""

import math
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from benchmarks.panels import DASHBOARDS, Query, load, panels
from tests.checkout import CHECKOUT
from tests.conformance.programs import program
from tests.conformance.prometheus import Prometheus
from tests.stack.facts import until
from tests.stack.support import Stack

FOLDER = CHECKOUT / "deploy" / "prometheus"
RUN = "scraped"
# Long enough to be seen many times, on a machine of any speed: some 80 iterations.
SPEC = {
    "seed": 7,
    "environment": {"id": "CartPole-v1", "num_envs": 2},
    "rollout": {"count": 2, "num_steps": 16},
    "algorithm": {"name": "ppo", "update_epochs": 2, "num_minibatches": 2, "hidden_sizes": [8]},
    "evaluation": {"every": 10, "episodes": 2},
    "stop": {"env_steps": 5_000, "target": 500},
}


class Scraped(NamedTuple):
    """A stack that trained, and the Prometheus that looked on."""

    stack: Stack
    prometheus: Prometheus


@pytest.fixture(scope="module")
def scraped() -> Iterator[Scraped]:
    with ExitStack() as closing:
        home, data = (
            Path(closing.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            for _ in range(2)
        )
        stack = Stack(home)
        closing.callback(stack.down)
        stack.up()
        prometheus = Prometheus(home / "prometheus.yml", data)
        closing.callback(prometheus.kill)
        prometheus.start()
        trained = stack.cli("train", stack.file(SPEC), "--run", RUN)
        assert "status: completed" in trained.stdout, trained.stderr
        yield Scraped(stack, prometheus)


def promtool(*arguments: str) -> None:
    done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_configuration_and_its_rules() -> None:
    """With the files that it names."""
    promtool("check", "config", str(FOLDER / "prometheus.yml"))


def test_every_alert_fires_when_it_should_and_is_quiet_before() -> None:
    """By promtool's own tests of rules."""
    promtool("test", "rules", str(FOLDER / "alerts_test.yml"))


def test_no_alert_is_without_a_test() -> None:
    """In which it fires, and in which it does not."""
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test.get("alert_rule_test", [])]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    quiet = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert {rule["alert"] for rule in rules} == fires == quiet


def test_both_targets_are_scraped(scraped: Scraped) -> None:
    """By the configuration that the stack wrote."""
    targets = scraped.prometheus.get("targets")["activeTargets"]
    health = {target["labels"]["job"]: target["health"] for target in targets}
    assert health == {"faastrain-gateway": "up", "faastrain-exporter": "up"}


# Of OpenFaaS's own names, which stay as they are.
THEIRS = {
    'gateway_function_invocation_started counter metrics should have "_total" suffix',
    'gateway_service_count non-histogram and non-summary metrics should not have "_count" suffix',
}


@pytest.mark.parametrize(("name", "complaints"), [("gateway", THEIRS), ("exporter", set())])
def test_promtools_linter_takes_the_metrics(
    scraped: Scraped, name: str, complaints: set[str]
) -> None:
    """Names, units, types, help."""
    state = scraped.stack.up()
    url = {"gateway": state.gateway_url, "exporter": state.exporter_url}[name]
    with urllib.request.urlopen(f"{url}/metrics") as answer:  # noqa: S310  our own server
        text = answer.read().decode()
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True
    )
    assert set((done.stdout + done.stderr).splitlines()) == complaints


async def test_the_numbers_are_the_runs_own(scraped: Scraped) -> None:
    """What Prometheus has is what the report says."""
    report = scraped.stack.json("show", RUN)

    def last(name: str) -> float:
        ((_, value),) = scraped.prometheus.query(f'{name}{{run="{RUN}"}}')
        return value

    async def complete() -> bool:
        return last("faastrain_run_active") == 0

    await until(complete)
    assert last("faastrain_run_env_steps_total") == report["env_steps"]
    assert last("faastrain_run_versions") == report["versions"]
    rollouts = scraped.prometheus.query(
        f'faastrain_invocations_total{{run="{RUN}", function="rollout"}}'
    )
    assert sum(v for _, v in rollouts) == report["usage"]["rollout"]["invocations"]


QUERIES = [
    pytest.param(query, id=f"{path.stem}: {panel.title}: {query.legend}")
    for path in sorted(DASHBOARDS.glob("*.json"))
    for panel in panels(load(path.stem), {})
    for query in panel.queries
]


@pytest.mark.parametrize("query", QUERIES)
async def test_every_panel_has_data(scraped: Scraped, query: Query) -> None:
    """Each of its queries, asked of what Prometheus scraped while a run went on."""

    async def found() -> bool:
        samples = scraped.prometheus.query(f"last_over_time(({query.expression})[15m:1s])")
        return any(not math.isnan(value) for _, value in samples)

    await until(found)


def test_no_alert_fires_when_all_is_well(scraped: Scraped) -> None:
    """A run that trained without trouble."""
    alerts = scraped.prometheus.get("alerts")["alerts"]
    assert [alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"] == []
