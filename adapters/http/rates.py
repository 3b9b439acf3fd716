"""How often each caller may ask: a token bucket for each of them. Pure: the clock is given."""

from typing import NamedTuple


class _Level(NamedTuple):
    left: float  # requests
    at: float  # seconds


class Rates:
    """Buckets that hold `rate` requests, which `rate` a second fill up again.

    One for each name that asks: the caller bounds how many there are.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._levels = rate, dict[str, _Level]()

    def take(self, name: str, now: float) -> float:
        """Seconds until `name` may ask, by a clock that never goes back; 0: this is one."""
        known = self._levels.get(name, _Level(max(self._rate, 1.0), now))
        left = min(max(self._rate, 1.0), known.left + (now - known.at) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._levels[name] = _Level(left if wait else left - 1, now)
        return wait
