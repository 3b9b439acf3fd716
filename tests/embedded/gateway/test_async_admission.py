"""The door of /async-function: who is let in, by which way, and what is counted."""

import json
from collections.abc import Mapping
from pathlib import Path
from time import time
from typing import NamedTuple

import pytest

from faastraingym.adapters.http.signing import sign
from faastraingym.embedded.contract.budget import Budget
from faastraingym.embedded.contract.messages import FunctionStatus, Request, Response
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.files import write_private
from faastraingym.embedded.gateway.async_admission import AsyncAdmission, Keys
from faastraingym.embedded.gateway.invoke import Invocations
from faastraingym.embedded.gateway.metrics import Metrics
from faastraingym.events.delivery.callbacks import Policy, origin, origins
from faastraingym.events.topology.admits import ADMITS
from tests.embedded.support import MemoryQueue

KEY, TOKEN = b"key", b"token"
CALLERS = b"tester a-token-of-a-caller"
GATEWAY = frozenset({origin("http://127.0.0.1:8080")})
BODY = b"hi"
CI = "https://ci.example.com/told"


class Functions:
    """A provider of functions that admit what their names say; only what the door needs."""

    async def function(self, name: str, usage: bool = False) -> FunctionStatus:
        if name == "absent":
            raise ProviderError(404, f"There is no function {name!r}.")
        annotations = {} if name == "open" else {ADMITS: name}
        return FunctionStatus(name=name, image="x", annotations=annotations)


