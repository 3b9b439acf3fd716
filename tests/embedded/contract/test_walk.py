"""OpenFaaS's contract, by every server of it that we have: each a process of its own."""

import json
import re
from typing import Any

from tests.embedded.contract.conftest import Served
from tests.embedded.contract.exchanges import Exchange, exchange, faults, operation
from tests.embedded.contract.table import DOCUMENTS
from tests.embedded.contract.walk import NOT_SERVED, WALKS, Step
from tests.embedded.gateway_process import BASIC, GatewayProcess

# 400 and 408 and 413 of what is no request: tests/embedded/gateway/test_bad_requests.py. 503: a
# queue that is away, a replica that none is free of: test_app.py, test_pool.py. 429: test_door.py.
ELSEWHERE = {"400", "408", "413", "429", "503"}


async def test_every_route_method_status_and_header_is_as_openfaas_has_it(served: Served) -> None:
    """And as our document says; and the document says nothing that is not so."""
    kind, server = served
    made: list[Exchange] = []
    wrong: list[str] = []
    for step in WALKS[kind]:
        made.append(take(server, step))
        wrong += [f"{made[-1]}: {why}" for why in differences(step, made[-1])]
        wrong += [f"{made[-1]}: {why}" for why in faults(DOCUMENTS[kind], made[-1])]
    assert wrong == []
    met = {(*named(kind, one), str(one.status)) for one in made}
    assert documented(kind) - met == set()
    for step in NOT_SERVED[kind]:
        assert take(server, step).status == step.status, step


def take(server: GatewayProcess, step: Step) -> Exchange:
    login = {"Authorization": BASIC} if step.login else {}
    return exchange(server.port, step.method, step.path, step.body, {**login, **step.headers})


def differences(step: Step, made: Exchange) -> list[str]:
    """Between what was to come and what came."""
    text = made.body.decode(errors="replace")
    wrong = [] if made.status == step.status else [f"not {step.status}"]
    for name, form in step.has.items():
        if not re.search(form, made.headers.get(name, "absent")):
            wrong.append(f"{name}: {made.headers.get(name)!r} is no {form}")
    if not re.search(step.says, text, re.MULTILINE):
        wrong.append(f"the body says nothing of {step.says}")
    if step.hides and step.hides in text:
        wrong.append(f"the body has {step.hides!r}")
    if step.holds is not None and not holds(step.holds, json.loads(made.body)):
        wrong.append(f"the body has no {step.holds}")
    return wrong


def holds(wanted: Any, found: Any) -> bool:
    """Whether `found` has all that is wanted; lists may have more entries, objects more fields."""
    match wanted:
        case dict():
            return isinstance(found, dict) and all(
                name in found and holds(value, found[name]) for name, value in wanted.items()
            )
        case list():
            return all(any(holds(one, each) for each in found) for one in wanted)
        case _:
            return bool(wanted == found)


def named(kind: str, made: Exchange) -> tuple[str, str]:
    return made.method, operation(DOCUMENTS[kind], made)[0]


def documented(kind: str) -> set[tuple[str, str, str]]:
    """Method, path and status of all that the document promises, and that is walked here."""
    return {
        (method.upper(), path, status)
        for path, methods in DOCUMENTS[kind]["paths"].items()
        for method, said in methods.items()
        if path != "/function/{name}"
        for status in said["responses"]
        if status not in ELSEWHERE
    }
