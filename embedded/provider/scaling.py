"""How many replicas: pure decisions."""

from collections.abc import Mapping


def desired(demand: int, max_inflight: int | None, floor: int, ceiling: int) -> int:
    """Replicas wanted for `demand` requests, those waiting and those that run together.

    Enough that every request has a slot, between floor and ceiling.
    """
    needed = min(demand, 1) if max_inflight is None else -(-demand // max_inflight)
    return max(floor, min(needed, ceiling))


def surplus(last_used: Mapping[str, float], alive: int, floor: int, since: float) -> list[str]:
    """Which idle replicas may go: unused since `since`, the longest idle first, above the floor.

    Args:
        last_used: of idle replicas, by name.
        alive: all replicas, busy ones too.
        floor: how many stay.
        since: a moment; a replica used after it stays.
    """
    idle = sorted((used, name) for name, used in last_used.items() if used <= since)
    return [name for _, name in idle[: max(0, alive - floor)]]