class Bench(NamedTuple):
    """A gateway's part behind its HTTP."""

    invocations: Invocations
    queue: MemoryQueue
    metrics: Metrics
    secrets: Path

    async def post(
        self, function: str, headers: Mapping[str, str] | None = None, path: str = "/"
    ) -> Response:
        call = Request("POST", path, list((headers or {}).items()), BODY)
        return await self.invocations.later(function, call, "gateway")

    def refused(self) -> list[str]:
        """What is counted, as `function reason`."""
        lines = self.metrics.render([], Budget()).decode().splitlines()
        return [
            line
            for line in lines
            if line.startswith("faastrain_gateway_refused_total{") and not line.endswith(" 0.0")
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return made(tmp_path)


def made(folder: Path, listed: str = "") -> Bench:
    write_private(folder / "ftg-signing-key", KEY)
    write_private(folder / "ftg-trigger-token", TOKEN)
    write_private(folder / "ftg-caller-tokens", CALLERS)
    queue, metrics = MemoryQueue(), Metrics()
    async_admission = AsyncAdmission(Keys(folder), Policy(origins(listed), GATEWAY))
    invocations = Invocations(Functions(), queue, metrics, async_admission)  # type: ignore[arg-type]
    return Bench(invocations, queue, metrics, folder)


def signed(function: str, secret: bytes = KEY, path: str = "", key: str = "") -> dict[str, str]:
    header = sign(secret, function, BODY, time(), path=path, key=key)
    return {"x-ftg-SIGNATURE": header, **({"Idempotency-Key": key} if key else {})}


SHOWN = {"Authorization": "Bearer token"}


@pytest.mark.parametrize(
    ("function", "headers"),
    [
        ("signature", {}),
        ("signature", SHOWN),
        ("signature", signed("event")),
        ("signature", signed("signature", TOKEN)),
        ("event", {}),
        ("event", {"Authorization": "Bearer guess"}),
        ("event", signed("event", TOKEN, key="one") | {"Idempotency-Key": "two"}),
        ("misspelt", signed("misspelt")),
    ],
)
async def test_what_is_not_admitted_is_never_queued(
    bench: Bench, function: str, headers: dict[str, str]
) -> None:
    """401 in a sentence, and counted; a wrong annotation admits nobody."""
    answer = await bench.post(function, headers)
    assert (answer.status, bench.queue.requests, bench.queue.unknown) == (401, [], [])
    told = answer.body.decode()
    assert told.startswith(f"{function} does not know who asks, and this was not queued: ")
    assert told.count("\n") == 1
    by = f'function_name="{function}.openfaas-fn",reason="not-admitted"'
    assert bench.refused() == [f"faastrain_gateway_refused_total{{{by}}} 1.0"]


@pytest.mark.parametrize(
    ("function", "headers", "path"),
    [
        ("signature", signed("signature"), "/"),
        ("signature", signed("signature", path="/a?b"), "/a?b"),
        ("event", SHOWN | {"Content-Type": "application/json"}, "/"),
        ("event", signed("event", TOKEN, key="one") | {"Content-Type": "application/toml"}, "/"),
        ("event", signed("event"), "/"),
        ("open", SHOWN, "/"),
        ("open", signed("open"), "/"),
    ],
)
async def test_who_is_known_is_queued_with_the_pipelines_own(
    bench: Bench, function: str, headers: dict[str, str], path: str
) -> None:
    assert (await bench.post(function, headers, path)).status == 202
    ((queued, _, _),) = bench.queue.requests
    assert (queued, bench.queue.unknown) == (function, [])


@pytest.mark.parametrize("headers", [{}, signed("open", b"guess"), {"Authorization": "Bearer x"}])
async def test_anybody_may_ask_a_users_own_function_within_its_quota(
    bench: Bench, headers: dict[str, str]
) -> None:
    """Apart from the pipeline's own; over the quota 429, with when to come back, and counted."""
    assert (await bench.post("open", headers)).status == 202
    assert (len(bench.queue.unknown), bench.queue.requests) == (1, [])
    bench.queue.full = True
    answer = await bench.post("open", headers)
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (429, "10")
    assert b"unsigned requests wait for open as may wait" in answer.body
    assert 'reason="over-quota"' in bench.refused()[0]
    assert (await bench.post("open", signed("open"))).status == 202


async def test_which_of_two_headers_counts_is_the_one_that_the_function_gets(bench: Bench) -> None:
    """The queue keeps both, and the first is delivered."""
    good = signed("signature")
    ((name, value),) = good.items()
    for headers, status in (
        ([(name, value), ("X-Ftg-Signature", "t=1,v1=0")], 202),
        ([("X-Ftg-Signature", "t=1,v1=0"), (name, value)], 401),
        ([(name, value), ("Idempotency-Key", "a")], 401),
    ):
        call = Request("POST", "/", headers, BODY)
        assert (await bench.invocations.later("signature", call, "x")).status == status


@pytest.mark.parametrize("url", ["back", "ftp://x/", "http://u:p@back/", "http://", "//back/"])
async def test_a_callback_that_is_no_url_is_400(bench: Bench, url: str) -> None:
    answer = await bench.post("open", {"X-Callback-Url": url} | signed("open"))
    assert (answer.status, answer.body.startswith(b"X-Callback-Url: ")) == (400, True)
    assert bench.queue.requests == []


@pytest.mark.parametrize(
    ("listed", "authenticated", "url", "status"),
    [
        ("", False, CI, 403),
        ("", True, CI, 202),
        ("", True, "http://169.254.169.254/latest", 403),
        ("", True, "http://127.0.0.1:8080/system/functions", 403),
        ("", True, "http://127.0.0.1:8080/function/told", 202),
        ("https://ci.example.com", False, CI, 202),
        ("https://ci.example.com", True, "https://other.example.com/", 403),
        ("http://169.254.169.254", True, "http://169.254.169.254/", 403),
    ],
)
async def test_a_callback_goes_where_the_operator_allows(
    tmp_path: Path, listed: str, authenticated: bool, url: str, status: int
) -> None:
    """Refused in a sentence before anything is queued, and counted."""
    bench = made(tmp_path, listed)
    headers = {"X-Callback-Url": url} | (signed("open") if authenticated else {})
    answer = await bench.post("open", headers)
    assert answer.status == status, answer.body
    queued = bench.queue.requests if authenticated else bench.queue.unknown
    if status == 202:
        found = json.loads(queued[0][1])["CallbackUrl"]
        assert f"{found['Scheme']}://{found['Host']}{found['Path']}" == url
    else:
        assert queued == []
        assert 'reason="callback"' in bench.refused()[0]
    if not (listed or authenticated):
        assert b"FTG_CALLBACK_ORIGINS" in answer.body


async def test_without_its_secrets_the_gateway_lets_nobody_in_for_somebody_else(
    bench: Bench,
) -> None:
    """503 names the secret; who asks for nothing of the kind is served; then it is there again."""
    (bench.secrets / "ftg-signing-key").unlink()
    answer = await bench.post("signature", signed("signature"))
    assert (answer.status, b"ftg-signing-key" in answer.body) == (503, True)
    assert (await bench.post("open")).status == 202
    write_private(bench.secrets / "ftg-signing-key", KEY)
    assert (await bench.post("signature", signed("signature"))).status == 202


async def test_a_secret_that_was_changed_counts_at_once(bench: Bench) -> None:
    assert (await bench.post("signature", signed("signature"))).status == 202
    write_private(bench.secrets / "ftg-signing-key", b"another key")
    assert (await bench.post("signature", signed("signature"))).status == 401
    assert (await bench.post("signature", signed("signature", b"another key"))).status == 202


async def test_a_queue_without_room_is_away_for_who_is_known(bench: Bench) -> None:
    """503, and the stage that sent it tries again: nothing of a run is lost."""
    bench.queue.away = True
    answer = await bench.post("signature", signed("signature"))
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "2")
