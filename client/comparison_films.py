"""Recorded episodes of compared runs, within the page that shows them."""

from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import PurePosixPath
from typing import NamedTuple

from faastraingym.adapters.films import KINDS
from faastraingym.client.comparison_html import par
from faastraingym.events.ports import LostObject, ObjectStore
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.report import RecordingReport, RunReport

MOST_BYTES = 16 << 20  # of all films together; the page has a third more, as text


class Film(NamedTuple):
    """An episode of a run's reported policy."""

    run: str
    episode: int
    kind: str  # as image/gif
    data: bytes


class Films(NamedTuple):
    """The films that a page shows."""

    shown: Sequence[Film] = ()
    left_out: int = 0  # of those that there are


NO_FILMS = Films()


async def of_runs(objects: ObjectStore, reports: Sequence[RunReport]) -> Films:
    """The films of the runs' reported policies: of each run the first episode, then the second...

    Until there are `MOST_BYTES` of them. One that the store lost is left out.
    """
    there = [
        (report, film)
        for report in reports
        for film in report.recordings
        if report.policy is None or film.version == report.policy.version
    ]
    there.sort(key=lambda pair: pair[1].episode)
    shown, size = list[Film](), 0
    for report, film in there:
        if size + film.size <= MOST_BYTES:
            with suppress(LostObject):
                shown.append(await _read(objects, report, film))
                size += film.size
    return Films(shown, len(there) - len(shown))


def section(films: Films) -> str:
    """HTML that shows them; nothing where there are none."""
    if not films.shown:
        return ""
    more = ""
    if films.left_out:
        more = par(f"{films.left_out} more are in the store; `faastrain fetch RUN` brings a run's.")
    return (
        "<h2>Recorded episodes</h2>"
        f'<div class="grid">{"".join(map(_figure, films.shown))}</div>{more}'
    )


def _figure(film: Film) -> str:
    source = f"data:{film.kind};base64,{b64encode(film.data).decode()}"
    name = escape(f"{film.run}, episode {film.episode}")
    shown = (
        f'<video controls muted loop preload="metadata" aria-label="{name}" src="{source}"></video>'
        if film.kind.startswith("video/")
        else f'<img alt="{name}" src="{source}">'
    )
    return f'<figure>{shown}<figcaption class="small">{name}</figcaption></figure>'


async def _read(objects: ObjectStore, report: RunReport, film: RecordingReport) -> Film:
    ref = ObjectRef(bucket=report.bucket, key=film.key, size=film.size, sha256=film.sha256)
    kind = KINDS.get(PurePosixPath(film.key).suffix, "application/octet-stream")
    return Film(report.run_id, film.episode, kind, await objects.get(ref))
