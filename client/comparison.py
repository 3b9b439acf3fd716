"""Runs compared, as callers of `faastraingym` have them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from faastraingym.client import files, frames
from faastraingym.client.arguments import checked
from faastraingym.client.comparison_films import NO_FILMS, Films
from faastraingym.client.comparison_rows import csv, rows
from faastraingym.schemas.comparison import ComparisonReport, Configuration

if TYPE_CHECKING:
    from pandas import DataFrame


class Comparison:
    """Runs of one environment, compared by configuration. `Client.compare` makes one.

    A configuration is a specification without its seed. Its score has an interval of 95 % over its
    runs, by the stratified bootstrap.

    Attributes:
        report: all numbers, as `faastrain compare --json` prints them.
    """

    @checked
    def __init__(self, report: ComparisonReport, films: Films = NO_FILMS) -> None:
        self.report = report
        self._films = films

    def __repr__(self) -> str:
        report = self.report
        return f"<Comparison of {len(report.runs)} runs, {len(report.configurations)} settings>"

    @property
    def configurations(self) -> list[Configuration]:
        """Each with its settings, runs, statistics and cost; in the order of their first runs."""
        return self.report.configurations

    @property
    def best(self) -> Configuration:
        """The configuration with the highest mean score."""
        return self.configurations[self.report.best]

    @property
    def importance(self) -> dict[str, float]:
        """The share of each setting in what the best configurations have in common; sum 1.

        Empty where Optuna is not installed, or nothing can be told; `report.importance.method` says
        why.
        """
        return self.report.importance.shares

    def rows(self) -> list[dict[str, Any]]:
        """A row for each run: its configuration, seed, settings, score and cost."""
        return rows(self.report)

    def dataframe(self) -> "DataFrame":
        """`rows` as a pandas DataFrame.

        Raises:
            BadInput: pandas is not installed.
        """
        return frames.dataframe(self.rows())

    @checked
    def save_csv(self, path: str | Path) -> None:
        """Write `rows` with a head, an empty cell where there is no value.

        Raises:
            BadInput: the file cannot be written.
        """
        files.write(files.in_folder(Path(path)), csv(self.report))

    @checked
    def save_html(self, path: str | Path) -> None:
        """Write a page with tables, charts and recorded episodes, which needs no network.

        Raises:
            BadInput: the file cannot be written.
            StackTrouble: plotly is not installed.
        """
        from faastraingym.client.comparison_page import page

        place = files.in_folder(Path(path))
        files.write(place, page(self.report, self._films).encode())
