"""The runs that the exporter shows, brought up to date whenever somebody looks.

All of it derives from the log and the metering: an exporter that starts anew shows what the one
before it showed. Only what belongs to no run (ticks, refused messages) counts from its start.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from faastraingym.adapters.nats.observer import Marks, NatsObserver, Size
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.subjects import NO_RUN
from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry import metrics
from faastraingym.events.telemetry.metrics import Family
from faastraingym.events.topology.streams import FACTS, USAGE
from faastraingym.events.views.run import RunView, Spent
from faastraingym.schemas.messages import InvocationCompleted

News = Callable[[list[InvocationCompleted], list[RunView]], None]


class Projection:
    """Runs by name, as far as the broker's log was read.

    `news` is told of invocations and of runs that ended, from the first look on.
    """

    def __init__(self, observer: NatsObserver, news: News | None = None) -> None:
        self._observer = observer
        self._news = news
        self._views: dict[str, RunView] = {}
        self._apart: dict[str, Spent] = {}  # by function, of no run
        self._read: Marks | None = None
        self._turn = asyncio.Lock()  # one reads at a time

    async def families(self) -> list[Family]:
        """Everything that is shown, as it is now.

        Raises:
            Unavailable: the broker is away; what was read stays.
        """
        async with self._turn:
            sizes = await self._advance()
            seen = await self._observer.observe(sizes)
            return metrics.families(list(self._views.values()), self._apart, seen)

    async def advance(self) -> None:
        """Read what is new."""
        async with self._turn:
            await self._advance()

    async def _advance(self) -> dict[str, Size]:
        """Everything is read before anything is counted: what fails is read again."""
        sizes = await self._observer.sizes()
        until = Marks(sizes[FACTS.name].last_seq, sizes[USAGE.name].last_seq)
        read = self._read
        if read is not None and (until.facts < read.facts or until.usage < read.usage):
            self._views, read = {}, None  # the broker is an older copy of itself
        if read is None:
            said, spent = await self._observer.lives(until.facts), []
        else:
            said = await self._observer.facts(read.facts, until.facts)
            spent = await self._observer.usage(read.usage, until.usage)
        by_run: dict[str, list[Recorded]] = defaultdict(list)
        for record in said:
            by_run[record.fact.run].append(record)
        new = {
            run: await self._whole(run, until)
            for run, records in by_run.items()
            if run not in self._views
            if metrics.keep([_add(RunView(run=run), records)], time.time())
        }
        going_on = {run for run, view in self._views.items() if not view.ended_at}
        self._count(by_run, spent)
        self._views = metrics.keep((self._views | new).values(), time.time())
        self._read = until
        if self._news and read is not None:
            maybe = going_on | new.keys()
            self._news(spent, [v for v in self._views.values() if v.ended_at and v.run in maybe])
        return sizes

    def _count(
        self, said: Mapping[str, list[Recorded]], spent: Iterable[InvocationCompleted]
    ) -> None:
        for run, records in said.items():
            if run in self._views:
                _add(self._views[run], records)
        for one in spent:
            if one.run in self._views:
                self._views[one.run].spend(one)
            elif one.run == NO_RUN:
                self._apart.setdefault(one.function, Spent()).add(one)

    async def _whole(self, run: str, until: Marks) -> RunView:
        view = _add(RunView(run=run), await self._observer.of_run(run, until.facts))
        for one in await self._observer.usage(0, until.usage, subjects.of_run_usage(run)):
            view.spend(one)
        return view


def _add(view: RunView, records: Iterable[Recorded]) -> RunView:
    for record in records:
        view.add(record)
    return view
