"""Following a run or an experiment: it only reads facts, so killing it changes nothing."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import cast

from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.progress import Silent, View
from faastraingym.events.cancelling import ended
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import FactLog, Recorded, Unavailable
from faastraingym.events.views.run import RunView, Watched

PULSE_SECONDS = 1.0
QUIET_SECONDS = 2.0  # a learner that finds everything compiled is faster
COMPILING = (
    "the learner starts: it loads JAX, and compiles what no run here has compiled before (up to "
    "about 20 s)"
)
PATIENCE_SECONDS = 120.0  # servers may be away for a minute without harm

Replicas = Callable[[], Awaitable[Mapping[str, int] | None]]


async def _nothing() -> None:
    """Between pulses."""


class Following:
    """Shows each fact of a run or an experiment once, though its stack may be away at times."""

    def __init__(
        self,
        what: str,  # "run" or "experiment"
        name: str,
        facts: FactLog,
        show: Callable[[Recorded], bool],  # True: nothing more will come
        notice: Callable[[str], None],
        is_known: Callable[[], Awaitable[bool]],  # whether log or store still have it
        beat: Callable[[], Awaitable[None]] = _nothing,  # with each pulse while the stack answers
        pulse: float = PULSE_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._what = what
        self._name = name
        self._facts = facts
        self._show = show
        self._notice = notice
        self._is_known = is_known
        self._beat = beat
        self._pulse_seconds = pulse
        self._patience = patience
        self._seen: set[str] = set()  # subjects: a broker that lost facts receives them again
        self._reachable = asyncio.Event()

    async def to_end(self) -> None:
        """Returns when nothing more will come.

        Raises:
            StackTrouble: the stack stayed away for `patience` seconds.
            BadInput: broker and store have lost the run or experiment.
        """
        watching = asyncio.create_task(self._watch())
        pulse = asyncio.create_task(self._pulse())
        try:
            await asyncio.wait({watching, pulse}, return_when=asyncio.FIRST_COMPLETED)
            await (watching if watching.done() else pulse)
        finally:
            await ended(watching, pulse)

    async def _watch(self) -> None:
        """Show facts until the end; where following breaks off, go on after what was seen."""
        has_ended = False
        while not has_ended:
            try:
                has_ended = await self._read()
            except Unavailable:
                self._reachable.clear()
                await self._reachable.wait()

    async def _read(self) -> bool:
        following = self._facts.follow(*subjects.of_run(self._name))
        # every implementation is an async generator, and an open one holds a consumer
        async with aclosing(cast(AsyncGenerator[Recorded, None], following)) as records:
            async for record in records:
                subject = subjects.of(record.fact)
                if subject not in self._seen:
                    self._seen.add(subject)
                    if self._show(record):
                        return True
        return False

    async def _pulse(self) -> None:
        """Every second: is the log there, and does it have what is followed?"""
        lost_at: float | None = None
        while True:
            await asyncio.sleep(self._pulse_seconds)
            try:
                known = await self._is_known()
            except Unavailable as error:
                lost_at = self._lost(lost_at, error)
                continue
            if not known:
                raise BadInput(
                    f"{self._what} {self._name} is lost: the broker does not have it, and the "
                    "object store has nothing to restore it from; start it again"
                )
            if lost_at is not None:
                lost_at = None
                self._notice("the stack answers again")
            self._reachable.set()
            await self._beat()

    def _lost(self, lost_at: float | None, error: Unavailable) -> float:
        """Since when the stack is away."""
        now = time.monotonic()
        if lost_at is None:
            self._notice(
                f"the stack does not answer ({error}); waiting up to {self._patience:.0f} s for it"
            )
            return now
        if now - lost_at >= self._patience:
            raise StackTrouble(
                f"the stack was away for {self._patience:.0f} s: {error}; `faastrain up`, then "
                f"`faastrain follow {self._name}`: the {self._what} continues where it was"
            )
        return lost_at


class Follower:
    """Shows one run from its first fact to the end of a segment."""

    def __init__(
        self,
        run: str,
        facts: FactLog,
        view: View,
        replicas: Replicas,
        is_known: Callable[[], Awaitable[bool]],  # whether log or store still have the run
        segment: int = 0,
        pulse: float = PULSE_SECONDS,
        patience: float = PATIENCE_SECONDS,
        trouble: Callable[[], str] = str,  # what a person should do, if anything
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self._following = Following(
            "run",
            run,
            facts,
            self._show,
            view.notice,
            is_known,
            beat=self._beat,
            pulse=pulse,
            patience=patience,
        )
        self._view = view
        self._replicas = replicas
        self._run = Watched(run=run)
        self._segment = segment
        self._trouble = trouble
        self._troubled = False
        self._quiet = quiet
        self._received_at = time.monotonic()
        self._compiling = False

    async def to_end(self) -> None:
        """Returns when the run has ended; raises as `Following.to_end`."""
        await self._following.to_end()

    def _show(self, record: Recorded) -> bool:
        self._received_at = time.monotonic()
        self._view.show(self._run.add([record]).view, record)
        return self._ended

    @property
    def _ended(self) -> bool:
        """Whether nothing more will come of the segment that is followed, or of a later one."""
        return any(
            segment.over for n, segment in self._run.history.segments.items() if n >= self._segment
        )

    async def _beat(self) -> None:
        """What is wrong, and how many replicas work."""
        self._tell(self._trouble())
        self._tell_compiling()
        self._view.replicas(await self._replicas())

    def _tell(self, trouble: str) -> None:
        """Once, with what is wrong, and once when it is over."""
        if bool(trouble) != self._troubled:
            self._view.notice(trouble or "the trouble is over; the run continues")
        self._troubled = bool(trouble)

    def _tell_compiling(self) -> None:
        """Once, when a learner's first work takes longer than it would if it were compiled."""
        silence = time.monotonic() - self._received_at
        compiling = self._run.view.learner_begins and silence >= self._quiet
        if compiling != self._compiling:
            self._view.notice(COMPILING if compiling else "")
        self._compiling = compiling


class Queued(Silent):
    """A view that hands the facts on, one after the other; `notice` is told the rest."""

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._facts: asyncio.Queue[Recorded | None] = asyncio.Queue()

    def show(self, run: RunView, record: Recorded) -> None:
        """Queue it."""
        self._facts.put_nowait(record)

    def notice(self, text: str) -> None:
        """Hand it on."""
        if text:
            self._notice(text)

    def end(self) -> None:
        """Nothing more comes."""
        self._facts.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Recorded]:
        while (record := await self._facts.get()) is not None:
            yield record
