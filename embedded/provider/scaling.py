"""Pure decisions on the number of replicas."""

from collections.abc import Mapping


def desired(demand: int, max_inflight: int | None, floor: int, ceiling: int) -> int:
    """Replicas that give each of `demand` requests a slot, between floor and ceiling."""
    needed = min(demand, 1) if max_inflight is None else -(-demand // max_inflight)
    return max(floor, min(needed, ceiling))


def surplus(last_used: Mapping[str, float], alive: int, floor: int, since: float) -> list[str]:
    """The idle replicas that may go: unused since the moment `since`, the longest idle first.

    `last_used` has the idle ones; `floor` of all `alive` stay.
    """
    idle = sorted((used, name) for name, used in last_used.items() if used <= since)
    return [name for _, name in idle[: max(0, alive - floor)]]
