"""The registered policy that a run begins with (ADR 67): its name resolved, held to the run, read.

A specification names it by a text until the run is asked for; from then on by version and SHA-256.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import Services
from faastraingym.schemas import models
from faastraingym.schemas.errors import ModelError, PayloadError, RunFault, SpecificationError
from faastraingym.schemas.models import ModelVersion, Named
from faastraingym.schemas.specification import ModelSpec, RunSpec

if TYPE_CHECKING:  # start-run imports no NumPy before it has to
    from faastraingym.schemas.payloads import LearnerState

KEY = "init_from"


def named(raw: Any) -> str | None:
    """The name by which a raw specification has its first policy; None: it is resolved, or none."""
    found = raw.get(KEY) if isinstance(raw, Mapping) else None
    return found if isinstance(found, str) else None


def begins(raw: Any) -> bool:
    """Whether a raw specification has a first policy, resolved or not."""
    return isinstance(raw, Mapping) and bool(raw.get(KEY))


async def resolved(
    raw: dict[str, Any], registry: Registry, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A raw specification whose first policy has a version and a SHA-256.

    Args:
        raw: the specification.
        registry: that has the policy.
        before: the specification with which the same run was asked for already: what the name stood
            for then, it stands for now.

    Raises:
        SpecificationError: no version has that name.
    """
    name = named(raw)
    if name is None:
        return raw
    pinned = (before or {}).get(KEY)
    if isinstance(pinned, Mapping) and pinned.get("model") == name:
        return raw | {KEY: dict(pinned)}
    if not name.startswith(models.PREFIX):
        raise SpecificationError(
            [f"spec.{KEY}: found {name!r:.80}; allowed: {models.PREFIX}NAME@ALIAS or "
             f"{models.PREFIX}NAME/VERSION, which `faastrain models list` lists"]
        )  # fmt: skip
    try:
        version = await registry.find(models.parse(name))
    except ModelError as error:
        raise SpecificationError([f"spec.{KEY}: {error}"]) from error
    found = ModelSpec(model=name, version=version.version, sha256=version.networks.sha256)
    return raw | {KEY: msgspec.to_builtins(found)}


async def check(spec: RunSpec, spaces: Sequence[Any] | None, registry: Registry) -> None:
    """Return when the run can begin with its policy, if it names one.

    Args:
        spec: of the run.
        spaces: of its environment: the values of a SpaceInfo.
        registry: that has the policy.

    Raises:
        SpecificationError: it is not there, or of other spaces or another network.
    """
    if spec.init_from is UNSET:
        return
    if isinstance(spec.init_from, str):
        raise SpecificationError(
            [f"spec.{KEY}: found {spec.init_from!r:.80}, of which nobody knows what it stood for "
             "when the run was asked for; allowed: model, version and sha256"]
        )  # fmt: skip
    try:
        version = await _version(spec.init_from, registry)
        networks = await _networks(version, registry)
    except (ModelError, PayloadError) as error:
        raise SpecificationError([f"spec.{KEY}: {error}"]) from error
    if version.networks.sha256 != spec.init_from.sha256:
        raise SpecificationError(
            [f"spec.{KEY}.sha256: found {spec.init_from.sha256}; allowed: "
             f"{version.networks.sha256}, as {version} has"]
        )  # fmt: skip
    if spaces is None:
        return
    from faastraingym.algorithms import fine_tuning
    from faastraingym.algorithms.environments.space_info import SpaceInfo

    info = msgspec.convert(list(spaces), SpaceInfo)
    problems = fine_tuning.misfits(version, networks, info, spec)
    if problems:
        raise SpecificationError(problems)


async def begin(spec: RunSpec, state: "LearnerState", services: Services) -> "LearnerState":
    """Version 0: `state`, with the networks of the registered policy if the run names one.

    Raises:
        RunFault: the policy is lost, or has other bytes than the specification says.
    """
    if spec.init_from is UNSET:
        return state
    if isinstance(spec.init_from, str):
        raise RunFault(f"spec.{KEY}: {spec.init_from!r:.80} is not resolved")
    from faastraingym.algorithms import fine_tuning

    registry = Registry(services.objects, services.bucket)
    try:
        version = await _version(spec.init_from, registry)
        if version.networks.sha256 != spec.init_from.sha256:
            raise PayloadError(f"{version} has other networks than the run was asked for with")
        networks = await _networks(version, registry)
    except (ModelError, PayloadError) as error:
        raise RunFault(f"spec.{KEY}: {error}") from error
    return fine_tuning.begun(state, networks)


async def _version(of: ModelSpec, registry: Registry) -> ModelVersion:
    return await registry.find(Named(models.parse(of.model).model, version=of.version))


async def _networks(version: ModelVersion, registry: Registry) -> "LearnerState":
    from faastraingym.adapters.stage.payloads import load
    from faastraingym.schemas.payloads import LearnerState

    return load(await registry.read(version.model, version.networks), LearnerState)
