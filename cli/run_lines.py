"""A run's lines among those of all functions: structured ones, which say what they are about."""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from queue import SimpleQueue
from typing import Any, NamedTuple

from faastraingym.client.errors import Error
from faastraingym.client.gateway import Gateway, LogLine

ABOUT = ("heard", "version", "index", "status", "seconds", "why", "call_id")


class RunLine(NamedTuple):
    """One line about a run."""

    at: datetime
    source: tuple[str, str, str, str]  # function, instance, time and text: no two are equal
    fields: dict[str, Any]

    def text(self) -> str:
        """For a person."""
        about = [f"{name}={self.fields[name]}" for name in ABOUT if name in self.fields]
        head = f"{self.at:%H:%M:%S.%f}"[:-3]
        level = self.fields.get("level", "")
        words = [head, f"{level:7}", f"{self.source[0]:17}", self.fields.get("message", ""), *about]
        if "exception" in self.fields:
            words.append(f"\n{self.fields['exception']}")
        return "  ".join(map(str, words))


def past(gateway: Gateway, functions: Iterable[str], run: str, since: str) -> list[RunLine]:
    """What all functions wrote about the run so far, in the order of time."""
    found = (_read(run, gateway.logs(name, False, -1, since)) for name in functions)
    return sorted((line for lines in found for line in lines), key=lambda line: line.at)


def coming(
    gateway: Gateway, functions: Sequence[str], run: str, known: Sequence[RunLine]
) -> Iterator[RunLine]:
    """What they write from now on, as it comes; a thread receives each.

    Raises:
        Error: as the gateway's.
    """
    since = known[-1].at.isoformat() if known else ""
    seen = {line.source for line in known}
    received: SimpleQueue[RunLine | Error | None] = SimpleQueue()

    def listen(name: str) -> None:
        try:
            for line in _read(run, gateway.logs(name, True, -1, since)):
                received.put(line)
        except Error as error:
            received.put(error)
        received.put(None)

    for name in functions:
        threading.Thread(target=listen, args=(name,), daemon=True).start()
    listening = len(functions)
    while listening:
        match received.get():
            case None:
                listening -= 1
            case Error() as error:
                raise error
            case RunLine() as line if line.source not in seen:
                yield line


def _read(run: str, lines: Iterable[LogLine]) -> Iterator[RunLine]:
    for line in lines:
        try:
            fields = json.loads(line.text)
        except (ValueError, RecursionError):
            continue  # what an environment or a library printed
        if isinstance(fields, dict) and fields.get("run") == run:
            source = (line.name, line.instance, line.timestamp, line.text)
            yield RunLine(datetime.fromisoformat(line.timestamp), source, fields)
