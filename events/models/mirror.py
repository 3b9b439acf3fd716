"""MLflow's registry, made to have what ours has: whatever is killed or comes twice (ADR 70).

Each step asks both sides what they have. So the delivery of any fact of a model makes up for what
an earlier one left out, and one that has nothing to do changes nothing.
"""

from collections.abc import Mapping
from typing import Protocol

from faastraingym.events.models import mlflow
from faastraingym.events.models.mlflow import Held, Identity
from faastraingym.events.models.registry import Registry
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.models import ModelVersion, Named


class Target(Protocol):
    """A model registry of MLflow; every method raises Unavailable where it refuses or is away."""

    async def create_model(self, name: str) -> None:
        """Have a registered model of this name."""

    async def versions(self, name: str) -> list[Held]:
        """The versions of a model; empty: none, or there is no such model."""

    async def create_version(
        self, name: str, source: str, tags: Mapping[str, str], description: str, run_id: str
    ) -> int:
        """Add a version; its number is the one after the highest. `run_id` may be empty."""

    async def delete_version(self, name: str, number: int) -> None:
        """Have no version of this number."""

    async def set_alias(self, name: str, alias: str, number: int) -> None:
        """Let an alias point to a version."""

    async def run_id(self, experiment: str, run: str) -> str:
        """The id of the run that a logger wrote of a run of ours; empty: there is none."""


async def registered(registry: Registry, target: Target, model: str, bucket: str) -> None:
    """Make MLflow have every version of a model, in our order.

    Args:
        registry: ours.
        target: MLflow's.
        model: the model's name in both.
        bucket: of our objects.
    """
    await _numbers(registry, target, model, bucket)


async def promoted(registry: Registry, target: Target, model: str, alias: str, bucket: str) -> None:
    """Let MLflow's alias point to where ours does now, which may be after a later promotion.

    Raises:
        RunFault: MLflow lets no alias have this name.
    """
    pointed = await registry.find(Named(model, alias))
    while True:
        numbers = await _numbers(registry, target, model, bucket)
        if mlflow.RESERVED.fullmatch(alias):
            raise RunFault(
                f"MLflow keeps the alias {alias!r} for itself; promote {pointed} under another, as "
                "champion"
            )
        await target.set_alias(model, alias, numbers[mlflow.identity(pointed)][0])
        now = await registry.find(Named(model, alias))
        if now == pointed:  # else another delivery may have set it meanwhile, to a newer version
            return
        pointed = now


async def _numbers(
    registry: Registry, target: Target, model: str, bucket: str
) -> dict[Identity, list[int]]:
    """MLflow's numbers of all versions of a model, which it has from then on."""
    ours = await registry.versions(model)
    numbers = mlflow.known(await target.versions(model))
    lacking = [version for version in ours if mlflow.identity(version) not in numbers]
    if not lacking:
        return numbers
    await target.create_model(model)
    made = [await _made(target, version, bucket) for version in lacking]
    numbers = mlflow.known(await target.versions(model))
    for number in {*made} - {found[0] for found in numbers.values()}:
        # Another delivery made it first. Only who made a number removes it: it may be used again.
        await target.delete_version(model, number)
    return numbers


async def _made(target: Target, version: ModelVersion, bucket: str) -> int:
    run_id = await target.run_id(mlflow.experiment(version.spec), version.run)
    source, tags = mlflow.source(version, bucket), mlflow.tags(version)
    return await target.create_version(
        version.model, source, tags, mlflow.description(version), run_id
    )
