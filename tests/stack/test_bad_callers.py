"""Whatever callers send to env-step and act: their documents are kept, and their memory bounded."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from faastraingym.schemas.arrays import pack, unpack
from tests.fuzz.api import LEFT_OUT, of_document
from tests.stack.facts import PATIENCE
from tests.stack.support import Stack

MSGPACK, JSON = "application/msgpack", "application/json"
ROUNDS, GROWTH, LIMIT = 6, 48 << 20, 512 << 20  # bytes; the limit is both functions' in stack.yml
# A request of another method is taken as a POST, for no function refuses one by its method.
NOT_TOLD = f"{LEFT_OUT},unsupported_method"


class Caller:
    """One connection to a function."""

    def __init__(self, stack: Stack, function: str, token: str | None = None) -> None:
        self._server = http.client.HTTPConnection(
            urlsplit(stack.up().gateway_url).netloc, timeout=PATIENCE
        )
        self._path = f"/function/{function}"
        self._token = stack.credentials().caller_token if token is None else token

    def post(self, verb: str, body: bytes, kind: str = MSGPACK) -> tuple[int, Any]:
        """Status and answer."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        self._server.request("POST", f"{self._path}{verb}", body, headers)
        answer = self._server.getresponse()
        data = answer.read()
        return answer.status, unpack(data) if kind == MSGPACK else json.loads(data)

    def asked(self, verb: str, **fields: Any) -> Any:
        """The answer to a good request."""
        status, answer = self.post(verb, pack(fields))
        assert status == 200, answer
        return answer


@pytest.mark.parametrize("function", ["env-step", "act"])
def test_a_document_is_kept_whatever_is_sent(battered: Stack, function: str) -> None:
    """No 5xx, no undocumented answer; bad data refused; 401 without a token."""
    url = f"{battered.up().gateway_url}/function/{function}/openapi.json"
    shown = f"Authorization: Bearer {battered.credentials().caller_token}"
    outcome = of_document(url, 3, NOT_TOLD, "--header", shown)
    assert outcome.passed, outcome.text
    assert outcome.cases > 20


def steps(caller: Caller) -> Iterator[tuple[str, bytes, str, int, str]]:
    """Bad requests to env-step: verb, body, kind, and the status and kind of their refusal."""
    made = caller.asked("/make", env_id="CartPole-v1", num_envs=2, vector=True)
    state = caller.asked("/reset", state=made["state"], seed=1)["state"]
    other = caller.asked("/make", env_id="Pendulum-v1", num_envs=2, vector=True)["state"]
    other = caller.asked("/reset", state=other, seed=1)["state"]
    forged = state[:40] + ("A" if state[40] != "A" else "B") + state[41:]

    def step(actions: Any, of: str = state) -> bytes:
        return pack({"state": of, "actions": actions})

    good = np.zeros((1, 2), np.int64)
    yield "/step", step(np.zeros(10 << 20, np.uint8)), MSGPACK, 413, "too-large"
    yield "/step", b"[" * (3 << 20), JSON, 400, "bad-request"
    yield "/step", b'{"state":' + b"1" * (3 << 20), JSON, 400, "bad-request"
    yield "/step", b"\xdd\xff\xff\xff\xff", MSGPACK, 400, "bad-request"  # a list of 2^32
    lie = b"\xc7\x0b\x01\x93\xa3<f8\x91\xce\xff\xff\xff\xff"  # an array of 2^32 floats
    yield "/step", b"\x82\xa5state\xa1x\xa7actions" + lie, MSGPACK, 400, "bad-request"
    yield "/step", step(np.zeros((200_000, 2), np.int8)), MSGPACK, 413, "too-large"
    yield "/step", step(np.zeros((1, 3), np.int64)), MSGPACK, 400, "bad-request"
    yield "/step", step(good + 2), MSGPACK, 400, "bad-request"
    yield "/step", step(np.full((1, 2, 1), np.nan), other), MSGPACK, 400, "bad-request"
    yield "/step", step(good, other), MSGPACK, 400, "bad-request"  # a state of another environment
    yield "/step", step(good, forged), MSGPACK, 403, "forbidden"
    yield "/step", step(good, "no state"), MSGPACK, 400, "bad-request"
    yield "/render", pack({"state": state}), MSGPACK, 400, "bad-request"  # without a renderer
    yield "/make", pack({"env_id": "os:system"}), MSGPACK, 400, "bad-request"
    yield "/make", pack({"env_id": "CartPole-v1", "num_envs": 1 << 40}), MSGPACK, 400, "bad-request"


def acts(_: Caller) -> Iterator[tuple[str, bytes, str, int, str]]:
    """Bad requests to act."""

    def ask(observations: Any, policy: str = "runs/nothing") -> bytes:
        return pack({"policy": policy, "observations": observations})

    yield "", ask(np.zeros(10 << 20, np.uint8)), MSGPACK, 413, "too-large"
    yield "", b"[" * (1 << 20), JSON, 400, "bad-request"
    yield "", b"\xdd\xff\xff\xff\xff", MSGPACK, 400, "bad-request"
    yield "", ask(np.zeros((1, 4))), MSGPACK, 404, "not-found"
    yield "", ask(np.zeros((1, 4)), "../secrets"), MSGPACK, 400, "bad-request"


@pytest.mark.parametrize(("function", "bad"), [("env-step", steps), ("act", acts)])
def test_bad_requests_are_told_and_memory_is_bounded(
    battered: Stack, function: str, bad: Any
) -> None:
    """Each in a word, again and again, by replicas that live on."""
    caller = Caller(battered, function)
    requests = [*bad(caller)]
    begun: dict[int, int] = {}
    for number in range(ROUNDS):
        for verb, body, kind, status, word in requests:
            found, answer = caller.post(verb, body, kind)
            assert (found, answer["error"]["kind"]) == (status, word), (verb, body[:80], answer)
        if number == 0:
            begun = {pid: resident(pid) for pid in battered.replicas(function)}
    assert begun
    for pid, before in begun.items():
        assert resident(pid) - before < GROWTH
        assert resident(pid, "VmHWM") < LIMIT


def resident(pid: int, what: str = "VmRSS") -> int:
    """Bytes that a process has in memory, or has had at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(what)]
    return int(line.split()[1]) << 10
