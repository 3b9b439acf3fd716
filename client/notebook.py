"""A followed run in a notebook: one output that is drawn again in its place."""

import time
from html import escape
from typing import Any

from IPython.display import display

from faastraingym.client.progress import Drawn

SECONDS = 0.5  # between two drawings; a notebook keeps each that it is sent
COLOURS = {"dim": "gray", "cyan": "teal", "yellow": "darkgoldenrod"}


class NotebookView(Drawn):
    """A View that redraws itself in place; use it as a context."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self._drawn_at = 0.0
        self._handle: Any = None

    def begin(self) -> None:
        """Draw the output."""
        self._handle = display(self._bundle(), raw=True, display_id=True)

    def changed(self) -> None:
        """Draw again, twice a second at most."""
        if time.monotonic() - self._drawn_at >= SECONDS:
            self._drawn_at = time.monotonic()
            self._draw()

    def end(self) -> None:
        """Draw what came since the last time."""
        self._draw()

    def _draw(self) -> None:
        self._handle.update(self._bundle(), raw=True)

    def _bundle(self) -> dict[str, str]:
        """The output by media type."""
        details = list(self.details)
        rows = [
            f"<b>{escape(self.title)}</b>",
            f'<progress value="{self.done:.4f}" max="1"></progress> {escape(self.numbers)}',
            *(f'<span style="color:{COLOURS[how]}">{escape(text)}</span>' for text, how in details),
        ]
        plain = [self.title, self.numbers, *(text for text, _ in details)]
        return {"text/html": "<br>".join(rows), "text/plain": "\n".join(plain)}
