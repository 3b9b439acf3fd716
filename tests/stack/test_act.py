"""A whole stack: callers are answered by the version that an alias points to, while it moves."""

import asyncio
import http.client
import json
import urllib.request
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.client.world import Connected
from faastraingym.events.models.registry import Registry
from faastraingym.schemas import payloads
from faastraingym.schemas.arrays import pack, unpack
from tests.client.facts import POLICY
from tests.events.models.versions import A_MOVE, A_VERSION
from tests.stack.facts import PATIENCE, until
from tests.stack.support import Stack

CALLERS, NAME = 16, "models/cartpole@champion"
SEEN = [[0.0, 0.0, 0.1, 0.0], [0.0, 0.0, -0.1, 0.0]]
SPEC = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo", "hidden_sizes": []},
    "stop": {"env_steps": 128},
}
ACTIONS = {"models/cartpole/1": [1, 0], "models/cartpole/2": [0, 1]}


async def registered(stack: Connected) -> Registry:
    """Two versions, of which the second does the opposite; the alias points to the first."""
    made = Registry(stack.objects, stack.bucket)
    for version, sign in ((1, 1), (2, -1)):
        arrays = {path: sign * array for path, array in POLICY.parameters.items()}
        policy = payloads.dump(payloads.Policy(version=version, parameters=arrays))
        record = replace(
            A_VERSION,
            version=version,
            policy=await made.keep("cartpole", policy),
            spec=SPEC,
            spaces=describe(registry.parse(SPEC)).values(),
        )
        assert await made.add(record)
    assert await made.add(A_MOVE)
    return made


class Caller:
    """One connection that asks again and again."""

    def __init__(self, gateway: str, token: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(gateway).netloc, timeout=PATIENCE)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, body: bytes, **headers: str) -> tuple[int, bytes]:
        named = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("POST", "/function/act", body, named)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    async def until(self, policy: str, told: "Counter[tuple[int, str]]") -> None:
        """Ask until this policy answers three times in a row."""
        body = json.dumps({"policy": NAME, "observations": SEEN}).encode()
        seen = 0
        while seen < 3:
            status, text = await asyncio.to_thread(self.ask, body)
            answer: dict[str, Any] = json.loads(text)
            told[status, answer.get("policy", text.decode())] += 1
            assert status == 200, text
            assert answer["actions"] == ACTIONS[answer["policy"]]
            seen = seen + 1 if answer["policy"] == policy else 0


async def test_an_alias_moves_under_load_and_no_request_fails(own: Stack) -> None:
    """Of every caller; and metrics count the answers of each version."""
    await until(lambda: counts(own, {}))  # which it does from the first look on
    token = own.credentials().caller_token
    callers = [Caller(own.up().gateway_url, token) for _ in range(CALLERS)]
    told: Counter[tuple[int, str]] = Counter()
    async with own.connect() as stack:
        made = await registered(stack)
        await asyncio.gather(*[caller.until("models/cartpole/1", told) for caller in callers])
        asking = [asyncio.create_task(c.until("models/cartpole/2", told)) for c in callers]
        assert await made.add(replace(A_MOVE, number=2, version=2, previous=1))
        await asyncio.gather(*asking)
    assert {status for status, _ in told} == {200}
    await until(lambda: counts(own, {policy: float(n) for (_, policy), n in told.items()}))
    await refusals(callers[0])


async def counts(stack: Stack, answers: dict[str, float]) -> bool:
    """Whether the exporter answers, and has counted just these."""
    try:
        return await asyncio.to_thread(metrics, stack) == answers
    except OSError:  # it starts after the gateway
        return False


def metrics(stack: Stack) -> dict[str, float]:
    """Requests that were answered with 200, by policy, as the exporter tells."""
    name = "faastrain_policy_requests_total"
    with urllib.request.urlopen(f"{stack.up().exporter_url}/metrics") as answer:  # noqa: S310
        lines = answer.read().decode().splitlines()
    found = [line for line in lines if line.startswith(name) and 'status="200"' in line]
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


async def refusals(caller: Caller) -> None:
    """In the words of the function, through the gateway; and arrays of msgpack."""
    packed = pack({"policy": NAME, "observations": POLICY.parameters["policy/head/kernel"].T})
    status, text = await asyncio.to_thread(caller.ask, packed, Content_Type="application/msgpack")
    assert (status, len(unpack(text)["actions"])) == (200, 2)
    for body, headers, kind in [
        (b"{}", {"Authorization": "Bearer guess"}, "unauthenticated"),
        (b'{"policy": "models/cartpole@best", "observations": [[0, 0, 0, 0]]}', {}, "not-found"),
        (b'{"policy": "models/cartpole/1", "observations": [[0]]}', {}, "bad-request"),
        (b" " * (3 << 20), {}, "too-large"),
    ]:
        status, text = await asyncio.to_thread(caller.ask, body, **headers)
        assert json.loads(text)["error"]["kind"] == kind
