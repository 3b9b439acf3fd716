"""A recording on writers in memory: slow ones, failing ones, ones that know some of it."""

import threading
from collections.abc import Sequence

from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.recording import Recording
from faastraingym.loggers.rows import Point, Row, points
from tests.loggers.facts import ROWS


class Memory:
    """A Writer that waits until it may write, and fails at one call."""

    def __init__(self, known: Sequence[Row] = (), fails_at: int = -1) -> None:
        self._known, self._fails_at = known, fails_at
        self.calls: list[list[Row]] = []
        self.may = threading.Event()
        self.entered = threading.Event()
        self.status = "open"

    def written(self) -> set[Point]:
        return {point for row in self._known for point in points(row)}

    def write(self, rows: Sequence[Row]) -> None:
        self.entered.set()
        assert self.may.wait(30)
        if len(self.calls) == self._fails_at:
            raise CannotWrite("the disk is full")
        self.calls.append([*rows])

    def close(self, status: str) -> None:
        self.status = status


def test_a_slow_writer_is_given_at_once_what_came_meanwhile() -> None:
    writer = Memory()
    recording = Recording("csv", writer, print)
    recording.add(ROWS[0])
    assert writer.entered.wait(30)
    for row in ROWS[1:]:
        recording.add(row)
    writer.may.set()
    assert recording.close("completed")
    assert writer.calls == [ROWS[:1], ROWS[1:]]
    assert (writer.status, recording.numbers) == ("completed", 5)


def test_nothing_is_written_twice() -> None:
    """Neither what was there before, nor what is told twice."""
    writer = Memory(known=ROWS[:1])
    writer.may.set()
    recording = Recording("csv", writer, print)
    for row in [*ROWS, *ROWS]:
        recording.add(row)
    recording.close("completed")
    assert [row for rows in writer.calls for row in rows] == ROWS[1:]


def test_a_writer_that_fails_is_told_of_once_and_left_alone() -> None:
    """What came after would hide the gap."""
    told: list[str] = []
    writer = Memory(fails_at=0)
    recording = Recording("mlflow", writer, told.append)
    recording.add(ROWS[0])
    assert writer.entered.wait(30)
    recording.add(ROWS[1])
    writer.may.set()
    assert not recording.close("completed")
    assert told == ["mlflow gets no more numbers: the disk is full"]
    assert (writer.calls, writer.status, recording.numbers) == ([], "open", 0)
