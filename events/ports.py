"""The outside world that stages and the queue-worker use, as protocols; adapters/ implements them.

Every implementation passes the one contract suite in tests/adapters/.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from faastraingym.events.pipeline.commands import Invocation
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.messages import InvocationCompleted, Message
from faastraingym.schemas.references import ObjectRef


class Unavailable(Exception):  # noqa: N818  the condition's own name
    """The broker, the store or the gateway cannot be reached now; trying again may help."""


class QueueFull(Unavailable):
    """As many requests wait as may wait; later there is room again."""


class Recorded(NamedTuple):
    """A fact as the log holds it."""

    sequence: int
    at: float  # when the log took it: Unix time, seconds
    fact: Message


class FactLog(Protocol):
    """The log of facts."""

    async def publish_once(self, fact: Message) -> bool:
        """Publish, and wait for the ack; False when the subject has a message already."""

    async def count(self, subject_filter: str) -> int:
        """The number of facts under a filter."""

    async def read(self, *subject_filters: str) -> list[Recorded]:
        """The facts under the filters, in the log's order."""

    def follow(self, *subject_filters: str) -> AsyncIterator[Recorded]:
        """The facts under the filters, later ones included; never ends by itself."""

    async def meter(self, usage: InvocationCompleted) -> None:
        """Record the cost of an invocation; does not wait for the ack."""

    async def usage(
        self, run: str, function: str = ..., since: float = ...
    ) -> list[InvocationCompleted]:
        """The cost of a run's invocations: all, or of one function, or metered since a time."""


class LostObject(Exception):  # noqa: N818  the condition's own name
    """The object of a reference does not exist, or has other bytes."""

    def __init__(self, text: str, ref: ObjectRef) -> None:
        super().__init__(text)
        self.ref = ref


class Listed(NamedTuple):
    """An object in a listing."""

    key: str
    etag: str  # tells one content of the key from another
    modified: float  # Unix time by the store's clock; some stores count whole seconds
    size: int = 0  # bytes


class ObjectStore(Protocol):
    """Objects that are written once."""

    async def put(self, key: str, data: bytes, content_type: str = ...) -> ObjectRef:
        """Write if absent; the reference is to the stored object, the first one written."""

    async def get(self, ref: ObjectRef) -> bytes:
        """The object's bytes; LostObject if it does not exist, or has another size or SHA-256."""

    async def find(self, key: str) -> ObjectRef | None:
        """A reference to the object with this key, if there is one."""

    async def replace(self, key: str, data: bytes) -> ObjectRef:
        """Write or overwrite: only for bytes that a reference asks for."""


class Bucket(Protocol):
    """The bucket of all objects."""

    async def holds(self, ref: ObjectRef) -> bool:
        """Whether the object exists in the store itself with these bytes; no cached copy counts."""

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, sorted."""

    async def folders(self, prefix: str) -> list[str]:
        """The folders directly below `prefix`, sorted."""

    async def listed(self, prefix: str) -> list[Listed]:
        """The objects whose keys begin with `prefix`, sorted by key."""

    async def read(self, key: str, limit: int, etag: str = "") -> bytes | None:
        """At most `limit` bytes of an object; None if it does not exist, or has another etag."""

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """Write or overwrite."""

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove these objects; a missing one is no error."""


class CommandQueue(Protocol):
    """Asynchronous invocation of functions."""

    async def invoke(self, request: Invocation, body: bytes, signature: str) -> bool:
        """Queue durably; False, and nothing is queued, while the work has an unsettled command."""


class Delivery(Protocol):
    """One message in flight, settled by exactly one of `ack` and `retry`."""

    subject: str
    data: bytes
    message_id: str  # the same at every attempt
    attempt: int  # 1 at the first
    queued_at: float  # publication: Unix time, by the broker's clock
    headers: Mapping[str, str]  # as they were published

    async def ack(self) -> None:
        """Settle: never deliver again."""

    async def retry(self, delay: float) -> None:
        """Settle: deliver again after `delay` seconds."""

    async def extend(self) -> None:
        """Say that work continues, so that the broker does not deliver it to another worker."""


class Subscription(Protocol):
    """A durable subscription, shared by all subscribers for the same function."""

    @property
    def asked(self) -> int:
        """The number of messages that were asked for and did not come yet."""

    async def next(self, limit: int) -> Sequence[Delivery]:
        """1 to `limit` messages as soon as one comes; empty after some quiet seconds."""


class Bus(Protocol):
    """The queue-worker's view of the broker."""

    async def facts_for(self, function: str, topics: Sequence[str]) -> Subscription:
        """The facts of these topics, once per function."""

    async def commands_for(self, function: str) -> Subscription:
        """The function's asynchronous invocations, as OpenFaaS queue requests (JSON)."""

    async def open_for(self, function: str) -> Subscription:
        """Asynchronous invocations from unauthenticated senders."""

    async def starts_for(self, function: str) -> Subscription:
        """Messages that clients publish to have runs started."""

    async def enqueue(self, function: str, request: bytes, message_id: str, work: str = "") -> bool:
        """Queue a queue request durably; False: the same one, or one for this work, waits."""

    async def give_up(self, function: str, record: bytes, kind: str = "") -> None:
        """Store a dead letter, of one of the kinds of events/pipeline/subjects.py or of none."""


class StoredDeadLetter(NamedTuple):
    """A dead letter and its number, which is never used again."""

    id: int
    letter: DeadLetter


class DeadLetters(Protocol):
    """The deliveries that were given up, as an operator reads them."""

    async def all(self) -> list[StoredDeadLetter]:
        """All dead letters, the oldest first."""

    async def get(self, number: int) -> StoredDeadLetter | None:
        """A dead letter, if it is still stored."""

    async def drop(self, number: int) -> bool:
        """Remove a dead letter; False if none has this number."""


class Removals(Protocol):
    """What the broker holds of a run, as the operator removes it."""

    async def allowed(self) -> bool:
        """Whether the log lets facts be removed; one that an early version made never does."""

    async def unsettled(self, run: str, among: Sequence[int] = ...) -> list[int]:
        """The numbers of a run's commands that wait or are worked on: all, or those of `among`.

        A number is never used again.
        """

    async def remove_facts(self, subject_filter: str) -> None:
        """Remove the facts under a filter."""

    async def remove_usage(self, run: str) -> None:
        """Remove the cost of a run's invocations."""


class Services(NamedTuple):
    """The ports that a stage's handler is given."""

    facts: FactLog
    objects: ObjectStore
    bucket: Bucket


Messages = Sequence[Message]
