"""A followed run on a terminal: a moving bar, its numbers, and the replicas at work."""

from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from faastraingym.client.progress import Drawn

WIDTH = 40


class LiveView(Drawn):
    """A View that redraws itself in place; use it as a context."""

    def __init__(self, out: TextIO, run: str) -> None:
        super().__init__(run)
        self._signs = signs(out.encoding)
        self._live = Live(  # it draws at once, so it comes last
            console=Console(file=out, highlight=False, markup=False),
            refresh_per_second=8,
            get_renderable=self._render,
        )

    def begin(self) -> None:
        """Draw eight times a second from now on."""
        self._live.start()

    def end(self) -> None:
        """Leave the last drawing where it is."""
        self._live.refresh()
        self._live.stop()

    def _render(self) -> Group:
        done, rest = self._signs
        filled = int(WIDTH * self.done)
        bar = Text.assemble(
            (done * filled, "green"), (rest * (WIDTH - filled), "dim"), f" {self.done:4.0%}"
        )
        details = [Text(text, style=style) for text, style in self.details]
        return Group(Text(self.title, style="bold"), bar, Text(self.numbers), *details)


def signs(encoding: str | None) -> tuple[str, str]:
    """What a bar is made of, done and to do: they differ without colours too."""
    try:
        "━·".encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return "#", "-"
    return "━", "·"
