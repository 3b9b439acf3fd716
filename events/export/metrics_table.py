"""The exporter's metrics as a table for people, as docs/observability.md has it.

`python -m faastraingym.events.export.metrics_table` prints it.
"""

from collections.abc import Iterator

from faastraingym.events.telemetry.metrics import Family, Observation, broker_up, families

HEAD = ("metric", "labels", "meaning")
NOTHING = Observation(now=0.0, queues=(), dead_letters={}, streams={})


def table() -> str:
    """Markdown, one row for each metric."""
    rows = [HEAD, ("---",) * len(HEAD), *map(_row, _all())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _all() -> Iterator[Family]:
    yield broker_up(True)
    yield from families([], {}, NOTHING)


def _row(family: Family) -> tuple[str, str, str]:
    total = "_total" if family.kind == "counter" else ""
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"`{family.name}{total}`", labels, family.help


if __name__ == "__main__":
    print(table(), end="")
