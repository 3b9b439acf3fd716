"""What stages need of the outside world, as protocols; adapters/ has the real ones.

Every implementation passes the one contract suite in tests/adapters/.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from faastraingym.events.pipeline.commands import Invocation
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.messages import InvocationCompleted, Message
from faastraingym.schemas.references import ObjectRef


class Unavailable(Exception):  # noqa: N818  the condition's own name
    """The broker, the store or the gateway cannot be reached just now; trying again may help."""


class QueueFull(Unavailable):
    """What waits there is as much as may wait there; later there is room again."""


class Recorded(NamedTuple):
    """A fact as the log holds it."""

    sequence: int
    at: float  # when the log took it: Unix time, seconds
    fact: Message


class FactLog(Protocol):
    """The log of facts."""

    async def publish_once(self, fact: Message) -> bool:
        """Publish once; False when the subject has a message already. Returns after the ack."""

    async def count(self, subject_filter: str) -> int:
        """How many facts lie under a filter."""

    async def read(self, *subject_filters: str) -> list[Recorded]:
        """The facts under the filters, in the log's order."""

    def follow(self, *subject_filters: str) -> AsyncIterator[Recorded]:
        """The facts under the filters, those to come included; never ends by itself."""

    async def meter(self, usage: InvocationCompleted) -> None:
        """Record what an invocation cost; does not wait for the ack."""

    async def usage(
        self, run: str, function: str = ..., since: float = ...
    ) -> list[InvocationCompleted]:
        """The cost of a run's invocations so far: of one function, metered since a time, or all."""


class LostObject(Exception):  # noqa: N818  the condition's own name
    """What a reference speaks of is not there, or is not what the reference says."""

    def __init__(self, text: str, ref: ObjectRef) -> None:
        super().__init__(text)
        self.ref = ref


class Listed(NamedTuple):
    """An object as a listing has it."""

    key: str
    etag: str  # tells one content of the key from another
    modified: float  # by the store's clock, some of which count whole seconds: Unix time


class ObjectStore(Protocol):
    """Objects that are written once."""

    async def put(self, key: str, data: bytes, content_type: str = ...) -> ObjectRef:
        """Write if absent; the reference is to the stored object, the first one written."""

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes, held to the reference's size and SHA-256.

        Raises:
            LostObject: it is not there, or not what the reference says.
        """

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Write or overwrite: only for bytes that a reference asks for."""


class Bucket(Protocol):
    """Where the objects lie, as a whole."""

    async def holds(self, ref: ObjectRef) -> bool:
        """Whether the object is there, and is what the reference says; no copy of it counts."""

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, sorted."""

    async def folders(self, prefix: str) -> list[str]:
        """What follows `prefix` up to the next `/` in the keys that begin with it, sorted."""

    async def listed(self, prefix: str) -> list[Listed]:
        """The objects whose keys begin with `prefix`, sorted by key."""

    async def read(self, key: str, limit: int, etag: str = "") -> bytes | None:
        """The object's content, its first `limit` bytes at most; None when nothing is there.

        With an `etag`: None, too, when it is another object by now.
        """

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """Write or overwrite."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove these objects; those that are not there are no error."""


class CommandQueue(Protocol):
    """Asynchronous invocation of functions."""

    async def invoke(self, request: Invocation, body: bytes, signature: str) -> bool:
        """Returns when the invocation is queued durably; False when its piece of work already was.

        That waits, is being done, or is tried again: until then it has no second command.
        """


class Delivery(Protocol):
    """One message in flight, to be settled by exactly one of `ack` and `retry`."""

    subject: str
    data: bytes
    message_id: str  # its own, the same at every attempt
    attempt: int  # 1 at the first
    queued_at: float  # when it was published: Unix time, by the broker's clock
    headers: Mapping[str, str]  # as they were published

    async def ack(self) -> None:
        """Settle: never deliver again."""

    async def retry(self, delay: float) -> None:
        """Settle: deliver again after `delay` seconds; the message holds no slot meanwhile."""

    async def extend(self) -> None:
        """Say that work goes on, so that the broker does not deliver it to another worker."""


class Subscription(Protocol):
    """A durable subscription, shared by all subscribers for the same function."""

    @property
    def asked(self) -> int:
        """How many messages the broker may yet send of those that were asked for."""

    async def next(self, limit: int) -> Sequence[Delivery]:
        """1 to `limit` messages as soon as there is one; empty after some quiet seconds."""


class Bus(Protocol):
    """The queue-worker's view of the broker."""

    async def facts_for(self, function: str, topics: Sequence[str]) -> Subscription:
        """The facts of these topics, once per function."""

    async def commands_for(self, function: str) -> Subscription:
        """The function's asynchronous invocations, as OpenFaaS queue requests (JSON)."""

    async def open_for(self, function: str) -> Subscription:
        """The same, of unauthenticated ones."""

    async def starts_for(self, function: str) -> Subscription:
        """What others publish to have runs started."""

    async def enqueue(self, function: str, request: bytes, message_id: str, work: str = "") -> bool:
        """Queue an asynchronous invocation durably; a repeated message id is dropped.

        Args:
            function: that is to be invoked.
            request: OpenFaaS's queue request.
            message_id: of this attempt; a NATS token where it stands for the work.
            work: what is to be done, a NATS token; none: the message id is it.

        Returns:
            False when the work was queued before and is not settled: then nothing is added.
        """

    async def enqueue_open(self, function: str, request: bytes, message_id: str) -> None:
        """The same, of an unauthenticated one.

        Raises:
            QueueFull: of these the function has as many as may wait.
        """

    async def give_up(self, function: str, record: bytes, kind: str = "") -> None:
        """Write a dead letter, of one of the kinds of events/pipeline/subjects.py or of none."""


class StoredDeadLetter(NamedTuple):
    """A dead letter and its number, which no other one ever gets."""

    id: int
    letter: DeadLetter


class DeadLetters(Protocol):
    """The deliveries that were given up, as an operator reads them."""

    async def all(self) -> list[StoredDeadLetter]:
        """Every one, the oldest first."""

    async def get(self, number: int) -> StoredDeadLetter | None:
        """One, if it is still kept."""

    async def drop(self, number: int) -> bool:
        """Remove it; False when there is no such one."""


class Services(NamedTuple):
    """What a stage's handler is given."""

    facts: FactLog
    objects: ObjectStore
    bucket: Bucket


Messages = Sequence[Message]
