"""What runs and experiments say, heard while it is said."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from faastraingym.adapters.nats.broker import Broker
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import FACTS
from faastraingym.schemas.messages import ExperimentCompleted, ExperimentFailed, ReportWritten, tag
from tests.stack.facts import answered
from tests.stack.specs import is_of

if TYPE_CHECKING:
    from nats.aio.msg import Msg

PATIENCE = 150.0  # seconds without any news: a tick of `reconcile` comes every 60
LAST = {tag(kind) for kind in (ReportWritten, ExperimentCompleted, ExperimentFailed)}


class Stuck(Exception):  # noqa: N818  the condition's own name
    """Nothing is said any more though runs go on."""


class Progress:
    """The facts so far. It listens beside JetStream, so it leaves no consumer behind."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._said: dict[str, None] = {}
        self._by_run: Counter[str] = Counter()
        self._by_topic: Counter[str] = Counter()
        self._over: set[str] = set()
        self._grown = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """From now on; what was said during an outage is read afterwards."""
        self._broker.reconnected.add(self._missed)
        await self._broker.client.subscribe(f"{subjects.ROOT}.>", cb=self._on_message)

    def count(self, run: str = "") -> int:
        """How many facts: of one run, of an experiment and its runs, or of all."""
        if not run:
            return len(self._said)
        return sum(count for name, count in self._by_run.items() if is_of(name, run))

    def is_over(self, run: str) -> bool:
        """Whether its report is written, or it is an experiment that has ended."""
        return run in self._over

    async def more(self, count: int, topic: str = "") -> None:
        """Return once so many more facts were said, of one topic or of all; Stuck as `until`."""
        enough = self._of(topic) + count
        await self.until(lambda: self._of(topic) >= enough)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once it holds.

        Raises:
            Stuck: no fact was said for too long.
        """
        while not holds():
            self._grown.clear()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._grown.wait()
            except TimeoutError as error:
                last = ", ".join(list(self._said)[-5:])
                raise Stuck(f"no fact for {PATIENCE:g} s; the last ones: {last}") from error

    def _of(self, topic: str) -> int:
        return self._by_topic[topic] if topic else len(self._said)

    async def _on_message(self, message: "Msg") -> None:
        self._hear(message.subject)

    def _hear(self, subject: str) -> None:
        if subject not in self._said:
            self._said[subject] = None
            _, entity, event, run, *_ = subject.split(".")
            topic = f"{entity}.{event}"
            self._by_run[run] += 1
            self._by_topic[topic] += 1
            if topic in LAST:
                self._over.add(run)
            self._grown.set()

    def _missed(self) -> None:
        task = asyncio.create_task(self._read())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self) -> None:
        for subject in await counted(self._broker, f"{subjects.ROOT}.>"):
            self._hear(subject)


async def counted(broker: Broker, subject_filter: str) -> Mapping[str, int]:
    """How many messages the log of facts holds under each subject."""
    request = {"subjects_filter": subject_filter}
    answer = await answered(lambda: broker.api(f"STREAM.INFO.{FACTS.name}", request))
    return dict(msgspec.json.decode(answer)["state"].get("subjects", {}))
