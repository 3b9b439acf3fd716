"""Headers at a proxy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.embedded.contract.headers import end_to_end, forwarded
from faastraingym.events.delivery.requests import HOP_BY_HOP

FOR, HOST = "X-Forwarded-For", "X-Forwarded-Host"


def test_hop_by_hop_headers_stay_behind() -> None:
    """So do Host and Content-Length, and what Connection names."""
    given_headers = [
        ("Host", "a"),
        ("Connection", "close, X-Mine"),
        ("x-mine", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "3"),
        ("Content-Type", "text/plain"),
    ]
    assert end_to_end(given_headers) == [("Content-Type", "text/plain")]


def test_repeated_headers_are_kept_in_order() -> None:
    """Two cookies stay two."""
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    assert end_to_end(cookies) == cookies


@given(st.lists(st.tuples(st.sampled_from(["X-A", "TE", "x-b", "Upgrade"]), st.text(max_size=3))))
def test_it_is_idempotent(headers: list[tuple[str, str]]) -> None:
    """What travelled once travels on unchanged."""
    once = end_to_end(headers)
    assert end_to_end(once) == once
    assert not HOP_BY_HOP & {name.lower() for name, _ in once}


@pytest.mark.parametrize(
    ("came", "address", "host", "told"),
    [
        ([], "10.0.0.9", "faas:8080", {FOR: "10.0.0.9", HOST: "faas:8080"}),
        ([(FOR, "1.1.1.1")], "::1", "h", {FOR: "1.1.1.1, ::1", HOST: "h"}),
        ([("x-forwarded-for", "a, b"), (FOR, "c")], "d", "", {FOR: "a, b, c, d"}),
        ([(HOST, "public.example.com")], "", "h", {HOST: "public.example.com, h"}),
        ([(FOR, "127.0.0.1")], "", "", {FOR: "127.0.0.1"}),
    ],
)
def test_who_asked_is_told_after_what_was_told_before(
    came: list[tuple[str, str]], address: str, host: str, told: dict[str, str]
) -> None:
    """One header of each name, whatever came; the last entry is ours."""
    others = [("X-Own", "1"), ("X-Own", "2")]
    found = forwarded([*others, *came], address, host)
    assert found[:2] == others
    assert sorted(found[2:]) == sorted(told.items())
