"""Which function a command invokes, and the call id that makes a repeated command recognisable."""

import uuid

from schemas.messages import (
    CollectRollout,
    EvaluatePolicy,
    Message,
    UpdatePolicy,
    tag,
)

FUNCTION_OF: dict[type[Message], str] = {
    CollectRollout: "rollout",
    UpdatePolicy: "update-policy",
    EvaluatePolicy: "evaluate",
}

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:faastraingym:command")


def function_of(command: Message) -> str:
    """The one function that carries the command out.

    Raises:
        KeyError: `command` is not a command.
    """
    return FUNCTION_OF[type(command)]


def call_id(command: Message, attempt: int = 0) -> str:
    """A UUID that the same command always has, so that the queue drops a repeated one.

    `attempt` tells a command that is issued again on purpose from one that merely came twice.
    """
    match command:
        case CollectRollout(policy=policy, index=index):
            identity = f"{policy.version}/{index}"
        case UpdatePolicy(policy=policy) | EvaluatePolicy(policy=policy):
            identity = f"{policy.version}"
        case _:
            identity = ""
    return str(uuid.uuid5(_NAMESPACE, f"{tag(command)}/{command.run}/{identity}/{attempt}"))
