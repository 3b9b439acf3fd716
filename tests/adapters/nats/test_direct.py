"""What a broker's headers say, and what is no such header."""

from types import SimpleNamespace
from typing import Any

import pytest

from faastraingym.adapters.errors import Refused
from faastraingym.adapters.nats import direct
from faastraingym.adapters.nats.pull import position

GOOD = {"Nats-Sequence": "7", "Nats-Time-Stamp": "2024-01-02T03:04:05Z"}


def message(headers: dict[str, str] | None) -> Any:
    return SimpleNamespace(headers=headers, data=b"x")


def test_a_stored_message_has_sequence_and_time() -> None:
    assert direct._message(message(GOOD)) == (7, 1704164645.0, b"x")


@pytest.mark.parametrize(
    "headers",
    [None, {}, {**GOOD, "Nats-Sequence": "x"}, {**GOOD, "Nats-Time-Stamp": "noon"}],
)
def test_a_message_without_them_is_refused(headers: dict[str, str] | None) -> None:
    with pytest.raises(Refused, match="direct get: no time or no sequence"):
        direct._message(message(headers))


def test_a_count_of_pending_messages_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="'many' messages are pending"):
        direct._pending(message({"Nats-Num-Pending": "many"}))


@pytest.mark.parametrize("reply", ["", "$JS.ACK", "$JS.ACK.S.C.a.b.c.d.e", "_INBOX.x.y"])
def test_a_reply_subject_that_is_not_jetstreams_is_refused(reply: str) -> None:
    with pytest.raises(Refused, match="no reply subject of JetStream"):
        position(reply)
