"""The largest messages: one at the limit goes all the way, one byte more is refused in words."""

import asyncio
import time
import urllib.error
import urllib.request

from benchmarks.report import Row
from faastraingym.adapters.http.signing import sign
from faastraingym.events.delivery.requests import CALL_ID, SIGNATURE
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import MAX_MESSAGE_BYTES, RewardsReady, RunRequested, encode
from faastraingym.schemas.specification import MAX_ROLLOUTS, RunSpec, to_dict

from .environments import PADDED
from .runs import Bench, ended, losses, none, request, train
from .sizes import Size, tiny

NAME = "largest"
FUNCTION = "start-run"
TEXT = 8000  # characters of one text


async def measure(at: Bench, size: Size) -> list[Row]:
    """As a fact, as a command, and as the batch of the largest fan-out."""
    spec = padded("largest-fact", MAX_MESSAGE_BYTES)
    await request(at, "largest-fact", spec)
    fact = await ended(at, "largest-fact", spec)

    spec = padded("largest-call", MAX_MESSAGE_BYTES)
    body = encode(RunRequested(run="largest-call", spec=to_dict(spec)))
    status, words = await post(at, "async-function", body)
    assert status == 202, words
    call = await ended(at, "largest-call", spec)

    most = await train(at, "largest-batch", tiny(min(MAX_ROLLOUTS, size.most), 1))
    [batch] = [len(encode(r.fact)) for r in most.records if isinstance(r.fact, RewardsReady)]
    return [
        Row(benchmark=NAME, what="a fact and a command", unit="bytes", samples=[float(len(body))]),
        Row(
            benchmark=NAME,
            what=f"rewards.ready of {most.spec.rollout.count} rollouts",
            unit="bytes",
            samples=[float(batch)],
            at_most=MAX_MESSAGE_BYTES,
        ),
        *[none(NAME, f"a byte more taken by {who}", taken) for who, taken in await over(at)],
        *await losses(at, NAME, fact, call, most),
    ]


async def over(at: Bench) -> list[tuple[str, bool]]:
    """Who takes a message of one byte more, or refuses it without naming the limit."""
    spec = padded("larger", MAX_MESSAGE_BYTES + 1)
    told = RunRequested(run="larger", spec=to_dict(spec))
    try:
        encode(told)
        coded = True
    except MessageError as refusal:
        coded = str(MAX_MESSAGE_BYTES) not in str(refusal)
    body = bytes(MAX_MESSAGE_BYTES + 1)
    found = [("the codec", coded)]
    for path, expected in (("async-function", 413), ("function", 400)):
        status, words = await post(at, path, body)
        found.append((path, status != expected or str(MAX_MESSAGE_BYTES) not in words))
    command = await asyncio.to_thread(at.stack.cli, "start", at.stack.file(to_dict(spec)))
    refused = command.returncode == 3 and str(MAX_MESSAGE_BYTES) in command.stderr
    return [*found, ("faastrain start", not refused)]


def padded(run: str, size: int) -> RunSpec:
    """A specification with which the request of `run` is `size` bytes long."""

    def spec(rest: int) -> RunSpec:
        kwargs = {"padding": ["x" * TEXT] * (size // TEXT - 1) + ["x" * rest]}
        return tiny(2, 1, environment={"id": PADDED, "num_envs": 1, "kwargs": kwargs})

    least = 256  # from there on msgpack writes every length in as many bytes
    return spec(least + size - len(encode(RunRequested(run=run, spec=to_dict(spec(least))))))


async def post(at: Bench, path: str, body: bytes) -> tuple[int, str]:
    """Invoke start-run through the gateway; the status and the words of its answer."""
    return await asyncio.to_thread(_post, at, path, body)


def _post(at: Bench, path: str, body: bytes) -> tuple[int, str]:
    key = (at.stack.home / "secrets" / "ftg-signing-key").read_bytes().strip()
    signature = sign(key, FUNCTION, body, time.time())
    url = f"{at.stack.up().gateway_url}/{path}/{FUNCTION}"
    headers = {SIGNATURE: signature, CALL_ID: f"largest-{len(body)}"}
    asked = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  our own gateway
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
            return int(answer.status), str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
