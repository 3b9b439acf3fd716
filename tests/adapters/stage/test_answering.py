"""Stages that answer callers: who may ask, what is refused, and in which words."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from faastraingym.adapters.errors import ObjectMissing, Unavailable
from faastraingym.adapters.http.callers import Callers
from faastraingym.adapters.http.connection import Reply
from faastraingym.adapters.http.rates import Rates
from faastraingym.adapters.packages.unpacking import root
from faastraingym.adapters.stage.answering import AnsweringStage, Asked, Verb
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.answers import STATUS, AnswerError
from faastraingym.schemas.arrays import unpack
from faastraingym.schemas.messages import InvocationCompleted
from tests.adapters.stage.test_stage import OBJECT, connected

TOKEN = "ann-has-this-token"
SHOWN = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", ":path": "/twice"}


class Number(Struct, forbid_unknown_fields=True):
    """A number to double."""

    number: int


class Doubled(Struct):
    twice: int
    caller: str


ERRORS: dict[int, Exception] = {
    400: AnswerError("bad-request", "number", "number: found -400"),
    404: ObjectMissing("gone", OBJECT),
    410: AnswerError("expired", "state", "state: expired"),
    422: EnvironmentFailed("it raised"),
    500: ZeroDivisionError("a defect"),
    503: Unavailable("away"),
}


async def twice(asked: Number, by: Asked) -> Doubled:
    if -asked.number in ERRORS:
        raise ERRORS[-asked.number]
    return Doubled(2 * asked.number, by.caller)


def stage(rate: float = 1000.0) -> AnsweringStage:
    made = AnsweringStage({"twice": Verb(Number, Doubled, twice)}, most_body=100)
    connected(made)
    made._callers, made._rates = Callers({"ann": TOKEN.encode()}), Rates(rate)
    return made


async def asked(made: AnsweringStage, body: bytes, **more: str) -> tuple[int, dict[str, str], Any]:
    headers = SHOWN | {name.replace("_", "-"): value for name, value in more.items()}
    status, told, text = await made(body, headers)
    return status, told, json.loads(text)


def metered(made: AnsweringStage) -> list[InvocationCompleted]:
    return made._connections.services.facts.metered  # type: ignore[attr-defined,no-any-return]


async def test_a_caller_is_answered_and_metered_for_no_run() -> None:
    made = stage()
    status, told, answer = await asked(made, b'{"number": 21}')
    assert (status, answer) == (200, {"twice": 42, "caller": "ann"})
    assert told["content-type"] == "application/json"
    (usage,) = metered(made)
    assert (usage.status, usage.heard) == (200, "")


async def test_the_answer_is_msgpack_for_whoever_accepts_that() -> None:
    _, told, body = await stage()(b'{"number": 1}', SHOWN | {"accept": "application/msgpack"})
    assert told["content-type"] == "application/msgpack"
    assert unpack(body) == {"twice": 2, "caller": "ann"}


@pytest.mark.parametrize(
    ("body", "headers", "kind", "words"),
    [
        (b"{}", {"authorization": "Bearer guess"}, "unauthenticated", "of no caller"),
        (b"{}", {"authorization": ""}, "unauthenticated", "Authorization: Bearer"),
        (b"{}", {"authorization": "", "content-type": ""}, "unauthenticated", "Bearer"),
        (b"{}", {":path": "/thrice"}, "not-found", "'thrice'; allowed: twice"),
        (b"{}", {":path": "/"}, "not-found", "''; allowed: twice"),
        (b"{}", {}, "bad-request", "missing required field `number`"),
        (b"[" * 101, {}, "too-large", "has 101 bytes; allowed: at most 100"),
        (b"{}", {"content-type": "text/plain"}, "bad-request", "Content-Type: found 'text/plain'"),
    ],
)
async def test_a_refusal_is_typed_and_says_what_is_allowed(
    body: bytes, headers: dict[str, str], kind: str, words: str
) -> None:
    made = stage()
    status, _, text = await made(body, SHOWN | headers)
    told = json.loads(text)["error"]
    assert (told["kind"], status) == (kind, STATUS[told["kind"]])
    assert words in told["text"]
    assert bool(metered(made)) == (kind != "unauthenticated")


@pytest.mark.parametrize("status", ERRORS)
async def test_every_failure_has_its_status(status: int) -> None:
    """A defect's traceback is for the log, not for the caller."""
    found, told, answer = await asked(stage(), json.dumps({"number": -status}).encode())
    assert (found, STATUS[answer["error"]["kind"]]) == (status, status)
    assert ("ZeroDivisionError" in answer["error"]["text"]) is False
    assert ("retry-after" in told) == (status == 503)


async def test_a_caller_who_asks_too_often_waits_and_is_not_metered() -> None:
    made = stage(rate=0.001)
    await asked(made, b'{"number": 1}')
    status, told, answer = await asked(made, b'{"number": 1}')
    assert (status, answer["error"]["kind"]) == (429, "too-many")
    assert 0 < int(told["retry-after"]) <= 1000
    assert len(metered(made)) == 1


@pytest.mark.parametrize("path", ["", "/", "/openapi.json?a=b"])
async def test_whoever_asks_for_it_is_told_what_there_is_to_ask(path: str) -> None:
    status, _, text = await stage()(b"", {":path": path, ":method": "GET"})
    told = json.loads(text)
    assert (status, told["openapi"]) == (200, "3.1.0")
    operation = told["paths"]["/function/conclude-run/twice"]["post"]
    assert operation["summary"] == "A number to double."
    assert {*operation["responses"]} == {"200", *map(str, STATUS.values())}
    assert told["components"]["schemas"]["Number"]["required"] == ["number"]


async def test_a_replica_that_found_no_broker_says_so_in_the_same_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def connect(_: object) -> None:
        raise Unavailable("NATS is away")

    monkeypatch.setattr("faastraingym.adapters.stage.stage.connect", connect)
    made = stage()
    made._away = True
    status, headers, told = await asked(made, b'{"number": 1}')
    assert (status, headers["retry-after"]) == (503, "1")
    assert told["error"]["kind"] == "unavailable"
    assert told["error"]["text"].startswith("NATS is away")


class Child:
    """Answers in the place of a process; remembers what it was handed."""

    def __init__(self) -> None:
        self.handed: list[tuple[list[str], bytes, str]] = []

    async def serve(
        self, folders: list[str], body: bytes, headers: dict[str, str], path: str
    ) -> Reply:
        self.handed.append(([Path(folder).name for folder in folders], body, path))
        return Reply(429, [("content-type", "application/json"), ("retry-after", "3")], b"{}")


async def test_what_is_about_packages_is_answered_by_their_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it came, by its path; who shows no token is refused before. A child meters itself."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    digest, child = "a" * 64, Child()
    (root() / digest).mkdir()

    async def packages(asked: Number, by: Asked) -> list[str]:
        return [digest] if asked.number == 1 else []

    made = AnsweringStage({"twice": Verb(Number, Doubled, twice)}, 100, packages=packages)
    connected(made)
    made._callers, made._rates = Callers({"ann": TOKEN.encode()}), Rates(1000.0)
    made._children = child  # type: ignore[assignment]
    status, told, answer = await asked(made, b'{"number": 1}')
    assert (status, answer, told["retry-after"]) == (429, {}, "3")
    assert child.handed == [([digest], b'{"number": 1}', "/twice")]
    assert metered(made) == []
    assert (await asked(made, b'{"number": 2}'))[2] == {"twice": 4, "caller": "ann"}
    assert (await asked(made, b'{"number": 1}', authorization="Bearer guess"))[0] == 401
    assert len(child.handed) == 1
