"""The runs that a promotion starts: pure, so a fact that comes twice asks for the same runs."""

import hashlib
from collections.abc import Iterable

import msgspec

from faastraingym.schemas.messages import ModelPromoted, RunRequested
from faastraingym.schemas.models import ModelVersion, Trigger
from faastraingym.schemas.specification import ModelSpec

SALT = 8  # hexadecimal digits


def started(
    promoted: ModelPromoted, version: ModelVersion, triggers: Iterable[Trigger]
) -> list[RunRequested]:
    """The requests that follow from a promotion to `version`; of a rollback, none.

    A run that begins with the alias begins with the promoted version, wherever it points by now.
    """
    if promoted.rollback:
        return []
    begins = ModelSpec(
        model=f"models/{promoted.model}@{promoted.alias}",
        version=version.version,
        sha256=version.networks.sha256,
    )
    return [
        RunRequested(
            run=_run(trigger, promoted),
            spec=trigger.spec | {"init_from": msgspec.to_builtins(begins)}
            if trigger.spec.get("init_from") == trigger.parent
            else trigger.spec,
        )
        for trigger in triggers
        if trigger.alias == promoted.alias
    ]


def _run(trigger: Trigger, promoted: ModelPromoted) -> str:
    """Its name: another one for each trigger and each move of the alias."""
    event = f"{promoted.model}@{promoted.alias}/{promoted.number}/{trigger.name}"
    salt = hashlib.sha256(event.encode()).hexdigest()[:SALT]
    return f"{trigger.name[: 62 - SALT].rstrip('-')}-{salt}"
