"""How many deliveries a function may have in flight: learnt from its refusals. Pure.

stack.yml says how many replicas there may be, a gateway keeps as many as it likes, and who has no
credentials of its cannot ask. So the limit begins at the most that there may be, gives way when
answers say 429, and tries one more from time to time: as TCP finds a path's width. A gateway that
queues and scales by demand, as the embedded one, never says 429, and the limit stays where it was.
"""

ROUNDS = 8  # of as many successes as the limit, at a full one, before one more is tried
MOST_ROUNDS = 512  # the same, where that was refused again and again
PROVEN_ROUNDS = 2  # after which one more was not too many


class Limit:
    """Of one function, from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self._most = self._now = most
        self._in_flight = 0
        self._change = 0  # counts changes: refusals of what began before the last one are old news
        self._grown = False  # the last change was one more
        self._successes = 0  # of what began since then, with the limit full
        self._rounds = ROUNDS

    @property
    def now(self) -> int:
        """The limit."""
        return self._now

    @property
    def is_reached(self) -> bool:
        """Whether nothing more may begin."""
        return self._in_flight >= self._now

    def begin(self) -> int:
        """A delivery begins; as of which change."""
        self._in_flight += 1
        return self._change

    def end(self) -> None:
        """A delivery is over, whatever was answered."""
        self._in_flight -= 1

    def refused(self, since: int) -> None:
        """429 was answered to what began as of the change `since`.

        One more that was too many is taken back; otherwise there are fewer replicas than thought.
        """
        if since != self._change or self._now == 1:
            return
        self._rounds = min(MOST_ROUNDS, self._rounds * 2) if self._grown else ROUNDS
        self._set(self._now - 1 if self._grown else self._now // 2, grown=False)

    def taken(self, since: int) -> None:
        """The function did what was begun as of the change `since`."""
        if self._now == self._most or since != self._change or not self.is_reached:
            return
        self._successes += 1
        if self._grown and self._successes >= PROVEN_ROUNDS * self._now:
            self._rounds = ROUNDS  # there is room: go on quickly
        if self._successes >= self._rounds * self._now:
            self._set(self._now + 1, grown=True)

    def _set(self, limit: int, grown: bool) -> None:
        self._now, self._grown = limit, grown
        self._change += 1
        self._successes = 0
