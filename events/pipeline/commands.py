"""Which function a command invokes, and the call id that makes a repeated command recognisable."""

import uuid
from typing import NamedTuple

from faastraingym.events.pipeline import subjects
from faastraingym.schemas.messages import (
    QUEUED,
    CollectRollout,
    EvaluatePolicy,
    HearUpload,
    Message,
    RestoreObject,
    UpdatePolicy,
    tag,
)

FUNCTION_OF: dict[type[Message], str] = {
    CollectRollout: "rollout",
    UpdatePolicy: "update-policy",
    EvaluatePolicy: "evaluate",
    HearUpload: "start-run",
}

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:faastraingym:invocation")


class Invocation(NamedTuple):
    """An asynchronous invocation of one function with one message.

    `attempt` tells an invocation that is issued again on purpose from one that merely came twice:
    the queue drops only the latter. Deadlines count it upwards; a dead letter that is replayed has
    its number, negative.
    """

    function: str
    message: Message
    attempt: int = 0

    @property
    def call_id(self) -> str:
        """A UUID that the same invocation always has."""
        asked = f"/{self.message.asked}" if isinstance(self.message, RestoreObject) else ""
        identity = f"{self.function}/{_work(self.message)}{asked}/{self.attempt}"
        return str(uuid.uuid5(_NAMESPACE, identity))

    @property
    def work(self) -> str:
        """A NATS token that the same work always has, whichever attempt at it this is."""
        return uuid.uuid5(_NAMESPACE, f"{self.function}/{_work(self.message)}").hex


def invocation(command: Message) -> Invocation:
    """The invocation that carries `command` out.

    Raises:
        KeyError: `command` is not a command.
    """
    return Invocation(FUNCTION_OF[type(command)], command)


def _work(message: Message) -> str:
    if isinstance(message, QUEUED):
        return "/".join((tag(message), *message.identified))
    return subjects.of(message)
