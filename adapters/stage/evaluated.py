"""The policy that a run evaluates (ADR 76): its name resolved, held to the run, read.

A specification names it by a text until the run is asked for; from then on by an object. The run
learns nothing: its version 0 is a copy of that policy.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from faastraingym.adapters.stage import manifests
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import fold
from faastraingym.events.ports import Bucket, Services
from faastraingym.schemas import act, keys, raw
from faastraingym.schemas.act import OfRun
from faastraingym.schemas.errors import ModelError, PayloadError, RunFault, SpecificationError
from faastraingym.schemas.models import Named
from faastraingym.schemas.references import ObjectRef, PolicyRef
from faastraingym.schemas.specification import PolicySpec, RunSpec, to_dict

if TYPE_CHECKING:  # start-run imports no NumPy before it has to
    from faastraingym.adapters.processes.checking import Checked
    from faastraingym.schemas.payloads import Policy

KEY = "evaluate"


def named(asked: Any) -> str | None:
    """The name by which a raw specification has its policy; None: it is resolved, or none."""
    found = asked.get(KEY) if isinstance(asked, Mapping) else None
    return found if isinstance(found, str) else None


def is_one(asked: Any) -> bool:
    """Whether a raw specification is that of a run that evaluates, resolved or not."""
    return isinstance(asked, Mapping) and bool(asked.get(KEY))


async def resolved(
    asked: dict[str, Any], services: Services, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A raw specification whose policy is an object, with all that the policy was trained with.

    Args:
        asked: the specification.
        services: have the policy.
        before: the specification with which the same run was asked for already: what the name stood
            for then, it stands for now.

    Raises:
        SpecificationError: no policy has that name.
    """
    name = named(asked)
    if name is None:
        return asked
    pinned = (before or {}).get(KEY)
    if isinstance(pinned, Mapping) and pinned.get("policy") == name:
        return raw.evaluating({**asked, KEY: dict(pinned)}, before or {})
    try:
        found, trained = await _found(act.parse(name), services)
    except (ModelError, PayloadError) as error:
        raise SpecificationError([f"spec.{KEY}: {error}"]) from error
    policy = msgspec.to_builtins(PolicySpec(policy=name, object=found))
    return raw.evaluating({**asked, KEY: policy}, trained)


async def check(checked: "Checked", services: Services) -> None:
    """Return when the run can play its policy, if it evaluates one.

    Raises:
        SpecificationError: it is not there, or acts in other spaces.
    """
    spec = checked.spec
    if spec.evaluate is UNSET:
        return
    if isinstance(spec.evaluate, str):
        raise SpecificationError(
            [f"spec.{KEY}: found {spec.evaluate!r:.80}, of which nobody knows what it stood for "
             "when the run was asked for; allowed: policy and object"]
        )  # fmt: skip
    try:
        policy = await _policy(spec.evaluate, services.bucket)
        if checked.spaces is not None:
            await asyncio.to_thread(_check_spaces, spec, policy, checked.spaces)
    except PayloadError as error:
        raise SpecificationError(
            [f"spec.{KEY}: found {spec.evaluate.policy}, which cannot act in "
             f"{spec.environment.id}: {error}"]
        ) from error  # fmt: skip


async def commit(run: str, spec: RunSpec, services: Services) -> PolicyRef:
    """Store version 0 of a run that evaluates; no learner state will ever follow it.

    Raises:
        RunFault: the policy is lost, or has other bytes than the specification says.
    """
    if not isinstance(spec.evaluate, PolicySpec):
        raise RunFault(f"spec.{KEY}: {spec.evaluate!r:.80} is not resolved")
    try:
        policy = await _policy(spec.evaluate, services.bucket)
    except PayloadError as error:
        raise RunFault(f"spec.{KEY}: {spec.evaluate.policy}: {error}") from error
    from faastraingym.adapters.stage.payloads import dump

    data, key = dump(msgspec.structs.replace(policy, version=0)), keys.policy(run, 0)
    stored = await services.objects.put(key, data)
    if stored.sha256 != hashlib.sha256(data).hexdigest():
        stored = await services.objects.replace(key, data)
    return PolicyRef(version=0, policy=stored, learner=stored, env_steps=0)


async def _found(named: Named | OfRun, services: Services) -> tuple[ObjectRef, Mapping[str, Any]]:
    """The policy's object, and the specification that it was trained with."""
    if isinstance(named, OfRun):
        return await _of_run(named, services)
    version = await Registry(services.objects, services.bucket).find(named)
    key = keys.model_object(version.model, version.policy.sha256)
    ref = await services.objects.find(key)
    if ref is None:
        raise PayloadError(f"{version}: {key} is lost in the store")
    return ref, version.spec


async def _of_run(named: OfRun, services: Services) -> tuple[ObjectRef, Mapping[str, Any]]:
    """Without a version: what the run ended with, else its newest."""
    version = named.version
    if version is None:
        history = fold(await services.facts.read(*subjects.of_life(named.run)))
        version = history.end.policy.version if history.end and history.end.policy else None
    if version is None:
        stored = await services.bucket.keys(keys.policies(named.run))
        version = max((keys.place(key).version for key in stored), default=0)
    ref = await services.objects.find(keys.policy(named.run, version))
    manifest = await services.objects.find(keys.manifest(named.run))
    if ref is None or manifest is None:
        raise PayloadError(
            f"found {named}, which is not stored; allowed: runs that have a policy, and of their "
            "versions those that spec.retention keeps"
        )
    return ref, to_dict(await manifests.specification(services, manifest))


async def _policy(named: PolicySpec, bucket: Bucket) -> "Policy":
    """PayloadError: the object is lost or altered, or holds no policy."""
    from faastraingym.adapters.stage.payloads import load
    from faastraingym.schemas.payloads import Policy

    wanted = named.object
    if not keys.is_policy(wanted.key):
        raise PayloadError(
            f"found {wanted.key:.80}; allowed: the key of a run's, a model's or a file's policy"
        )
    data = await bucket.read(wanted.key, wanted.size + 1)
    if data is None or hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise PayloadError(f"{wanted.key} is {'lost' if data is None else 'altered'} in the store")
    policy = load(data, Policy)
    _refuse_non_finite(policy, wanted.key)
    return policy


def _refuse_non_finite(policy: "Policy", key: str) -> None:
    """PayloadError: a file of somebody's has a number that no learner would have stored."""
    import numpy as np

    for name, array in policy.parameters.items():
        if not np.isfinite(array).all():
            raise PayloadError(f"{key}: parameters[{name!r}] has numbers that are not finite")


def _check_spaces(spec: RunSpec, policy: "Policy", spaces: Any) -> None:
    from faastraingym.algorithms import shape_checks
    from faastraingym.algorithms.environments.space_info import SpaceInfo

    shape_checks.networks(spec, policy, msgspec.convert(list(spaces), SpaceInfo))
