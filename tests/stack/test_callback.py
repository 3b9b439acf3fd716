"""An asynchronous invocation's callback: by a real gateway, queue, worker and function."""

import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from faastraingym.adapters.http.signing import sign
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.direct import read_all
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import DEAD
from faastraingym.schemas import dead_letter
from tests.callbacks import Receiver
from tests.stack.facts import PATIENCE, until
from tests.stack.support import Stack

BODY = b"nothing"


def signed(stack: Stack, function: str) -> str:
    key = (stack.home / "secrets" / "ftg-signing-key").read_bytes().strip()
    return sign(key, function, BODY, time.time())


def post(
    stack: Stack, function: str, url: str, call_id: str, signature: str = ""
) -> tuple[int, str]:
    """The gateway's status and words."""
    headers = {"X-Callback-Url": url, "X-Call-Id": call_id}
    headers |= {"X-Ftg-Signature": signature} if signature else {}
    target = f"{stack.up().gateway_url}/async-function/{function}"
    request = urllib.request.Request(target, data=BODY, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_caller_is_told_how_it_ended(stack: Stack, receiver: Receiver) -> None:
    """By OpenFaaS's headers; the function refuses what is no message. Who asks is known."""
    url = f"{receiver.url}/ended?a=b"
    assert post(stack, "evaluate", url, "watched", signed(stack, "evaluate"))[0] == 202
    called = receiver.called.get(timeout=PATIENCE)
    assert (called.method, called.path) == ("POST", "/ended?a=b")
    assert called.headers["X-Call-Id"] == "watched"
    assert called.headers["X-Function-Name"] == "evaluate"
    assert called.headers["X-Function-Status"] == "400"
    assert float(called.headers["X-Duration-Seconds"]) > 0
    assert called.headers["Content-Type"] == "text/plain"
    assert abs(int(called.headers["X-Start-Time"]) / 1e9 - time.time()) < PATIENCE
    assert int(called.headers["Content-Length"]) == len(called.body) > 0


async def test_nothing_is_posted_where_a_stranger_says(stack: Stack, receiver: Receiver) -> None:
    """Nor, whoever asks, to what no list opens; what was let in and fails is a headline."""
    for url in (
        f"{receiver.url}/ssrf", "http://169.254.169.254/latest/meta-data",
        f"{stack.up().gateway_url}/system/functions",
    ):  # fmt: skip
        status, words = post(stack, "reconcile", url, "stranger")
        assert (status, "FTG_CALLBACK_ORIGINS" in words) == (403, True)
        assert post(stack, "rollout", url, "stranger")[0] == 401
    for url in ("file:///etc/passwd", "gopher://127.0.0.1:1/x", "http://a:b@127.0.0.1:1/auth"):
        assert post(stack, "reconcile", url, "stranger", signed(stack, "reconcile"))[0] == 400
    for url, words in (
        ("http://169.254.169.254/latest/meta-data", "metadata"),
        (f"{stack.up().gateway_url}//system/functions", "own API"),
        (f"{stack.up().gateway_url}/function/%2e%2e/system/functions", "own API"),
    ):
        told = post(stack, "reconcile", url, "known", signed(stack, "reconcile"))
        assert (told[0], words in told[1]) == (403, True)
    nobody = "http://0xa9fea9fe/latest/meta-data"  # 169.254.169.254, once it is resolved
    assert post(stack, "reconcile", nobody, "late", signed(stack, "reconcile"))[0] == 202
    connection = await broker.connect(*stack.nats())
    subject = subjects.of_dead_letter("reconcile", subjects.CALLBACK)

    async def buried() -> bool:
        return bool(await read_all(connection, DEAD.name, subject))

    try:
        await until(buried)
        (stored,) = await read_all(connection, DEAD.name, subject)
    finally:
        await connection.close()
    letter = dead_letter.decode(stored.data)
    assert (letter.call_id, letter.payload) == ("late", b"")
    assert f"callback to '{nobody}': " in letter.error
    assert receiver.called.empty()
    assert "cannot be replayed" in stack.cli("dead", "replay", str(stored.sequence)).stderr
    assert stack.cli("dead", "drop", str(stored.sequence)).returncode == 0


def test_a_list_that_is_none_keeps_a_stack_from_starting(tmp_path: Path) -> None:
    """And says which part of it is wrong."""
    stack = Stack(tmp_path, FTG_CALLBACK_ORIGINS="https://ci.example.com,example.org")
    with pytest.raises(Exception, match=r"FTG_CALLBACK_ORIGINS: 'example.org' is not an absolute"):
        stack.up()
