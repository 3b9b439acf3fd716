"""Dashboards as data: what each panel asks Prometheus."""

import json
from collections.abc import Mapping, Sequence
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


def panels(
    dashboard: Mapping[str, Any],
    variables: Mapping[str, str],
    repeated: Mapping[str, Sequence[str]] = {},
) -> list[Panel]:
    """Its panels, with `variables` (regular expressions) instead of its own, which match all.

    A panel that the dashboard repeats by a variable stands there for each value in `repeated`.
    """
    own = {v["name"]: v["allValue"] for v in dashboard["templating"]["list"]}
    found = []
    for panel in dashboard["panels"]:
        name = panel.get("repeat", "")
        for value in repeated.get(name, [""]):
            filled = own | dict(variables) | ({name: value} if value else {})
            found.append(_panel(panel, filled))
    return found


def _panel(panel: Mapping[str, Any], variables: Mapping[str, str]) -> Panel:
    defaults = panel["fieldConfig"]["defaults"]
    return Panel(
        _filled(panel["title"], variables),
        defaults["unit"],
        "scaleDistribution" in defaults["custom"],
        [Query(_filled(t["expr"], variables), t["legendFormat"]) for t in panel["targets"]],
    )


def _filled(text: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace(f"${name}", value)
    return text
