"""What becomes of a delivery: a pure decision from the function's answer.

Codes and waits as OpenFaaS Pro's queue-worker has them
(https://docs.openfaas.com/openfaas-pro/retries/): exponential from `min_wait` to `max_wait`,
`Retry-After` honoured, full jitter on top so that retries of one outage do not come together.
"""

from typing import NamedTuple

from events.routes import RetryPolicy


class Answer(NamedTuple):
    """What the function said."""

    status: int
    body: bytes = b""
    retry_after: float | None = None  # seconds


class Settled(NamedTuple):
    """Done: acknowledge."""


class Retry(NamedTuple):
    """Deliver again after `delay` seconds."""

    delay: float


class Bury(NamedTuple):
    """Give up: keep it as a dead letter."""

    error: str


Outcome = Settled | Retry | Bury


def decide(answer: Answer, attempt: int, policy: RetryPolicy, jitter: float) -> Outcome:
    """The outcome of attempt number `attempt` (1 is the first); `jitter` is uniform in [0, 1)."""
    if 200 <= answer.status < 300:
        return Settled()
    if answer.status not in policy.codes or attempt >= policy.attempts:
        return Bury(answer.body[:8192].decode(errors="replace") or f"status {answer.status}")
    wait = min(policy.max_wait, policy.min_wait * 2 ** min(attempt - 1, 30))
    wait = max(wait * (0.5 + 0.5 * jitter), answer.retry_after or 0.0)
    return Retry(min(wait, policy.max_wait))
