"""A document's blocks as a reader takes them: files written, commands typed, outputs compared.

```sh                     typed, in the reader's folder; each command must succeed
```python title="a.py"    written into the file a.py, in any language
```python                 run by the installed Python
```text                   what the block before printed, but for numbers; `...` leaves lines out
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.checkout import CHECKOUT

_BLOCK = re.compile(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\d[\d,]*(?:\\?\.\d+)?")
SECONDS = 1500.0  # of one block, on a busy machine


class Block(NamedTuple):
    """One fenced block; `title` is the file that it is."""

    language: str
    title: str
    text: str

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]


def blocks(document: str) -> list[Block]:
    """Those of a Markdown file of the checkout, in order."""
    found = _BLOCK.findall((CHECKOUT / document).read_text(encoding="utf-8"))
    return [Block(*one) for one in found]


class Walk:
    """A reader in a folder, with the variables of a shell."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._folder, self._variables, self._printed = folder, variables, ""

    def take(self, block: Block) -> None:
        """Do with a block what its language and its title say."""
        if block.title:
            (self._folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "text":
            assert missing(block.text, self._printed) == [], self._printed
        else:
            program = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": ["python", "-c"]}
            self._run([*program[block.language], block.text])

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        self._printed = done.stdout
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}"


def missing(shown: str, printed: str) -> list[str]:
    """The lines shown that were not printed, or not where they are shown.

    A number stands for any number, a SHA-256 for any. After `...` a line may come later.
    """
    lines, lost, leap = iter(printed.splitlines()), [], False
    for line in shown.splitlines():
        if line.strip() == "...":
            leap = True
        elif not _comes(_pattern(line), lines, leap):
            lost.append(line)
        else:
            leap = False
    return lost


def _comes(pattern: re.Pattern[str], lines: Iterator[str], leap: bool) -> bool:
    """Whether the next line is it, or with a leap some later one; these lines are used up."""
    return any(pattern.search(line) for line in (lines if leap else [next(lines, "")]))


def _pattern(line: str) -> re.Pattern[str]:
    hashed = re.sub(r"\b[0-9a-f]{64}\b", "HASH", line.strip())
    numbers = _NUMBER.sub(lambda _: r"[\d,.]+", re.escape(hashed))
    return re.compile(re.sub(r"(\\ )+", r"\\s+", numbers).replace("HASH", "[0-9a-f]{64}"))
