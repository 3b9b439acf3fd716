"""Markdown tables: roles for docs/security.md, metrics for docs/observability.md."""

from collections.abc import Iterable, Sequence

from faastraingym.events.telemetry.metrics import Observation, broker_up, families
from faastraingym.events.topology.roles import ANY, ROLES, SUPERVISOR

ROLES_HEAD = ("role", "publishes", "sends", "asks JetStream", "reads", "writes", "deletes")
METRICS_HEAD = ("metric", "labels", "meaning")
NOTHING = Observation(now=0.0, queues=(), dead_letters={}, streams={})


def roles() -> str:
    """One row for each role."""
    return _table(ROLES_HEAD, map(_role, ROLES))


def metrics() -> str:
    """One row for each metric of the exporter."""
    rows = []
    for family in (broker_up(True), *families([], {}, NOTHING)):
        total = "_total" if family.kind == "counter" else ""
        rows.append((f"`{family.name}{total}`", _cell(family.labels), family.help))
    return _table(METRICS_HEAD, rows)


def _role(name: str) -> Sequence[str]:
    if name == SUPERVISOR:
        return (f"`{name}`", *("everything",) * (len(ROLES_HEAD) - 1))
    says, *others = ROLES[name]
    published = "every fact" if says == (ANY,) else _cell(says)
    return (f"`{name}`", published, *map(_cell, others))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


def _cell(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)
