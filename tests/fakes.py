"""The ports in memory. They pass the same contract suite as the real adapters."""

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence

from faastraingym.adapters.errors import ObjectAltered, ObjectMissing
from faastraingym.adapters.stage.current import carried
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.ports import Listed, QueueFull, Recorded, StoredDeadLetter
from faastraingym.events.telemetry.tracing import HEADER
from faastraingym.events.topology.streams import OPEN
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.messages import InvocationCompleted, Message, decode, encode
from faastraingym.schemas.references import ObjectRef

GONE = ""  # the subject of a fact that was removed


def matches(pattern: str, subject: str) -> bool:
    """NATS wildcards: `*` is one token, a final `>` one or more; nothing matches what is gone."""
    if subject == GONE:
        return False
    wanted, found = pattern.split("."), subject.split(".")
    if wanted[-1] == ">" and len(found) >= len(wanted):
        wanted, found = wanted[:-1], found[: len(wanted) - 1]
    return len(wanted) == len(found) and all(map(lambda w, f: w in ("*", f), wanted, found))


class InMemoryFactLog:
    """The FactLog port."""

    def __init__(self) -> None:
        self.log: list[tuple[str, Recorded]] = []
        self.traces: dict[str, str] = {}  # by subject
        self.metered: list[InvocationCompleted] = []
        self._metered_at: dict[int, float] = {}
        self._grown = asyncio.Condition()

    async def publish_once(self, fact: Message) -> bool:
        subject = subjects.of(fact)
        if any(said == subject for said, _ in self.log):
            return False
        recorded = Recorded(len(self.log) + 1, time.time(), decode(encode(fact)))
        self.log.append((subject, recorded))
        self.traces[subject] = carried(fact.run)
        async with self._grown:
            self._grown.notify_all()
        return True

    async def count(self, subject_filter: str) -> int:
        return len(await self.read(subject_filter))

    async def read(self, *subject_filters: str) -> list[Recorded]:
        return [r for s, r in self.log if any(matches(f, s) for f in subject_filters)]

    def remove(self, subject_filter: str) -> None:
        """Their places stay, empty: a number is never used again."""
        self.log = [(GONE if matches(subject_filter, s) else s, r) for s, r in self.log]

    async def follow(self, *subject_filters: str) -> AsyncIterator[Recorded]:
        read = 0
        while True:
            async with self._grown:
                while len(self.log) == read:
                    await self._grown.wait()
            subject, recorded = self.log[read]
            read += 1
            if any(matches(f, subject) for f in subject_filters):
                yield recorded

    async def meter(self, usage: InvocationCompleted) -> None:
        self._metered_at[len(self.metered)] = time.time()
        self.metered.append(usage)

    async def usage(
        self, run: str, function: str = "*", since: float = 0.0
    ) -> list[InvocationCompleted]:
        return [
            usage
            for number, usage in enumerate(self.metered)
            if usage.run == run and function in ("*", usage.function)
            if self._metered_at.get(number, 0.0) >= since
        ]


class InMemoryObjectStore:
    """The ObjectStore and Bucket ports; `data` is open to tests that alter or delete objects."""

    bucket = "test"

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.modified: dict[str, float] = {}  # Unix time; 0 of what is not here

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        self.data.setdefault(key, bytes(data))
        return self._ref(key)

    async def get(self, ref: ObjectRef) -> bytes:
        if ref.key not in self.data:
            raise ObjectMissing(f"object {ref.bucket}/{ref.key} is not in the store", ref)
        if self._ref(ref.key) != ref:
            raise ObjectAltered(
                f"object {ref.bucket}/{ref.key} is not what its reference says", ref
            )
        return self.data[ref.key]

    async def find(self, key: str) -> ObjectRef | None:
        return self._ref(key) if key in self.data else None

    async def holds(self, ref: ObjectRef) -> bool:
        return ref.key in self.data and self._ref(ref.key) == ref

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        self.data[key] = bytes(data)
        return self._ref(key)

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        self.data[key] = bytes(data)

    async def read(self, key: str, limit: int, etag: str = "") -> bytes | None:
        if key not in self.data or etag not in ("", self._ref(key).sha256):
            return None
        return self.data[key][:limit]

    async def listed(self, prefix: str) -> list[Listed]:
        found = [self._ref(key) for key in await self.keys(prefix)]
        at = self.modified
        return [Listed(ref.key, ref.sha256, at.get(ref.key, 0.0), ref.size) for ref in found]

    async def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.data if key.startswith(prefix))

    async def folders(self, prefix: str) -> list[str]:
        below = (key.removeprefix(prefix) for key in await self.keys(prefix))
        return sorted({name.partition("/")[0] for name in below if "/" in name})

    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.data.pop(key, None)

    def _ref(self, key: str) -> ObjectRef:
        data = self.data[key]
        digest = hashlib.sha256(data).hexdigest()
        return ObjectRef(bucket=self.bucket, key=key, size=len(data), sha256=digest)


