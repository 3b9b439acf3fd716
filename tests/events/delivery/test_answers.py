"""Who speaks, and what it means: the table of docs/openfaas_contract.md, row by row."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery.answers import TRIED_SECONDS, Meaning, meaning

LIMIT = 120.0
WATCHDOG = {"x-openfaas-internal": "of-watchdog", "x-duration-seconds": "0.001"}
PROXY = {"x-openfaas-internal": "proxy"}
OURS = {"x-openfaas-internal": "faastraingym"}
OWN = {"x-duration-seconds": "0.2"}
INGRESS = {"server": "nginx", "content-type": "text/html"}
NOBODY: dict[str, str] = {}
DONE, UNTRIED, FAILED = Meaning.DONE, Meaning.UNTRIED, Meaning.FAILED
DIED, OVERTIME = Meaning.DIED, Meaning.OVERTIME

TABLE = [
    # of-watchdog 0.11: its process refuses connections; it broke one off; exec_timeout
    (500, WATCHDOG, 0.001, UNTRIED),
    (500, WATCHDOG, 37.0, DIED),
    (504, WATCHDOG, 120.0, OVERTIME),
    (504, WATCHDOG, 3.0, OVERTIME),  # a shorter X-Timeout
    (429, WATCHDOG, 0.001, UNTRIED),  # max_inflight
    # a provider (faas-netes, faasd): no endpoint; the pod refuses; the pod died; read_timeout
    (503, PROXY, 0.001, UNTRIED),
    (500, PROXY, 0.001, UNTRIED),
    (500, PROXY, 10.0, DIED),
    (500, PROXY, 125.0, OVERTIME),
    # OpenFaaS's gateway, which names nobody: its provider is away; it waited for too long
    (502, NOBODY, 0.002, UNTRIED),
    (502, NOBODY, 121.0, OVERTIME),
    # what stands before it
    (502, INGRESS, 0.01, UNTRIED),
    (503, INGRESS, 0.01, UNTRIED),
    (504, INGRESS, 0.01, UNTRIED),
    (504, INGRESS, 60.0, DIED),  # its own patience ended, nobody knows why
    # the embedded gateway and provider
    (503, OURS, 1.0, UNTRIED),
    (502, OURS, 0.01, UNTRIED),  # the provider is away
    (502, OURS | {"x-ftg-replica": "died"}, 0.01, DIED),
    (504, OURS | {"x-ftg-replica": "overtime"}, 2.0, OVERTIME),
    (502, OURS | {"x-ftg-replica": "answered"}, 0.1, FAILED),
    # a function: a stage of ours, one behind of-watchdog, one behind nothing
    (200, OWN, 1.0, DONE),
    (202, NOBODY, 1.0, DONE),
    (400, OWN, 0.1, FAILED),
    (422, OWN, 1.0, FAILED),
    (500, OWN, 1.0, FAILED),
    (500, NOBODY, 1.0, FAILED),
    (502, OWN, 1.0, FAILED),  # a proxy of somebody's
    (503, OWN, 1.0, UNTRIED),  # the store is away
    (504, OWN, 1.0, FAILED),
    (429, OWN, 0.1, UNTRIED),
    (404, NOBODY, 0.01, FAILED),
]  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "seconds", "told"), TABLE)
def test_who_speaks_and_what_it_means(
    status: int, headers: dict[str, str], seconds: float, told: Meaning
) -> None:
    assert meaning(status, headers, seconds, LIMIT) is told


def test_the_document_has_a_row_of_every_meaning() -> None:
    """It says in words what the table above says in data."""
    text = Path("docs/openfaas_contract.md").read_text()
    for told in Meaning:
        assert told.value in text


@given(
    st.integers(100, 599), st.sampled_from([WATCHDOG, PROXY, OURS, OWN, NOBODY]), st.floats(0, 1e4)
)
def test_every_answer_means_something(status: int, headers: dict[str, str], seconds: float) -> None:
    """And what comes at once, by nobody's fault, never spends an attempt."""
    told = meaning(status, headers, seconds, LIMIT)
    assert (told is DONE) == (200 <= status < 300)
    named = "x-openfaas-internal" in headers
    if named and status in (500, 502, 503) and seconds < TRIED_SECONDS:
        assert not told.is_failure
