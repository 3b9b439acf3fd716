"""A message in logs and metering: its type, its run, its version, its slot or piece."""

from typing import Any

from faastraingym.schemas.messages import Message, tag

_NAMES = {"version": "version", "index": "index", "piece": "index"}
Key = tuple[str, int | None, int | None]  # tag, version, index


def identity(message: Message | None) -> dict[str, Any]:
    """The fields that there are; none without a message."""
    if message is None:
        return {}
    known: dict[str, Any] = {"heard": tag(message), "run": message.run}
    for name in message.identity:
        if name in _NAMES and (value := getattr(message, name)) is not None:
            known[_NAMES[name]] = value
    return known


def key_of(message: Message) -> Key:
    """What a message is recognised by among those of its run, as metering names it."""
    known = identity(message)
    return known["heard"], known.get("version"), known.get("index")
