"""The runs and experiments that the exporter shows, derived from the log at each scrape.

Only invocations of no run (ticks, refused messages) are counted from the exporter's start.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from faastraingym.adapters.nats.jetstream import StreamInfo
from faastraingym.adapters.nats.observer import Marks, NatsObserver
from faastraingym.events.experiments.history import Experiment, add, fold
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import by_run
from faastraingym.events.pipeline.subjects import NO_RUN
from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry import metrics
from faastraingym.events.telemetry.metrics import Family
from faastraingym.events.topology.streams import FACTS, USAGE
from faastraingym.events.views.run import RunView, Spent, Watched, spend
from faastraingym.events.views.watching import ExperimentView, view
from faastraingym.schemas import messages as m

EXPERIMENTAL = tuple(kind for kind in m.FACTS if m.tag(kind).startswith(("experiment.", "trial.")))
News = Callable[[list[m.InvocationCompleted], list[RunView]], None]


class Projection:
    """Runs by name; `news` receives invocations and runs that ended, from the first scrape on."""

    def __init__(self, observer: NatsObserver, news: News | None = None) -> None:
        self._observer = observer
        self._news = news
        self._runs: dict[str, Watched] = {}
        self._experiments: dict[str, Experiment] = {}
        self._views: dict[str, ExperimentView] = {}  # of those, made when something was said
        self._apart: dict[str, Spent] = {}  # by function, of no run
        self._answers: dict[str, Spent] = {}  # to callers, by the policy that acted
        self._read: Marks | None = None
        self._turn = asyncio.Lock()  # one reads at a time

    async def families(self) -> list[Family]:
        """Everything that is shown, as it is now; Unavailable: the broker is away."""
        async with self._turn:
            sizes = await self._advance()
            seen = await self._observer.observe(sizes)
            runs = [run.view for run in self._runs.values()]
            experiments = list(self._views.values())
            return metrics.families(runs, self._apart, seen, experiments, self._answers)

    async def advance(self) -> None:
        """Read what is new."""
        async with self._turn:
            await self._advance()

    async def _advance(self) -> dict[str, StreamInfo]:
        """Read everything before counting anything: a failed read is repeated."""
        sizes = await self._observer.sizes()
        until = Marks(sizes[FACTS.name].state.last_seq, sizes[USAGE.name].state.last_seq)
        read = self._read
        if read is not None and (until.facts < read.facts or until.usage < read.usage):
            # The broker's data is an older copy now.
            self._runs, self._experiments, read = {}, {}, None
        if read is None:
            facts, spent = await self._observer.lives(until.facts), []
        else:
            facts = await self._observer.facts(read.facts, until.facts)
            spent = await self._observer.usage(read.usage, until.usage)
        by_name = by_run(facts)
        said = {name: by_name.pop(name) for name in [*by_name] if self._is_one(name, by_name[name])}
        begun = await self._begun(said, until)
        new = {
            run: await self._whole(run, until)
            for run, records in by_name.items()
            if run not in self._runs and _is_kept(Watched(run=run).add(records))
        }
        going_on = {name for name, run in self._runs.items() if not run.view.ended_at}
        self._count(by_name, spent)
        self._follow(said, begun)
        self._runs = {name: run for name, run in (self._runs | new).items() if _is_kept(run)}
        self._read = until
        if self._news and read is not None:
            maybe = [self._runs[name].view for name in self._runs.keys() & (going_on | new.keys())]
            self._news(spent, [view for view in maybe if view.ended_at])
        return sizes

    def _is_one(self, name: str, records: list[Recorded]) -> bool:
        """Whether these facts are an experiment's."""
        return name in self._experiments or any(
            isinstance(record.fact, EXPERIMENTAL) for record in records
        )

    async def _begun(
        self, said: Mapping[str, list[Recorded]], until: Marks
    ) -> dict[str, Experiment]:
        """Experiments that are read as a whole: they are new here, or have just started."""
        found = {}
        for name, records in said.items():
            whole = name not in self._experiments or _has(records, m.ExperimentStarted)
            if whole and metrics.is_kept(fold(records).end_at, time.time()):
                found[name] = fold(await self._observer.of_experiment(name, until.facts))
        return found

    def _follow(self, said: Mapping[str, list[Recorded]], begun: Mapping[str, Experiment]) -> None:
        """Add what was said to experiments; a removed one goes."""
        for name, records in said.items():
            if name in self._experiments and name not in begun:
                for record in records:
                    add(self._experiments[name], record)
        self._experiments |= {n: one for n, one in begun.items() if one.requested}
        gone = {name for name, records in said.items() if _has(records, m.RunRemoved)}
        self._views |= {n: view(n, self._experiments[n]) for n in said.keys() & self._experiments}
        now = time.time()
        self._experiments = {
            name: one
            for name, one in self._experiments.items()
            if name not in gone and metrics.is_kept(one.end_at, now)
        }
        self._views = {n: self._views[n] for n in self._experiments}

    def _count(
        self, facts: Mapping[str, list[Recorded]], spent: list[m.InvocationCompleted]
    ) -> None:
        for name, records in facts.items():
            if name in self._runs:
                self._runs[name].add(records)
        for one in spent:
            if one.run in self._runs:
                spend(self._runs[one.run].spent, [one])
            elif one.run == NO_RUN:
                spend(self._apart, [one])
                metrics.add_answer(self._answers, one)

    async def _whole(self, name: str, until: Marks) -> Watched:
        run = Watched(run=name).add(await self._observer.of_run(name, until.facts))
        usage = await self._observer.usage(0, until.usage, subjects.of_run_usage(name))
        spend(run.spent, usage)
        return run


def _is_kept(run: Watched) -> bool:
    return not run.history.removed and metrics.is_kept(run.view.ended_at, time.time())


def _has(records: list[Recorded], kind: type[m.Message]) -> bool:
    return any(isinstance(record.fact, kind) for record in records)
