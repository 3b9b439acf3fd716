"""How many deliveries a function may have in flight: learnt from its refusals. Pure.

stack.yml bounds the replicas, the gateway decides how many it runs, and a client cannot ask. So the
limit starts at the bound, shrinks on answers with status 429, and tries one more from time to time,
as TCP finds a path's capacity. The embedded gateway never answers 429.
"""

ROUNDS = 8  # of as many successes as the limit, at a full one, before one more is tried
MOST_ROUNDS = 512  # the same, where that was refused again and again
PROVEN_ROUNDS = 2  # after which one more was not too many


class Limit:
    """Of one function, from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self.now = self._most = most
        self._in_flight = 0
        self._change = 0  # counts changes; refusals of deliveries that began before do not count
        self._grown = False  # the last change was one more
        self._successes = 0  # of deliveries that began since then, with the limit full
        self._rounds = ROUNDS

    @property
    def is_reached(self) -> bool:
        """Whether no more may begin."""
        return self._in_flight >= self.now

    def begin(self) -> int:
        """A delivery begins; returns the number of the newest change."""
        self._in_flight += 1
        return self._change

    def end(self) -> None:
        """A delivery is over, with any answer."""
        self._in_flight -= 1

    def refused(self, since: int) -> None:
        """A delivery that began at change `since` was answered with 429."""
        if since != self._change or self.now == 1:
            return
        # One more that was too many is taken back; otherwise there are fewer replicas than thought.
        self._rounds = min(MOST_ROUNDS, self._rounds * 2) if self._grown else ROUNDS
        self._set(self.now - 1 if self._grown else self.now // 2, grown=False)

    def taken(self, since: int) -> None:
        """A delivery that began at change `since` was successful."""
        if self.now == self._most or since != self._change or not self.is_reached:
            return
        self._successes += 1
        if self._grown and self._successes >= PROVEN_ROUNDS * self.now:
            self._rounds = ROUNDS  # there is room: go on quickly
        if self._successes >= self._rounds * self.now:
            self._set(self.now + 1, grown=True)

    def _set(self, limit: int, grown: bool) -> None:
        self.now, self._grown = limit, grown
        self._change += 1
        self._successes = 0
