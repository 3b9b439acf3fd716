"""Invocations: the function of a command, and the ids by which the queue finds a repetition."""

import uuid
from typing import NamedTuple

from faastraingym.events.pipeline import flow, subjects
from faastraingym.schemas.messages import QUEUED, Message, RestoreObject, tag

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:faastraingym:invocation")


class Invocation(NamedTuple):
    """An asynchronous invocation of one function with one message.

    The queue drops a second invocation with the same `attempt`. Deadlines count it upwards; for a
    replayed dead letter it is the letter's number, negative. An `early` copy is work of its own:
    the queue holds it beside the command that is late.
    """

    function: str
    message: Message
    attempt: int = 0
    early: bool = False

    @property
    def call_id(self) -> str:
        """A UUID that derives from the invocation."""
        asked = f"/{self.message.asked}" if isinstance(self.message, RestoreObject) else ""
        identity = f"{self.function}/{self._named}{asked}/{self.attempt}"
        return str(uuid.uuid5(_NAMESPACE, identity))

    @property
    def work(self) -> str:
        """A NATS token of the work; every attempt at the same work has the same token."""
        return uuid.uuid5(_NAMESPACE, f"{self.function}/{self._named}").hex

    @property
    def _named(self) -> str:
        return _work(self.message) + ("/early" if self.early else "")


def invocation(message: Message) -> Invocation:
    """The invocation of the first function that receives a message; LookupError without one."""
    return Invocation(flow.receivers(type(message))[0], message)


def _work(message: Message) -> str:
    if isinstance(message, QUEUED):
        return "/".join((tag(message), *message.identified))
    return subjects.of(message)
