"""Deliveries as HTTP: OpenFaaS's queue requests, and facts."""

import base64
import json
import uuid
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery.requests import (
    CALL_ID,
    SIGNATURE,
    TOPIC,
    QueueRequest,
    Request,
    from_fact,
    from_queue,
    run_of,
)
from faastraingym.schemas.errors import MessageError
from faastraingym.schemas.messages import Message, encode, tag
from tests.schemas.samples import SAMPLES

# As OpenFaaS's gateway writes it: Go's JSON of queue.Request.
QUEUED = {
    "Header": {
        "X-Call-Id": ["5ab9b7a5-0f0b-4d3a-8f0c-0a3f7a1d9f10"],
        "Content-Type": ["application/msgpack"],
        "Accept": ["a", "b"],
        "X-Empty": [],
    },
    "Host": "127.0.0.1:8080",
    "Body": "aGVsbG8=",
    "Method": "POST",
    "Path": "/sub",
    "QueryString": "a=1&b=2",
    "Function": "rollout",
    "QueueName": "",
    "CallbackUrl": {
        "Scheme": "http",
        "Opaque": "",
        "User": None,
        "Host": "example.com:9000",
        "Path": "/done",
        "RawPath": "",
        "ForceQuery": False,
        "RawQuery": "x=1",
        "Fragment": "",
    },
}


def test_a_queued_invocation_becomes_the_request_that_it_stands_for() -> None:
    request = from_queue(json.dumps(QUEUED).encode())
    assert request == Request(
        method="POST",
        path="/sub",
        query="a=1&b=2",
        headers={
            "X-Call-Id": "5ab9b7a5-0f0b-4d3a-8f0c-0a3f7a1d9f10",
            "Content-Type": "application/msgpack",
            "Accept": "a",
        },
        body=b"hello",
        callback="http://example.com:9000/done?x=1",
    )
    assert request.call_id == "5ab9b7a5-0f0b-4d3a-8f0c-0a3f7a1d9f10"


@pytest.mark.parametrize("absent", [{}, {"Body": None, "CallbackUrl": None}, {"Body": ""}])
def test_body_and_callback_may_be_absent(absent: dict[str, object]) -> None:
    request = from_queue(json.dumps({"Function": "rollout", **absent}).encode())
    assert request == Request()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"Function": 3}',
        b'{"Function": "f", "Body": "not base64"}',
        b'{"Function": "f", "Body": "\xc3\xbc"}',
        b'{"Function": "f", "Header": {"a": "b"}}',
        b'{"Function": "f", "CallbackUrl": "http://x"}',
        b'{"Function": "f", "CallbackUrl": {"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)
def test_what_is_no_queue_request_is_a_message_error(data: bytes) -> None:
    with pytest.raises(MessageError, match="not a queue request"):
        from_queue(data)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_a_request_or_a_message_error(data: bytes) -> None:
    with suppress(MessageError):
        assert isinstance(from_queue(data), Request)


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@given(st.binary(max_size=100))
def test_a_fact_travels_as_it_is(data: bytes) -> None:
    request = from_fact("aggregate-rewards", "ftg.rollout.completed.r.2.1", data, "t=1,v1=ab")
    assert (request.method, request.path, request.body) == ("POST", "", data)
    assert request.headers[TOPIC] == "rollout.completed"
    assert request.headers[SIGNATURE] == "t=1,v1=ab"
    assert request.headers["Content-Type"] == "application/msgpack"


@pytest.mark.parametrize(
    ("trace", "told"), [(TRACE, TRACE), ("", None), ("x\r\ny: z", None), ("é", None)]
)
def test_a_facts_trace_context_goes_along_if_it_is_one(trace: str, told: str | None) -> None:
    """Whoever said the fact may have written anything there; it must not fail the delivery."""
    request = from_fact("plan-update", "ftg.rewards.ready.r.2", b"", "s", trace)
    assert request.headers.get("traceparent") == told


def test_a_fact_has_one_call_id_per_listener() -> None:
    told = [
        from_fact(function, subject, b"", "s").headers[CALL_ID]
        for function in ("conclude-run", "audit", "conclude-run")
        for subject in ("ftg.run.failed.a", "ftg.run.failed.b")
    ]
    assert len(set(told)) == 4
    assert told[:2] == told[4:]
    assert all(str(uuid.UUID(call_id)) == call_id for call_id in told)


def a_queued(body: bytes) -> bytes:
    queued = QueueRequest(function="f", body=base64.b64encode(body).decode())
    return msgspec.json.encode(queued)


@pytest.mark.parametrize("sample", SAMPLES, ids=[tag(sample) for sample in SAMPLES])
def test_the_run_of_a_queued_message_is_known_without_decoding_it(sample: Message) -> None:
    assert run_of(a_queued(encode(sample))) == sample.run


@given(st.binary(max_size=100))
def test_bytes_that_name_no_run_belong_to_none(data: bytes) -> None:
    """Whoever waits behind them is not to notice."""
    for queued in (data, a_queued(data), a_queued(b"\x91" * 5000)):
        assert isinstance(run_of(queued), str)
    assert run_of(b'{"Body": "not base64"}') == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Method": "GET\r\nX: y"}, "is no method or header name"),
        ({"Method": ""}, "is no method or header name"),
        ({"Header": {"a b": ["1"]}}, "is no method or header name"),
        ({"Header": {"A": ["1\r\nB: 2"]}}, "holds a control character"),
        ({"Path": "/a\nb"}, "holds a control character"),
        ({"QueryString": "a=\x00"}, "holds a control character"),
        ({"CallbackUrl": {"Scheme": "http", "Host": "h\n"}}, "is no callback URL"),
    ],
)
def test_what_http_cannot_carry_is_refused_at_once(change: dict[str, object], words: str) -> None:
    """At delivery it would fail every time, as if the gateway were at fault."""
    with pytest.raises(MessageError, match=words):
        from_queue(json.dumps({"Function": "f", **change}).encode())
