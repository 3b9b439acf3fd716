"""Queue requests as they are written, and that they are read as what was asked."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery.queue_request import canonical, encode, of_command
from faastraingym.events.delivery.requests import Request, from_queue, run_of
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.schemas.messages import RunRequested
from faastraingym.schemas.messages import encode as message

REQUESTED = RunRequested(run="r", spec={})
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ORDERS: dict[str, Any] = {"annotations": {"com.openfaas.queue": "slow", "a": "b"}}


def read(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)
    return found


def test_a_command_is_queued_as_the_gateway_would_have_queued_it() -> None:
    """Go's names of headers and fields; no callback means no field."""
    command = Invocation("start-run", REQUESTED)
    assert read(of_command(command, b"\x00body", "t=1,v1=ab", TRACE)) == {
        "Function": "start-run",
        "Method": "POST",
        "Path": "",
        "QueryString": "",
        "Host": "",
        "Header": {
            "X-Call-Id": [command.call_id],
            "X-Ftg-Signature": ["t=1,v1=ab"],
            "Content-Type": ["application/msgpack"],
            "Traceparent": [TRACE],
        },
        "Body": base64.b64encode(b"\x00body").decode(),
        "QueueName": "",
        "Annotations": {},
        "Labels": {},
    }


@pytest.mark.parametrize("attempt", [-3, 0, 1, 2])
def test_only_a_command_that_is_issued_again_says_so(attempt: int) -> None:
    """The stage then looks whether its work was done."""
    command = Invocation("start-run", REQUESTED, attempt)
    queued = from_queue(of_command(command, message(REQUESTED), "s", TRACE))
    assert queued.headers.get("X-Ftg-Again") == ("1" if attempt else None)
    assert queued.call_id == command.call_id


def test_a_command_names_its_run() -> None:
    """For the queue-worker, which takes turns among runs."""
    assert run_of(of_command(Invocation("start-run", REQUESTED), message(REQUESTED), "", "")) == "r"


@given(st.binary(max_size=100), st.sampled_from(["", "/a", "/a/b"]), st.sampled_from(["", "x=1"]))
def test_what_is_written_is_read_as_it_was_asked(body: bytes, path: str, query: str) -> None:
    queued = encode("f", [("a-b", "c")], body, method="PUT", path=path, query=query)
    asked = Request(method="PUT", path=path, query=query, headers={"A-B": "c"}, body=body)
    assert from_queue(queued) == asked


@pytest.mark.parametrize(
    "url",
    [
        "http://ci.example.com",
        "https://ci.example.com:8443/told?run=1&b",
        "http://[::1]:9/a#fragment",
        "http://ci.example.com/%2e%2e/a%20b",
    ],
)
def test_a_callback_is_read_as_it_was_written(url: str) -> None:
    """By way of Go's net/url.URL."""
    assert from_queue(encode("f", [], b"", callback=url)).callback == url


def test_a_header_that_comes_twice_is_a_list_and_an_annotation_names_the_queue() -> None:
    queued = read(encode("f", [("accept", "a"), ("ACCEPT", "b")], b"", host="h", **ORDERS))
    assert (queued["Header"], queued["Host"]) == ({"Accept": ["a", "b"]}, "h")
    assert (queued["QueueName"], queued["Annotations"]) == ("slow", ORDERS["annotations"])


@pytest.mark.parametrize(
    ("name", "gos"),
    [("x-call-id", "X-Call-Id"), ("TRACEPARENT", "Traceparent"), ("ce-ID", "Ce-Id"), ("a", "A")],
)
def test_headers_are_spelt_as_go_spells_them(name: str, gos: str) -> None:
    assert canonical(name) == gos