class InMemoryCommandQueue:
    """The CommandQueue port: remembers what was invoked."""

    def __init__(self) -> None:
        self.taken: list[tuple[Invocation, bytes, str]] = []
        self.done: set[str] = set()  # pieces of work that are settled

    @property
    def invoked(self) -> list[Invocation]:
        return [request for request, _, _ in self.taken]

    async def invoke(self, request: Invocation, body: bytes, signature: str) -> bool:
        if request.work in {known.work for known in self.invoked} - self.done:
            return False
        if request.call_id not in {known.call_id for known in self.invoked}:
            self.taken.append((request, body, signature))
        return True


class InMemoryDeadLetters:
    """The DeadLetters port."""

    def __init__(self) -> None:
        self.kept: dict[int, DeadLetter] = {}
        self._last = 0

    def give_up(self, letter: DeadLetter) -> int:
        self._last += 1
        self.kept[self._last] = letter
        return self._last

    async def all(self) -> list[StoredDeadLetter]:
        return [StoredDeadLetter(*item) for item in self.kept.items()]

    async def get(self, number: int) -> StoredDeadLetter | None:
        return StoredDeadLetter(number, self.kept[number]) if number in self.kept else None

    async def drop(self, number: int) -> bool:
        return self.kept.pop(number, None) is not None


class InMemoryRemovals:
    """The Removals port over a log and a queue in memory."""

    def __init__(self, facts: InMemoryFactLog, commands: InMemoryCommandQueue) -> None:
        self._facts = facts
        self._commands = commands
        self.allows = True

    async def allowed(self) -> bool:
        return self.allows

    async def unsettled(self, run: str, among: Sequence[int] = ()) -> list[int]:
        return [
            number
            for number, request in enumerate(self._commands.invoked, start=1)
            if request.message.run == run and request.work not in self._commands.done
            if not among or number in among
        ]

    async def remove_facts(self, subject_filter: str) -> None:
        self._facts.remove(subject_filter)

    async def remove_usage(self, run: str) -> None:
        self._facts.metered = [usage for usage in self._facts.metered if usage.run != run]


class InMemoryDelivery:
    """The Delivery port."""

    def __init__(
        self,
        queue: "InMemorySubscription",
        subject: str,
        data: bytes,
        message_id: str,
        attempt: int,
        headers: Mapping[str, str],
        queued_at: float = 0.0,
    ) -> None:
        self._queue = queue
        self.subject = subject
        self.data = data
        self.message_id = message_id
        self.attempt = attempt
        self.headers = headers
        self.queued_at = queued_at
        self.extended = 0

    async def ack(self) -> None:
        self._queue.acknowledged.append(self.message_id)
        self._queue.unsettled.discard(self.subject)

    async def retry(self, delay: float) -> None:
        attempt = self.attempt + 1
        again = (self.subject, self.data, self.message_id, attempt, self.headers, self.queued_at)
        if self._queue.immediate:
            self._queue.add(*again)
        else:
            asyncio.get_running_loop().call_later(delay, self._queue.add, *again)

    async def extend(self) -> None:
        self.extended += 1


