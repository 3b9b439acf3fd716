"""The outcome of a delivery: a pure decision from the function's answer.

Codes and waits as in https://docs.openfaas.com/openfaas-pro/retries/: exponential from `min_wait`
to `max_wait`, or `Retry-After` within those, less up to half by jitter.
"""

from collections.abc import Mapping
from typing import NamedTuple

from faastraingym.events.delivery.answers import Meaning
from faastraingym.events.topology.stack_file import RetryPolicy

REMEMBERED = 10_000  # messages; the broker has as many in flight
OVERTIMES = 2  # per message: a busy machine may cause one; two mean work that is too long


class Answer(NamedTuple):
    """The answer of the function, or of a component in its place."""

    status: int
    body: bytes = b""
    retry_after: float | None = None  # seconds
    seconds: float = 0.0  # that it took; 0: no answer came
    headers: Mapping[str, str] = {}  # names in lower case


class Settled(NamedTuple):
    """Done: acknowledge."""


class Retry(NamedTuple):
    """Deliver again after `delay` seconds."""

    delay: float


class GiveUp(NamedTuple):
    """Give up: store it as a dead letter."""

    error: str


Outcome = Settled | Retry | GiveUp


class Tries(NamedTuple):
    """How often a function has had a message and failed."""

    failed: int = 0
    overtime: int = 0  # of those, how often it ran longer than it may


def decide(
    answer: Answer, tried: Tries, delivered: int, policy: RetryPolicy, jitter: float
) -> Outcome:
    """The outcome of a delivery; `jitter` is uniform in [0, 1).

    `tried` includes this failure; `delivered` counts all deliveries, outages included.
    """
    if 200 <= answer.status < 300:
        return Settled()
    failed = tried.failed >= policy.attempts or tried.overtime >= OVERTIMES
    spent = failed or delivered >= policy.patience
    if answer.status not in policy.codes or spent:
        # The end of a traceback is its most useful part.
        return GiveUp(answer.body[-8192:].decode(errors="replace") or f"status {answer.status}")
    wait = policy.min_wait * 2 ** min(delivered - 1, 30)
    if answer.retry_after is not None:
        wait = max(policy.min_wait, answer.retry_after)
    return Retry(min(policy.max_wait, wait) * (0.5 + 0.5 * jitter))


class Failures:
    """How often the function itself failed with a message: of the newest `most` messages."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._tries: dict[str, Tries] = {}  # that failed longest ago first
        self._most = most

    def __len__(self) -> int:
        return len(self._tries)

    def add(self, message_id: str, meaning: Meaning, again: bool = False) -> Tries:
        """Count an answer to a message; returns its failures so far.

        `again`: others of its run had run overtime or died before; they have one more attempt.
        """
        failed, overtime = self._tries.pop(message_id, Tries())
        if meaning is Meaning.OVERTIME:
            overtime = max(overtime, int(again)) + 1
        tries = Tries(failed + meaning.is_failure, overtime)
        if tries.failed:
            self._tries[message_id] = tries
        if len(self._tries) > self._most:
            self.forget(next(iter(self._tries)))
        return tries

    def forget(self, message_id: str) -> None:
        """Forget a message that is settled."""
        self._tries.pop(message_id, None)
