"""What a person asks of a stack whose test failed, printed before the stack goes."""

import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stack.support import Stack

LINES = 15  # of each log, the last ones
WIDTH = 600  # characters of each of these


@contextmanager
def explained(stack: Stack) -> Iterator[None]:
    """Print the stack's status and its logs' last lines when what is within fails."""
    try:
        yield
    except BaseException:
        for question in ("status", "doctor", "runs"):
            asked = stack.cli(question)
            _print(f"faastrain {question}", (asked.stdout + asked.stderr).splitlines())
        for log in sorted((stack.home / "logs").rglob("*.log")):
            _print(str(log.relative_to(stack.home)), _last_lines(log))
        raise


@contextmanager
def told(command: "subprocess.Popen[str]") -> Iterator[None]:
    """End a command that runs beside what is within when that fails, and print its last lines."""
    try:
        yield
    except BaseException:
        command.kill()
        for name, said in zip(("stdout", "stderr"), command.communicate(), strict=True):
            _print(f"{name} of {command.args}", said.splitlines()[-LINES:])
        raise


def _last_lines(log: Path) -> list[str]:
    with log.open(errors="replace") as lines:
        return list(deque(lines, maxlen=LINES))


def _print(title: str, lines: list[str]) -> None:
    print(f"--- {title}", *(line.rstrip()[:WIDTH] for line in lines), sep="\n", flush=True)
