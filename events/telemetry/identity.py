"""The fields by which logs and metering identify a message."""

from typing import Any

from faastraingym.schemas.messages import Message, tag

_NAMES = {"version": "version", "index": "index", "piece": "index"}
Key = tuple[str, int | None, int | None]  # tag, version, index


def identity(message: Message | None) -> dict[str, Any]:
    """Type, run, version, and slot or piece of a message, as far as it has them."""
    if message is None:
        return {}
    known: dict[str, Any] = {"heard": tag(message), "run": message.run}
    for name in message.identity:
        if name in _NAMES and (value := getattr(message, name)) is not None:
            known[_NAMES[name]] = value
    return known


def key_of(message: Message) -> Key:
    """The key of a message among those of its run, by the names of metering."""
    known = identity(message)
    return known["heard"], known.get("version"), known.get("index")
