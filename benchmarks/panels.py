"""Dashboards as data: what each panel asks Prometheus."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from benchmarks.checkout import CHECKOUT

DASHBOARDS = CHECKOUT / "deploy" / "grafana" / "dashboards"


class Query(NamedTuple):
    """What one line, or family of lines, of a panel asks."""

    expression: str
    legend: str  # with {{label}} where a series' label stands


class Panel(NamedTuple):
    """One picture of a dashboard."""

    title: str
    unit: str
    logarithmic: bool
    queries: list[Query]


def load(name: str) -> dict[str, Any]:
    """A dashboard as Grafana is given it."""
    found: dict[str, Any] = json.loads((DASHBOARDS / f"{name}.json").read_text())
    return found


def panels(dashboard: Mapping[str, Any], variables: Mapping[str, str]) -> list[Panel]:
    """Its panels, with `variables` (regular expressions) instead of its own, which match all."""
    own = {v["name"]: v["allValue"] for v in dashboard["templating"]["list"]}
    return [
        Panel(
            panel["title"],
            panel["fieldConfig"]["defaults"]["unit"],
            "scaleDistribution" in panel["fieldConfig"]["defaults"]["custom"],
            [Query(_filled(t["expr"], own | dict(variables)), t["legendFormat"])
             for t in panel["targets"]],
        )
        for panel in dashboard["panels"]
    ]  # fmt: skip


def _filled(expression: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        expression = expression.replace(f"${name}", value)
    return expression
