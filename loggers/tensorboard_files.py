"""TensorBoard: event files in a folder of the run, which TensorBoard reads as they grow."""

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event

from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import Subject
from faastraingym.loggers.rows import Point, Row

PATTERN = "events.out.tfevents.*"
HEAD = struct.Struct("<QI")  # TFRecord: size, its CRC; then the data, and their CRC
CRC_BYTES = 4


class EventFiles:
    """A Writer. Every opening makes one more file; TensorBoard reads all of a folder as one."""

    def __init__(self, folder: Path, subject: Subject) -> None:
        self._folder, self._subject = folder, subject
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._earlier = sorted(folder.glob(PATTERN))
            # tensorboardX would write over a file that another process made in this second
            suffix = f".{os.getpid()}.{len(self._earlier)}"
            self._file = EventsWriter(str(folder / "events"), suffix)
        except OSError as error:
            raise CannotWrite(f"{folder}: {error.strerror}; name another folder") from error

    def written(self) -> set[Point]:
        """Of all earlier files of the folder; without any, the specification goes first."""
        found = {
            (value.tag, event.step)
            for path in self._earlier
            for event in events(path)
            for value in event.summary.value
        }
        if not found:
            self._put(_table(self._subject.spec))
        return found

    def write(self, rows: Sequence[Row]) -> None:
        """An event each."""
        for row in rows:
            values = [summary.scalar(name, value).value[0] for name, value in row.values.items()]
            self._put(summary.Summary(value=values), row.step, row.at)
        with self._writing():
            self._file.flush()

    def close(self, status: str) -> None:
        """End the file."""
        with self._writing():
            self._file.close()

    def _put(self, content: Any, step: int = 0, at: float = 0.0) -> None:
        with self._writing():
            self._file.write_event(Event(summary=content, step=step, wall_time=at))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """CannotWrite where the disk does not take it."""
        try:
            yield
        except OSError as error:
            raise CannotWrite(f"{self._folder}: {error.strerror}") from error


def events(path: Path) -> Iterator[Event]:
    """The events of a file, up to one that a cut left unfinished."""
    data, at = path.read_bytes(), 0
    while at + HEAD.size <= len(data):
        size, _ = HEAD.unpack_from(data, at)
        begin = at + HEAD.size
        at = begin + size + CRC_BYTES
        if at > len(data):
            return
        yield Event.FromString(data[begin : begin + size])


def _table(spec: dict[str, Any]) -> Any:
    """The specification, for TensorBoard's page of texts, which shows Markdown."""
    document = msgspec.json.format(msgspec.json.encode(spec)).decode()
    return summary.text("specification", "\n".join(f"    {line}" for line in document.splitlines()))


def open_writer(target: str, subject: Subject) -> EventFiles:
    """Events go to the folder of the run in the folder `target`."""
    if "://" in target:
        raise CannotWrite(f"{target} is no folder of this machine; name one")
    return EventFiles(Path(target) / subject.run, subject)
