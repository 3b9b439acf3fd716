"""W3C trace context: what is one, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.telemetry.tracing import Context, of_run, parse

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "text", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01-what-comes"]
)
def test_a_context_is_read(text: str) -> None:
    """Sampled or not; of a version to come, what this one knows."""
    assert parse(text) == Context(TRACE, SPAN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\r\nx-evil: 1",
        f" 00-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_none_is_nothing(text: str) -> None:
    """As the recommendation has it; it is ignored, not refused."""
    assert parse(text) is None


@given(st.text())
def test_a_runs_own_trace_is_one_and_the_same(run: str) -> None:
    """Whoever derives it."""
    assert parse(str(of_run(run))) == of_run(run)


def test_runs_have_traces_of_their_own() -> None:
    """And spans."""
    assert len({part for run in "ab" for part in of_run(run)}) == 4
