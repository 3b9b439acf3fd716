"""What a callback tells: the function's own headers, and OpenFaaS's over them."""

import pytest

from faastraingym.events.delivery.callback_headers import headers
from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.requests import HOP_BY_HOP, Request

BEGAN = "1792000000000000000"
ASKED = Request(headers={"X-Call-Id": "one", "X-Start-Time": BEGAN, "Content-Type": "text/plain"})
OURS = {
    "X-Call-Id": "one",
    "X-Function-Name": "echo",
    "X-Function-Status": "201",
    "X-Duration-Seconds": "0.250000",
    "X-Start-Time": BEGAN,
}


def told(answered: dict[str, str], asked: Request = ASKED) -> dict[str, str]:
    return headers("echo", asked, Answer(201, b"done", seconds=0.25, headers=answered))


def test_the_functions_own_headers_go_along() -> None:
    """Content type, and what it made up itself; the request's own do not."""
    own = {"content-type": "application/json", "x-custom": "a, b", "content-encoding": "gzip"}
    assert told(own) == OURS | {
        "Content-Type": "application/json",
        "X-Custom": "a, b",
        "Content-Encoding": "gzip",
    }
    assert told({}) == OURS


@pytest.mark.parametrize("name", [*OURS])
def test_what_openfaas_tells_wins(name: str) -> None:
    """Whatever the function, or the gateway before it, said of that."""
    assert told({name.lower(): "forged"}) == OURS


@pytest.mark.parametrize("name", [*sorted(HOP_BY_HOP), "host", "content-length", "expect"])
def test_what_belongs_to_another_connection_stays_there(name: str) -> None:
    """Hop-by-hop headers, and those that are made anew."""
    assert told({name: "x"}) == OURS


def test_what_connection_names_stays_there_too() -> None:
    assert told({"connection": "close, X-Hop", "x-hop": "1", "x-end": "2"}) == OURS | {"X-End": "2"}


def test_when_a_gateway_took_the_call_is_told_by_whoever_knows_it() -> None:
    """The request as it was queued, whatever its spelling; else the answer."""
    lower = Request(headers={"x-call-id": "one", "x-start-time": BEGAN})
    assert told({"x-start-time": "2"}, lower)["X-Start-Time"] == BEGAN
    unknown = Request(headers={"X-Call-Id": "one"})
    assert told({"x-start-time": "2"}, unknown)["X-Start-Time"] == "2"
    assert "X-Start-Time" not in told({}, unknown)
