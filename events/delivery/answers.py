"""Who speaks in an answer, and what that means for its message: data, and one pure decision.

A 5xx may be the function's own, or that of somebody on the way who could not reach it: a function
that is starting is not a function that failed. OpenFaaS's parts name themselves in
`X-OpenFaaS-Internal`; what a function says itself has `X-Duration-Seconds`, which of-watchdog and
our stages add; our provider has seen what became of its replica. docs/openfaas_contract.md has the
table.
"""

from collections.abc import Mapping
from enum import Enum

INTERNAL = "X-OpenFaaS-Internal"  # who speaks in the function's place: proxy, of-watchdog, gateway
DURATION = "X-Duration-Seconds"
REPLICA = "X-Ftg-Replica"  # what became of the replica that had the request; the values are below
DIED, OVERTIME, ANSWERED = "died", "overtime", "answered"

UNTRIED = frozenset({429, 503})  # busy or away, whoever says so
UNREACHED = frozenset({500, 502, 504})  # in the function's place: it could not be reached
UNMARKED = frozenset({502, 504})  # of these, what proxies say that do not name themselves
TRIED_SECONDS = 5.0  # who cannot reach a function says so sooner; later, it has had the request


class Meaning(Enum):
    """What an answer tells of an invocation."""

    DONE = "the function has done it"
    UNTRIED = "not tried: busy, away, or starting"
    FAILED = "the function's own failure"
    DIED = "its replica died of it"
    OVERTIME = "it ran longer than exec_timeout"

    @property
    def is_failure(self) -> bool:
        """Whether it spends an attempt."""
        return self in (Meaning.FAILED, Meaning.DIED, Meaning.OVERTIME)

    @property
    def has_cut_off(self) -> bool:
        """Whether the function was cut off, so that it cannot have told anything itself."""
        return self in (Meaning.DIED, Meaning.OVERTIME)


_SEEN = {DIED: Meaning.DIED, OVERTIME: Meaning.OVERTIME, ANSWERED: Meaning.FAILED}


def meaning(status: int, headers: Mapping[str, str], seconds: float, limit: float) -> Meaning:
    """The meaning of an answer.

    Args:
        status: its HTTP status.
        headers: its headers, names in lower case.
        seconds: that it took; 0: nobody answered.
        limit: the function's exec_timeout in seconds.
    """
    if 200 <= status < 300:
        return Meaning.DONE
    if (seen := _SEEN.get(headers.get(REPLICA.lower(), ""))) is not None:
        return seen
    if status in UNTRIED:
        return Meaning.UNTRIED
    if not _stands_in(status, headers):
        return Meaning.FAILED
    if seconds >= limit or (status == 504 and INTERNAL.lower() in headers):
        return Meaning.OVERTIME
    return Meaning.DIED if seconds >= TRIED_SECONDS else Meaning.UNTRIED


def _stands_in(status: int, headers: Mapping[str, str]) -> bool:
    """Whether somebody else than the function speaks."""
    if INTERNAL.lower() in headers:
        return status in UNREACHED
    return status in UNMARKED and DURATION.lower() not in headers
