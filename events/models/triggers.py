"""The runs that a promotion starts: pure, so a fact that comes twice asks for the same runs."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from faastraingym.schemas import keys
from faastraingym.schemas.messages import ModelPromoted, RunRequested
from faastraingym.schemas.models import ModelVersion, Trigger
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import ModelSpec, PolicySpec

SALT = 8  # hexadecimal digits


def started(
    promoted: ModelPromoted, version: ModelVersion, triggers: Iterable[Trigger]
) -> list[RunRequested]:
    """The requests that follow from a promotion to `version`; of a rollback, none.

    A run that begins with the alias, or evaluates it, has the promoted version, wherever the alias
    points by now.
    """
    if promoted.rollback:
        return []
    stands_for = _stands_for(promoted, version)
    return [
        RunRequested(run=_run(trigger, promoted), spec=_pinned(trigger, stands_for))
        for trigger in triggers
        if trigger.alias == promoted.alias
    ]


def _stands_for(promoted: ModelPromoted, version: ModelVersion) -> dict[str, Any]:
    """By key of a specification: what the alias's name there stands for."""
    name, kept = f"models/{promoted.model}@{promoted.alias}", version.policy
    begins = ModelSpec(model=name, version=version.version, sha256=version.networks.sha256)
    policy = ObjectRef(
        bucket=promoted.manifest.bucket,
        key=keys.model_object(promoted.model, kept.sha256),
        size=kept.size,
        sha256=kept.sha256,
    )
    played = PolicySpec(policy=name, object=policy)
    return {"init_from": msgspec.to_builtins(begins), "evaluate": msgspec.to_builtins(played)}


def _pinned(trigger: Trigger, stands_for: dict[str, Any]) -> dict[str, Any]:
    named = {key for key in stands_for if trigger.spec.get(key) == trigger.parent}
    return trigger.spec | {key: stands_for[key] for key in named}


def _run(trigger: Trigger, promoted: ModelPromoted) -> str:
    """Its name: another one for each trigger and each move of the alias."""
    event = f"{promoted.model}@{promoted.alias}/{promoted.number}/{trigger.name}"
    salt = hashlib.sha256(event.encode()).hexdigest()[:SALT]
    return f"{trigger.name[: 62 - SALT].rstrip('-')}-{salt}"
