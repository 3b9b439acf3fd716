"""The schemas as JSON Schema (draft 2020-12), for readers and tools outside Python. No I/O here.

Messages travel as msgpack maps with exactly these fields (https://msgpack.org).
"""

from typing import Any

import msgspec

from faastraingym.schemas.comparison import ComparisonReport
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.experiment import ExperimentSpec
from faastraingym.schemas.messages import AnyMessage, Message
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import RunSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MESSAGE_TYPES: tuple[type[Message], ...] = AnyMessage.__args__


def documents(specification: type[RunSpec]) -> dict[str, dict[str, Any]]:
    """Every JSON Schema document by its name, as `messages` for docs/schemas/messages.json.

    Args:
        specification: RunSpec, with the algorithms that there are.
    """
    return {
        "messages": _document("What stages say to each other", AnyMessage),
        "specification": _named(_document("A run specification", specification)),
        "experiment": _document("An experiment specification", ExperimentSpec),
        "report": _document("A run's report", RunReport),
        "comparison": _document("Runs compared", ComparisonReport),
        "dead_letter": _document("A delivery that was given up", DeadLetter),
    }


def summary(kind: type) -> str:
    """The first line of a type's docstring."""
    return (kind.__doc__ or "").strip().partition("\n")[0]


def _document(title: str, kind: Any) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **msgspec.json.schema(kind)}


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """With the table that stands for a list of rewards (`schemas.validation.named_reward`)."""
    fields = document["$defs"]["RunSpec"]["properties"]
    by_function = document["$defs"]["Function"]["properties"]
    table = {
        "type": "object",
        "properties": {"function": by_function["name"], "seconds": by_function["seconds"]},
        "required": ["function"],
        "additionalProperties": False,
    }
    listed = {name: fields["reward"].pop(name) for name in ("type", "items")}
    fields["reward"]["anyOf"] = [listed, table]
    return document
