"""The tables of docs/openfaas_contract.md, from the routes that are served and from the walk.

    python -m tests.embedded.contract.table

prints them as they must stand there.
"""

from collections.abc import Iterable

from faastraingym.embedded.gateway.app import GATEWAY_ROUTES
from faastraingym.embedded.gateway.openapi import document
from faastraingym.embedded.provider.api import PROVIDER_ROUTES
from tests.embedded.contract.walk import NOT_SERVED

DOCUMENTS = {"gateway": document(GATEWAY_ROUTES), "provider": document(PROVIDER_ROUTES)}
ANY = 8  # methods of HTTP: that many mean any


def served() -> str:
    """Each route and method, with the statuses that each server may answer."""
    paths = {path: None for found in DOCUMENTS.values() for path in found["paths"]}
    rows = [_row(path, method) for path in paths for method in _methods(path)]
    return _table(("route", "method", *DOCUMENTS), rows)


def missing() -> str:
    """What OpenFaaS has somewhere, with the status that it gets here."""
    rows = [
        (f"{step.method} {step.path.replace('walked', '{name}')}", kind, str(step.status))
        for kind, steps in NOT_SERVED.items()
        for step in steps
    ]
    return _table(("request", "server", "answer"), rows)


def _methods(path: str) -> list[str]:
    found = [m for each in DOCUMENTS.values() for m in each["paths"].get(path, {})]
    methods = list(dict.fromkeys(found))
    return ["any"] if len(methods) == ANY else methods


def _row(path: str, method: str) -> tuple[str, ...]:
    return (
        path,
        method.upper().replace("ANY", "any"),
        *(_statuses(k, path, method) for k in DOCUMENTS),
    )


def _statuses(kind: str, path: str, method: str) -> str:
    methods = DOCUMENTS[kind]["paths"].get(path, {})
    said = methods.get("post" if method == "any" else method)
    if said is None:
        return "-"
    return ", ".join(said["responses"]).replace("default", "the function's own")


def _table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    names = tuple(head)
    lines = [names, ("---",) * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(served(), missing(), sep="\n\n")