class InMemorySubscription:
    """The Subscription port; `immediate` makes a retried message wait for nothing."""

    def __init__(self, immediate: bool, quiet: float) -> None:
        self.immediate = immediate
        self.acknowledged: list[str] = []
        self.unsettled: set[str] = set()  # subjects of work
        self.asked = 0
        self.delivered: list[InMemoryDelivery] = []
        self._quiet = quiet
        self._ready: deque[InMemoryDelivery] = deque()
        self._arrived = asyncio.Event()

    @property
    def untaken(self) -> int:
        """Messages that wait for whoever asks next."""
        return len(self._ready)

    def add(
        self,
        subject: str,
        data: bytes,
        message_id: str,
        attempt: int = 1,
        headers: Mapping[str, str] | None = None,
        queued_at: float | None = None,
    ) -> None:
        at = time.time() if queued_at is None else queued_at
        made = InMemoryDelivery(self, subject, data, message_id, attempt, headers or {}, at)
        self._ready.append(made)
        self._arrived.set()

    async def next(self, limit: int) -> Sequence[InMemoryDelivery]:
        if not self._ready:
            self._arrived.clear()
            self.asked = limit = 1
            try:
                async with asyncio.timeout(self._quiet):
                    await self._arrived.wait()
            except TimeoutError:
                return []
            finally:
                self.asked = 0
        taken = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        self.delivered += taken
        return taken


class InMemoryBus:
    """The Bus port over a fact log in memory."""

    def __init__(
        self, facts: InMemoryFactLog, immediate: bool = False, quiet: float = 10.0
    ) -> None:
        self.buried: list[tuple[str, bytes]] = []
        self.kinds: list[str] = []  # of what is buried
        self._facts = facts
        self._options = (immediate, quiet)
        self._hearing: dict[str, asyncio.Task[None]] = {}
        self._of_facts: dict[str, InMemorySubscription] = {}
        self._filters: dict[str, list[str]] = {}
        self._commands: dict[str, InMemorySubscription] = {}
        self._open: dict[str, InMemorySubscription] = {}
        self._starts: dict[str, InMemorySubscription] = {}
        self._ids: set[str] = set()

    async def close(self) -> None:
        for task in self._hearing.values():
            task.cancel()
        await asyncio.gather(*self._hearing.values(), return_exceptions=True)

    async def facts_for(self, function: str, topics: Sequence[str]) -> InMemorySubscription:
        self._filters[function] = [subjects.of_topic(topic) for topic in topics]
        if function not in self._of_facts:
            self._of_facts[function] = InMemorySubscription(*self._options)
            self._hearing[function] = asyncio.create_task(self._hear(function))
        return self._of_facts[function]

    async def commands_for(self, function: str) -> InMemorySubscription:
        if function not in self._commands:
            self._commands[function] = InMemorySubscription(*self._options)
        return self._commands[function]

    async def open_for(self, function: str) -> InMemorySubscription:
        if function not in self._open:
            self._open[function] = InMemorySubscription(*self._options)
        return self._open[function]

    async def starts_for(self, function: str) -> InMemorySubscription:
        if function not in self._starts:
            self._starts[function] = InMemorySubscription(*self._options)
        return self._starts[function]

    def commands(self, function: str) -> InMemorySubscription:
        """The queue of a function that somebody has subscribed for."""
        return self._commands[function]

    async def enqueue(self, function: str, request: bytes, message_id: str, work: str = "") -> bool:
        queue = await self.commands_for(function)
        subject = subjects.of_command(function, work or message_id)
        if subject in queue.unsettled:
            return False
        if message_id not in self._ids:
            self._ids.add(message_id)
            queue.unsettled.add(subject)
            queue.add(subject, request, message_id)
        return True

    async def enqueue_open(self, function: str, request: bytes, message_id: str) -> None:
        if message_id in self._ids:
            return
        queue = await self.open_for(function)
        if queue.untaken >= OPEN.max_per_subject:
            raise QueueFull("maximum messages per subject exceeded")
        self._ids.add(message_id)
        queue.add(subjects.of_open_command(function), request, message_id)

    async def give_up(self, function: str, record: bytes, kind: str = "") -> None:
        self.buried.append((function, record))
        self.kinds.append(kind)

    async def _hear(self, function: str) -> None:
        async for recorded in self._facts.follow(">"):
            subject = subjects.of(recorded.fact)
            if any(matches(pattern, subject) for pattern in self._filters[function]):
                headers = {HEADER: self._facts.traces[subject]}
                queue = self._of_facts[function]
                queue.add(
                    subject,
                    encode(recorded.fact),
                    subject,
                    headers=headers,
                    queued_at=recorded.at,
                )
