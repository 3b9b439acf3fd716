"""A literal run of two iterations, metered: milliseconds since its first fact."""

from hashlib import sha256

from faastraingym.events.ports import Recorded
from faastraingym.schemas.messages import InvocationCompleted, Message, Span
from tests.events import facts

START = 1_000.0  # Unix time, seconds
Began = tuple[str, float]  # a function, and when it began: enough to tell which invocation


def at(ms: float) -> float:
    return START + ms / 1e3


def ms(seconds: float) -> float:
    """Milliseconds since the run's first fact."""
    return round((seconds - START) * 1e3, 3)


def publish_once(*facts_at: tuple[float, Message]) -> list[Recorded]:
    return [Recorded(i, at(when), fact) for i, (when, fact) in enumerate(facts_at, 1)]


def span(began: Began) -> str:
    return sha256(repr(began).encode()).hexdigest()[:16]


def invocation(
    begin: float,
    end: float,
    function: str,
    received: str,
    version: int | None = None,
    index: int | None = None,
    **more,
) -> InvocationCompleted:
    """Spans are (kind, begin, end), in ms since the run's first fact; `by` caused it."""
    return InvocationCompleted(
        run=facts.RUN,
        function=function,
        call_id="c",
        replica=more.get("replica", f"{function}-1"),
        started_at=at(begin),
        seconds=(end - begin) / 1e3,
        memory_mb=256,
        cold_start=more.get("cold", False),
        status=more.get("status", 200),
        heard=received,
        version=version,
        index=index,
        spans=[Span(k, (a - begin) / 1e3, (b - a) / 1e3) for k, a, b in more.get("spans", ())],
        traceparent=f"00-{'a' * 32}-{span((function, begin))}-01",
        parent=span(more["by"]) if "by" in more else "",
    )


SAID = publish_once(
    (0, facts.REQUESTED),
    (10, facts.STARTED),
    (100, facts.updated(0)),
    (120, facts.collected(0, 1)),
    (130, facts.collected(0, 0)),
    (140, facts.ready(0)),
    (200, facts.updated(1)),
    (220, facts.collected(1, 0)),
    (222, facts.collected(1, 1)),
    (232, facts.ready(1)),
    (260, facts.updated(2, rollouts=0)),
)

# One rollout replica: slot 1 goes first in version 0, and slot 0 waits for it.
USAGE = [
    invocation(
        20, 104, "update-policy", "run.started", None, None, cold=True,
        spans=[("compile", 30, 80), ("update", 30, 90), ("broker", 98, 101), ("command", 101, 103)],
    ),
    invocation(106, 121, "rollout", "collect-rollout", 0, 1, cold=True, by=("update-policy", 20)),
    invocation(
        122, 131, "rollout", "collect-rollout", 0, 0, by=("update-policy", 20),
        spans=[("store", 122, 124), ("environment", 124, 127), ("policy", 127, 128),
               ("broker", 129, 131)],
    ),
    invocation(122, 124, "aggregate-rewards", "rollout.completed", 0, 1, by=("rollout", 106)),
    invocation(133, 141, "aggregate-rewards", "rollout.completed", 0, 0, by=("rollout", 122),
               spans=[("broker", 134, 141)]),
    invocation(143, 150, "plan-update", "rewards.ready", 0, None, by=("aggregate-rewards", 133),
               spans=[("command", 145, 149)]),
    invocation(
        147, 205, "update-policy", "update-policy", 0, None, by=("plan-update", 143),
        spans=[("store", 147, 150), ("update", 150, 190), ("broker", 199, 201),
               ("command", 201, 204)],
    ),
    invocation(206, 212, "rollout", "collect-rollout", 1, 0, status=503, by=("update-policy", 147)),
    invocation(216, 221, "rollout", "collect-rollout", 1, 0, by=("update-policy", 147),
               spans=[("environment", 217, 220)]),
    invocation(207, 223, "rollout", "collect-rollout", 1, 1, replica="rollout-2",
               by=("update-policy", 147), spans=[("environment", 208, 220)]),
    invocation(224, 233, "aggregate-rewards", "rollout.completed", 1, 1, by=("rollout", 207)),
    invocation(234, 238, "plan-update", "rewards.ready", 1, None, by=("aggregate-rewards", 224),
               spans=[("command", 235, 237)]),
    invocation(238, 262, "update-policy", "update-policy", 1, None, by=("plan-update", 234),
               spans=[("update", 240, 255)]),
]  # fmt: skip

# The same with a policy lag: the rollouts for version 1 run beside the update that makes it, and
# are there before it. So the planner that hears of them first has nothing to plan.
LAGGING_SAID = publish_once(
    *((ms(record.at), record.fact) for record in SAID[:6]),
    (160, facts.collected(1, 0, lag=1)),
    (170, facts.collected(1, 1, lag=1)),
    (180, facts.ready(1, lag=1)),
    (200, facts.updated(1)),
    (260, facts.updated(2, rollouts=0)),
)
LAGGING_USAGE = [
    *USAGE[:7],
    invocation(151, 161, "rollout", "collect-rollout", 1, 0, by=("plan-update", 143),
               spans=[("environment", 152, 160)]),
    invocation(162, 171, "rollout", "collect-rollout", 1, 1, by=("plan-update", 143),
               spans=[("environment", 163, 170)]),
    invocation(172, 181, "aggregate-rewards", "rollout.completed", 1, 1, by=("rollout", 162)),
    invocation(183, 185, "plan-update", "rewards.ready", 1, None, by=("aggregate-rewards", 172)),
    invocation(203, 209, "plan-update", "policy.updated", 1, None, by=("update-policy", 147),
               spans=[("command", 204, 208)]),
    invocation(206, 262, "update-policy", "update-policy", 1, None, by=("plan-update", 203),
               spans=[("update", 210, 255)]),
]  # fmt: skip
