"""The meaning of an answer for the message: data, and one pure decision.

A 5xx may come from the function, or from a component that could not reach it: a function that is
starting has not failed. OpenFaaS's components name themselves in `X-OpenFaaS-Internal`; a
function's own answer has `X-Duration-Seconds`, which of-watchdog and our stages add; our provider
reports the fate of the replica. docs/openfaas_contract.md has the table.
"""

from collections.abc import Mapping
from enum import Enum

INTERNAL = "X-OpenFaaS-Internal"  # answers for the function: proxy, of-watchdog, gateway
DURATION = "X-Duration-Seconds"
REPLICA = "X-Ftg-Replica"  # the fate of the replica that had the request; the values are below
DIED, OVERTIME, ANSWERED = "died", "overtime", "answered"

UNTRIED = frozenset({429, 503})  # busy or away, no matter which component answers
UNREACHED = frozenset({500, 502, 504})  # from another component: it could not reach the function
UNMARKED = frozenset({502, 504})  # of these, the answers of proxies that do not name themselves
TRIED_SECONDS = 5.0  # a later answer: the function has received the request


class Meaning(Enum):
    """The outcome of an invocation, by its answer."""

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
        """Whether the function was cut off, so that it cannot have published anything itself."""
        return self in (Meaning.DIED, Meaning.OVERTIME)


_SEEN = {DIED: Meaning.DIED, OVERTIME: Meaning.OVERTIME, ANSWERED: Meaning.FAILED}


def meaning(status: int, headers: Mapping[str, str], seconds: float, limit: float) -> Meaning:
    """The meaning of an answer, by its status and headers (names in lower case).

    It took `seconds`, 0 if no answer came; `limit` is the function's exec_timeout in seconds.
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
    if INTERNAL.lower() in headers:
        return status in UNREACHED
    return status in UNMARKED and DURATION.lower() not in headers
