"""The roles as a table for people, as docs/security.md has it.

`python -m faastraingym.events.export.roles_table` prints it.
"""

from collections.abc import Iterator, Sequence

from faastraingym.events.topology.roles import ANY, ROLES, SUPERVISOR, Role

HEAD = ("role", "publishes", "sends", "asks JetStream", "reads", "writes", "deletes")


def table() -> str:
    """Markdown, one row for each role."""
    rows = [HEAD, ("---",) * len(HEAD), *(tuple(_row(name)) for name in ROLES)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(name: str) -> Iterator[str]:
    yield f"`{name}`"
    if name == SUPERVISOR:
        yield from ("everything",) * (len(HEAD) - 1)
        return
    role: Role = ROLES[name]
    yield "every fact" if role.says == (ANY,) else _cell(role.says)
    for patterns in (role.sends, role.asks, role.reads, role.writes, role.deletes):
        yield _cell(patterns)


def _cell(patterns: Sequence[str]) -> str:
    return ", ".join(f"`{pattern}`" for pattern in patterns)


if __name__ == "__main__":
    print(table(), end="")
