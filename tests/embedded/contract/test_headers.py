"""Headers at a proxy."""

from hypothesis import given
from hypothesis import strategies as st

from embedded.contract.headers import end_to_end
from events.requests import HOP_BY_HOP


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
