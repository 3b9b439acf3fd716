"""Dashboards, rules and alerts speak of what there is: names, variables, the data source."""

import itertools
import re
from typing import Any

import pytest
import yaml

from benchmarks.panels import DASHBOARDS, load, panels
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.gateway.metrics import Metrics
from faastraingym.events.export.tables import NOTHING
from faastraingym.events.telemetry.metrics import broker_up, families
from tests.checkout import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
NAMES = [path.stem for path in sorted(DASHBOARDS.glob("*.json"))]
METRIC = re.compile(r"\b(?:\w+:)?(?:faastrain|gateway)_\w+(?::\w+)?")
PROVISIONED = yaml.safe_load(
    (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text()
)["datasources"][0]


def rules(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus" / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def known() -> set[str]:
    """Series that Prometheus will have: the exporter's, the gateway's, and recorded ones."""
    ours = [broker_up(True), *families([], {}, NOTHING)]
    named = {f.name + ("_total" if f.kind == "counter" else "") for f in ours}
    gateway = set(
        re.findall(r"^# TYPE (\S+)", Metrics().render([], Budget()).decode(), re.MULTILINE)
    )
    return named | gateway | {f"{name}_bucket" for name in gateway} | recorded()


def recorded() -> set[str]:
    return {rule["record"] for rule in rules("rules.yml")}


def spoken_of() -> dict[str, str]:
    """Every expression that is deployed, by where it stands."""
    found = {rule["record"]: rule["expr"] for rule in rules("rules.yml")}
    found |= {rule["alert"]: rule["expr"] for rule in rules("alerts.yml")}
    for name in NAMES:
        for panel in panels(load(name), {}):
            for query in panel.queries:
                found[f"{name}: {panel.title}: {query.legend}"] = query.expression
    return found


@pytest.mark.parametrize("where", spoken_of())
def test_what_is_asked_for_exists(where: str) -> None:
    """A metric that was renamed is missed here, without a Prometheus."""
    asked = set(METRIC.findall(spoken_of()[where])) - {"gateway_functions"}
    assert asked or "up{" in spoken_of()[where]
    assert asked <= known()


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_is_whole(name: str) -> None:
    """Panels lie beside each other, have a text, use the provisioned source and known variables."""
    dashboard = load(name)
    assert dashboard["uid"] == f"faastrain-{name}"
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    for a, b in itertools.combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(places)
    for panel in dashboard["panels"]:
        assert panel["description"].endswith(".")
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == PROVISIONED["uid"]
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= variables


def test_a_dashboard_names_no_metric_of_an_algorithm() -> None:
    """A panel is repeated by their names instead, so that another algorithm needs no change."""
    asked = [query.expression for panel in panels(load("training"), {}) for query in panel.queries]
    of_learners = [expression for expression in asked if "learner_metric" in expression]
    assert of_learners == ['faastrain_learner_metric{run=~".*", metric=~".*"}']


def test_a_repeated_panel_stands_there_for_each_value() -> None:
    once = panels(load("training"), {"run": "a"})
    found = panels(load("training"), {"run": "a"}, {"metric": ["entropy", "q_loss"]})
    assert found[:-2] == once[:-1]
    assert [panel.title for panel in found[-2:]] == ["entropy", "q_loss"]
    assert [panel.queries[0].expression for panel in found[-2:]] == [
        f'faastrain_learner_metric{{run=~"a", metric=~"{name}"}}' for name in ("entropy", "q_loss")
    ]


def test_every_alert_says_what_to_do() -> None:
    """Whoever is woken has not read this."""
    for rule in rules("alerts.yml"):
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"].endswith(".")


def test_pictures_are_of_the_dashboards_that_there_are() -> None:
    """One for each."""
    found = {
        path.stem.removeprefix("dashboard-") for path in (CHECKOUT / "docs").glob("dashboard-*.png")
    }
    assert found == set(NAMES)
