"""How old the data of a run's updates was, and what came too late for any: pure."""

from faastraingym.events.pipeline.history import History
from faastraingym.schemas import report


def staleness(history: History) -> report.Staleness | None:
    """Over the updates that were made; None: there was none yet."""
    made = (ready.lag for v, ready in history.rewards.items() if v + 1 in history.policies)
    lags = sorted(made)
    return report.Staleness(mean=sum(lags) / len(lags), max=lags[-1]) if lags else None


def dropped(history: History) -> int:
    """Rollouts that completed after their version's batch was whole: no update learns from them."""
    total = 0
    for version, ready in history.rewards.items():
        learnt = {ref.index for ref in ready.batch}
        total += len(history.rollouts.get(version, {}).keys() - learnt)
    return total
