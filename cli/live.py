"""A followed run on a terminal: a moving bar, its numbers, and the replicas at work."""

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from faastraingym.cli.screen import Screen, printable
from faastraingym.cli.sparkline import sparkline
from faastraingym.cli.views import figures, without_payload
from faastraingym.events.ports import Recorded
from faastraingym.events.views.run import RunView, Watched

WIDTH = 40


class LiveView:
    """A View that redraws itself in place; use it as a context."""

    def __init__(self, screen: Screen, run: str) -> None:
        self._run = Watched(run=run).view
        self._replicas: Mapping[str, int] | None = {}
        self._notice = ""
        self._signs = signs(screen.out.encoding)
        self._live = Live(  # it draws at once, so it comes last
            console=Console(file=screen.out, highlight=False, markup=False),
            refresh_per_second=8,
            get_renderable=self._render,
        )

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.refresh()
        self._live.stop()

    def show(self, run: RunView, record: Recorded) -> None:
        """Remember it; the next redraw shows it."""
        self._run = run

    def replicas(self, counts: Mapping[str, int] | None) -> None:
        """Remember it."""
        self._replicas = counts

    def notice(self, text: str) -> None:
        """Remember it."""
        self._notice = text

    def _render(self) -> Group:
        run = self._run
        bar = Table.grid(padding=(0, 1))
        bar.add_column(no_wrap=True, min_width=WIDTH)
        bar.add_column()
        done, rest = self._signs
        filled = bar_length(run.env_steps or 0, run.budget)
        bar.add_row(
            Text.assemble((done * filled, "green"), (rest * (WIDTH - filled), "dim")),
            Text(printable(f"version {run.version or 0}, " + ", ".join(figures(run)))),
        )
        title = Text(printable(f"{run.run}: {without_payload(run)}"), style="bold")
        lines: list[RenderableType] = [title, bar, Text(replica_line(self._replicas), style="dim")]
        if run.evaluations:
            lines.append(Text("evaluations " + sparkline(run.evaluations), style="cyan"))
        if self._notice:
            lines.append(Text(printable(self._notice), style="yellow"))
        return Group(*lines)


def bar_length(done: int, total: float | None) -> int:
    """How many of the bar's WIDTH signs are filled; none while the total is not known."""
    return min(WIDTH, int(WIDTH * done // total)) if total else 0


def signs(encoding: str | None) -> tuple[str, str]:
    """What a bar is made of, done and to do: they differ without colours too."""
    try:
        "━·".encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return "#", "-"
    return "━", "·"


def replica_line(counts: Mapping[str, int] | None) -> str:
    """Which functions run, and how often."""
    if counts is None:
        return "replicas: the gateway does not answer"
    running = [f"{name} {count}" for name, count in counts.items() if count]
    return "replicas: " + (", ".join(running) or "none")
