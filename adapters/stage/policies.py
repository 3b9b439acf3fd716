"""Policies by their names, ready to answer: what names stand for, and what was loaded.

A name that can move, as an alias, is looked up anew when a request comes and the last look is older
than a second. Requests that wait for the same look, or for the same policy to be loaded, share it.
So an alias that moves leads each request to the version before or to the one after, and none fails.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Any, NamedTuple, TypeVar

import msgspec

from faastraingym.adapters.stage.manifests import specification
from faastraingym.adapters.stage.payloads import load
from faastraingym.algorithms import registry
from faastraingym.algorithms.actors import answers
from faastraingym.algorithms.actors.answers import Ready
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.events.models.registry import Registry
from faastraingym.events.ports import LostObject, Services
from faastraingym.schemas import act, keys
from faastraingym.schemas.act import OfRun
from faastraingym.schemas.answers import AnswerError, bad_request
from faastraingym.schemas.errors import ModelError, PayloadError, SchemaError
from faastraingym.schemas.models import Canary, ModelVersion, Named
from faastraingym.schemas.payloads import LearnerState, Policy
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import RunSpec

FRESH_SECONDS = 1.0  # that a name which can move is trusted
MOST_NAMES = 1024  # that are remembered
MOST_BYTES = 32 << 20  # of policies that are kept ready, but for the one that was asked for last
MOST_LEARNER = 64 << 20  # bytes of a run's learner state, which is read for its value function

T = TypeVar("T")


class Version(NamedTuple):
    """What a name stands for."""

    name: str  # its own, which never moves
    sha256: str  # of the policy's bytes
    size: int
    source: ModelVersion | ObjectRef


class Look(NamedTuple):
    """What a name was found to stand for."""

    version: Version
    canary: Canary | None  # that the other version answers a share
    other: Version | None
    until: float  # when it is to be looked up again

    def chosen(self, key: bytes) -> Version:
        """The version that answers a request, by its key."""
        if self.other is not None and self.canary is not None and self.canary.answers(key):
            return self.other
        return self.version


class Held(NamedTuple):
    """A policy that is ready."""

    version: Version
    ready: Ready
    size: int  # bytes, about


class Policies:
    """A replica's policies, kept between requests; `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._names: OrderedDict[str, Look] = OrderedDict()
        self._held: OrderedDict[tuple[str, str], Held] = OrderedDict()
        self._going: dict[Hashable, asyncio.Task[Any]] = {}

    async def find(
        self, name: str, services: Services, key: bytes = b"", want: Collection[str] = ()
    ) -> Held:
        """The policy that a name stands for now, ready to answer.

        Args:
            name: as callers write it.
            services: have the store.
            key: of the request; it decides where an alias has a canary.
            want: what it is to tell; values may need more of the store.

        Raises:
            AnswerError: it is no name, there is none of this name, or it cannot be used.
            Unavailable: the store is away.
        """
        look = self._names.get(name)
        if look is None or self._clock() >= look.until:
            look = await self._once(name, lambda: self._look(name, services))
        version = look.chosen(key)
        place = version.name, version.sha256
        held = self._held.get(place)
        if held is None:
            held = await self._once(place, lambda: self._load(version, services))
        if "values" in want and held.ready.may_value and held.ready.critic is None:
            known = held
            held = await self._once(("values", *place), lambda: self._value(known, services))
        if place in self._held:
            self._held.move_to_end(place)
        return held

    async def _once(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gives; who asks for the same meanwhile waits for that."""
        task = self._going.get(key)
        if task is None:
            task = self._going[key] = asyncio.ensure_future(make())
            task.add_done_callback(lambda _: self._going.pop(key))
        found: T = await asyncio.shield(task)
        return found

    async def _look(self, name: str, services: Services) -> Look:
        now = self._clock()
        try:
            named = act.parse(name)
        except ModelError as error:
            raise bad_request("policy", str(error)) from error
        version = await _found(named, services)
        canary, other = await _canary(named, services)
        until = now + FRESH_SECONDS if act.moves(named) else math.inf
        look = self._names[name] = Look(version, canary, other, until)
        self._names.move_to_end(name)
        if len(self._names) > MOST_NAMES:
            self._names.popitem(last=False)
        return look

    async def _load(self, version: Version, services: Services) -> Held:
        try:
            ready = await _made_ready(version, services)
        except (SchemaError, LostObject) as error:
            text = f"policy: {version.name} cannot be used: {error}"
            raise AnswerError("not-found", "policy", text) from error
        return self._keep(Held(version, ready, version.size))

    async def _value(self, held: Held, services: Services) -> Held:
        """The same with its value function, which is kept apart from policies."""
        version = held.version
        try:
            data = await _networks(version, services)
            ready = await asyncio.to_thread(lambda: held.ready.valuing(load(data, LearnerState)))
        except (SchemaError, LostObject) as error:
            raise AnswerError(
                "not-found", "want", f"want: {version.name} can tell no values: {error}"
            ) from error
        return self._keep(Held(version, ready, 2 * version.size))

    def _keep(self, held: Held) -> Held:
        place = held.version.name, held.version.sha256
        self._held[place] = held
        self._held.move_to_end(place)
        while len(self._held) > 1 and self._size() > MOST_BYTES:
            self._held.popitem(last=False)
        return held

    def _size(self) -> int:
        return sum(held.size for held in self._held.values())


async def _found(named: Named | OfRun, services: Services) -> Version:
    """What a name stands for in the store; AnswerError: nothing."""
    if isinstance(named, OfRun):
        return await _of_run(named, services)
    try:
        found = await Registry(services.objects, services.bucket).find(named)
    except (ModelError, SchemaError) as error:
        raise AnswerError("not-found", "policy", f"policy: {error}") from error
    return Version(f"models/{found}", found.policy.sha256, found.policy.size, found)


async def _canary(named: Named | OfRun, services: Services) -> tuple[Canary | None, Version | None]:
    """The canary of an alias, and its version."""
    if isinstance(named, OfRun) or not named.alias:
        return None, None
    found = await Registry(services.objects, services.bucket).canary(named)
    if found is None:
        return None, None
    return found, await _found(Named(found.model, version=found.version), services)


async def _of_run(named: OfRun, services: Services) -> Version:
    """A run's policy by its object: facts tell of those, too, that are pruned."""
    version = named.version
    if version is None:
        stored = await services.bucket.keys(keys.policies(named.run))
        version = max((keys.place(key).version for key in stored), default=None)
    ref = None
    if version is not None:
        ref = await services.objects.find(keys.policy(named.run, version))
    if ref is None or version is None:
        raise AnswerError(
            "not-found",
            "policy",
            f"policy: {named} is not stored; allowed: runs that have a policy, and of their "
            "versions those that spec.retention keeps",
        )
    return Version(f"{OfRun(named.run, version)}", ref.sha256, ref.size, ref)


async def _networks(version: Version, services: Services) -> bytes:
    """What the learner keeps of a policy: of a registered one without the optimizer's state."""
    source = version.source
    if isinstance(source, ModelVersion):
        registered = Registry(services.objects, services.bucket)
        return await registered.read(source.model, source.networks)
    place, run = keys.place(source.key), source.key.removeprefix(keys.RUNS).partition("/")[0]
    ref = await services.objects.find(keys.learner(run, place.version))
    if ref is None:
        raise LostObject("its learner state is not stored", source)
    if ref.size > MOST_LEARNER:
        raise PayloadError(
            f"its learner state has {ref.size} bytes; allowed: at most {MOST_LEARNER}; register "
            "the policy as a model, which has no optimizer's state"
        )
    return await services.objects.get(ref)


async def _made_ready(version: Version, services: Services) -> Ready:
    source = version.source
    if isinstance(source, ModelVersion):
        data = await Registry(services.objects, services.bucket).read(source.model, source.policy)
        spec, spaces = registry.parse(source.spec), source.spaces
    else:
        run = source.key.removeprefix(keys.RUNS).partition("/")[0]
        manifest = await services.objects.find(keys.manifest(run))
        if manifest is None:
            raise LostObject(f"the manifest of run {run} is lost", source)
        data, spaces = await services.objects.get(source), None
        spec = await specification(services, manifest)
    return await asyncio.to_thread(_ready, data, spec, spaces)


def _ready(data: bytes, spec: RunSpec, spaces: list[Any] | None) -> Ready:
    info = describe(spec) if spaces is None else msgspec.convert(spaces, SpaceInfo)
    return answers.ready(spec, load(data, Policy), info)
