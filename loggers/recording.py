"""Recording: each logger writes in a thread of its own, so that a slow one delays nobody."""

import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial

from faastraingym.loggers.errors import LoggerError
from faastraingym.loggers.kinds import Writer
from faastraingym.loggers.rows import Row, missing, points


class Recording:
    """Gives rows to one writer, none of them twice.

    Args:
        name: of the logger.
        writer: that receives them, as many at once as have come meanwhile.
        tell: is given the reason, once, when the writer gives up; later rows are dropped then.
    """

    def __init__(self, name: str, writer: Writer, tell: Callable[[str], None]) -> None:
        self._name, self._writer, self._tell = name, writer, tell
        self._known = writer.written()
        self._rows: queue.SimpleQueue[Row | None] = queue.SimpleQueue()
        self._gave_up = False
        self.numbers = 0  # that were written
        self._thread = threading.Thread(target=self._work, name=f"logger {name}", daemon=True)
        self._thread.start()

    def add(self, row: Row) -> None:
        """Write `row` soon."""
        self._rows.put(row)

    def close(self, status: str) -> bool:
        """Write what waits, and end; whether all was written."""
        self._rows.put(None)
        self._thread.join()
        self._attempt(lambda: self._writer.close(status))
        return not self._gave_up

    def _work(self) -> None:
        more = True
        while more:
            taken = [self._rows.get()]
            while not self._rows.empty():
                taken.append(self._rows.get())
            more = taken[-1] is not None
            rows = self._new([row for row in taken if row is not None])
            if rows:
                self._attempt(partial(self._write, rows))

    def _write(self, rows: Sequence[Row]) -> None:
        self._writer.write(rows)
        self.numbers += sum(len(row.values) for row in rows)

    def _new(self, rows: Sequence[Row]) -> list[Row]:
        found = []
        for row in rows:
            left = missing(row, self._known)
            if left:
                self._known.update(points(left))
                found.append(left)
        return found

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do it, unless something failed before: what comes later must not hide a gap."""
        if self._gave_up:
            return
        try:
            act()
        except LoggerError as error:
            self._gave_up = True
            self._tell(f"{self._name} gets no more numbers: {error}")
