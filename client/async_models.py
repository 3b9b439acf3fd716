"""A stack's registered models, for asynchronous callers."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from faastraingym.client import bringing, results, runs
from faastraingym.client.arguments import checked
from faastraingym.client.errors import BadInput
from faastraingym.client.world import Connected
from faastraingym.events.models.registry import Registry
from faastraingym.schemas import keys, models
from faastraingym.schemas.errors import ModelError
from faastraingym.schemas.models import Canary, ModelVersion, Named, Promotion, Trigger
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import ModelSpec, PolicySpec, to_dict

if TYPE_CHECKING:
    from faastraingym.client.async_client import AsyncClient, Prepared
    from faastraingym.client.policy import Policy

EPISODES = 100  # that measure a version when it is registered
MOST_EPISODES = 10_000  # the version's manifest has the return of each
PROBABILITY = 0.95  # with which a better version is the better one


class Model(Struct, frozen=True, kw_only=True):
    """A registered model: its versions, and the moves of its aliases, the oldest first."""

    name: str
    versions: list[ModelVersion]
    moves: dict[str, list[Promotion]]
    triggers: list[Trigger]  # runs that start when an alias is promoted
    canaries: list[Canary]  # versions that answer a share of those who ask an alias

    @property
    def aliases(self) -> dict[str, int]:
        """The version that each alias points to."""
        return {alias: moves[-1].version for alias, moves in self.moves.items()}


class Promoted(NamedTuple):
    """What came of a promotion."""

    version: ModelVersion  # that was to be promoted
    alias: str
    points_to: int  # the version that the alias points to now
    moved: bool  # False: it pointed there already, or the promotion was refused
    probability: float | None = None  # that its mean return is the higher one; None: not asked
    current: ModelVersion | None = None  # that it was compared with

    @property
    def refused(self) -> bool:
        """Whether the version was not better, so that the alias still points to another one."""
        return self.points_to != self.version.version


class AsyncModels:
    """A stack's registered models, for asynchronous callers; what raises is as of `Models`."""

    def __init__(self, client: "AsyncClient") -> None:
        self.client = client

    async def list(self) -> Sequence[Model]:
        """All models, by name."""
        async with self._registry() as (registry, _):
            return [await _model(registry, name) for name in await registry.names()]

    @checked
    async def show(self, name: str) -> Model:
        """A model's versions and aliases."""
        async with self._registry() as (registry, _):
            model = models.check_name(name.removeprefix(models.PREFIX))
            await registry.find(Named(model))
            return await _model(registry, model)

    @checked
    async def resolve(self, named: str) -> ModelVersion:
        """The version that `NAME`, `NAME@ALIAS` or `NAME/VERSION` stands for now."""
        async with self._registry() as (registry, _):
            return await registry.find(models.parse(named))

    @checked
    async def policy(self, named: str) -> "Policy":
        """The policy of a version, ready to act."""
        from faastraingym.client import policy_files
        from faastraingym.client.policy import Policy
        from faastraingym.schemas import payloads

        async with self._registry() as (registry, _):
            version = await registry.find(models.parse(named))
            stored = await registry.read(version.model, version.policy)
            report = await registry.read(version.model, version.report)
        payload = payloads.load(stored, payloads.Policy)
        spaces = policy_files.space_info(version.spaces)
        name = f"{models.PREFIX}{version}"
        return Policy(payload, msgspec.json.decode(report, type=RunReport), spaces, name)

    @checked
    async def register(
        self,
        name: str,
        run: str,
        *,
        episodes: Annotated[int, Meta(ge=2, le=MOST_EPISODES)] = EPISODES,
    ) -> ModelVersion:
        """Keep the policy of a run that has ended as the next version of a model."""
        from faastraingym.client import registering

        async with self._registry() as (registry, stack):
            model = models.check_name(name.removeprefix(models.PREFIX))
            history = await runs.history(stack, run)
            ended = await results.stored(stack.objects, run, history, None)
            digest = hashlib.sha256(ended.policy or b"").hexdigest()
            made = registering.same(await registry.versions(model), run, digest)
            if made is None:
                first = await registering.made(self.client, stack, model, history, ended, episodes)
                signed = msgspec.structs.replace(first, created_by=self._user)
                made = await _numbered(registry, signed)
            await stack.facts.publish_once(await registry.registered(made))
        return made

    @checked
    async def promote(
        self,
        named: str,
        alias: str,
        *,
        only_if_better: bool = False,
        probability: Annotated[float, Meta(ge=0, le=1)] = PROBABILITY,
    ) -> Promoted:
        """Let an alias point to a version."""
        async with self._registry() as (registry, stack):
            wanted = models.parse(named)
            models.check_alias(alias)
            version = await registry.find(wanted)
            moves = await _told(registry, stack, wanted.model, alias)
            points_to = moves[-1].version if moves else 0
            if points_to == version.version:
                return Promoted(version, alias, points_to, moved=False)
            found, current = None, None
            if only_if_better and points_to:
                current = await registry.find(Named(wanted.model, version=points_to))
                found = _probability(version, current)
                if found < probability:
                    return Promoted(version, alias, points_to, False, found, current)
            await self._move(registry, stack, version, alias, moves)
        return Promoted(version, alias, version.version, True, found, current)

    @checked
    async def canary(
        self, named: str, alias: str, share: Annotated[float, Meta(ge=0, le=1)]
    ) -> Canary:
        """Have a version answer a share of those who ask an alias."""
        async with self._registry() as (registry, _):
            models.check_alias(alias)
            version = await registry.find(models.parse(named))
            now = self.client.world.now()
            return await registry.set_canary(version, alias, share, self._user, now)

    @checked
    async def rollback(self, named: str) -> Promotion:
        """Let an alias, `NAME@ALIAS`, point to where it did before its newest promotion."""
        async with self._registry() as (registry, stack):
            wanted = _alias(named)
            await registry.find(wanted)
            moves = await _told(registry, stack, wanted.model, wanted.alias)
            standing = models.standing(moves)
            if len(standing) < 2:
                raise BadInput(
                    f"{wanted} pointed nowhere before version {standing[-1].version}; promote "
                    "another version instead"
                )
            before = Named(wanted.model, version=standing[-2].version)
            version = await registry.find(before)
            return await self._move(registry, stack, version, wanted.alias, moves, rollback=True)

    @checked
    async def trigger(self, named: str, prepared: "Prepared") -> Trigger:
        """Have a run start whenever an alias, `NAME@ALIAS`, is promoted from now on."""
        async with self._registry() as (registry, stack):
            wanted = _alias(named)
            await registry.find(Named(wanted.model))
            spec = to_dict(prepared.spec)
            made = Trigger(
                model=wanted.model,
                alias=wanted.alias,
                name=prepared.name,
                spec=spec,
                by=self._user,
                at=self.client.world.now(),
            )
            named_in = {
                key: found.model if isinstance(found, ModelSpec) else found.policy
                for key in ("init_from", "evaluate")
                if isinstance(found := getattr(prepared.spec, key), ModelSpec | PolicySpec)
            }
            for key, found in named_in.items():
                if found != made.parent:
                    raise BadInput(
                        f"spec.{key}: found {found}; allowed: {made.parent}, for whose promotions "
                        "it waits, or nothing"
                    )
            made = msgspec.structs.replace(made, spec=spec | dict.fromkeys(named_in, made.parent))
            await bringing.bring(stack, prepared, self.client.world.now())
            key = keys.model_trigger(made.model, made.alias, made.name)
            await stack.bucket.write(key, models.dump(made), "application/msgpack")
        return made

    @checked
    async def untrigger(self, named: str, name: str) -> Trigger:
        """Have no run of that trigger start any more."""
        async with self._registry() as (registry, stack):
            wanted = _alias(named)
            known = [t for t in await registry.triggers(wanted.model) if t.alias == wanted.alias]
            found = next((each for each in known if each.name == name), None)
            if found is None:
                there = ", ".join(each.name for each in known) or "none"
                raise BadInput(f"{wanted} has no trigger {name!r:.80}; it has {there}")
            await stack.bucket.delete([keys.model_trigger(wanted.model, wanted.alias, name)])
        return found

    async def _move(
        self,
        registry: Registry,
        stack: Connected,
        version: ModelVersion,
        alias: str,
        moves: Sequence[Promotion],
        rollback: bool = False,
    ) -> Promotion:
        """The alias's next move, stored and published.

        Raises:
            BadInput: somebody else moved it meanwhile.
        """
        move = Promotion(
            model=version.model,
            alias=alias,
            number=moves[-1].number + 1 if moves else 1,
            version=version.version,
            previous=moves[-1].version if moves else 0,
            rollback=rollback,
            by=self._user,
            at=self.client.world.now(),
        )
        if not await registry.add(move):
            now = await registry.find(Named(version.model, alias))
            raise BadInput(
                f"somebody else let {version.model}@{alias} point to version {now.version} at the "
                "same moment; look at it, and try again"
            )
        await stack.facts.publish_once(await registry.promoted(move))
        return move

    @asynccontextmanager
    async def _registry(self) -> AsyncIterator[tuple[Registry, Connected]]:
        """The registry, and the connection that it reads; a name that nothing has is BadInput."""
        async with self.client.connect() as stack:
            try:
                yield Registry(stack.objects, stack.bucket), stack
            except ModelError as error:  # before `connect` takes it for the stack's trouble
                raise BadInput(str(error)) from error

    @property
    def _user(self) -> str:
        variables = self.client.world.environment
        return variables.get("LOGNAME") or variables.get("USER") or "unknown"


def _alias(named: str) -> Named:
    """The alias that is named; BadInput: it is a version or a model."""
    wanted = models.parse(named)
    if not wanted.alias:
        raise BadInput(f"{named}: names no alias; write NAME@ALIAS, as {wanted.model}@champion")
    return wanted


async def _model(registry: Registry, name: str) -> Model:
    moves = await registry.moves(name)
    canaries = [await registry.canary(Named(name, alias)) for alias in moves]
    return Model(
        name=name,
        versions=await registry.versions(name),
        moves=moves,
        triggers=await registry.triggers(name),
        canaries=[canary for canary in canaries if canary is not None],
    )


async def _numbered(registry: Registry, made: ModelVersion) -> ModelVersion:
    """The version under the next number that is free: its first writer has it."""
    from faastraingym.client import registering

    while True:
        versions = await registry.versions(made.model)
        if found := registering.same(versions, made.run, made.policy.sha256):  # at the same moment
            return found
        numbers = [each.version for each in versions]
        made = msgspec.structs.replace(made, version=max(numbers, default=0) + 1)
        if await registry.add(made):
            return made


async def _told(
    registry: Registry, stack: Connected, model: str, alias: str
) -> Sequence[Promotion]:
    """The moves of an alias. Publishes the newest, in case its promoter was killed before that."""
    moves = (await registry.moves(model)).get(alias, [])
    if moves:
        await stack.facts.publish_once(await registry.promoted(moves[-1]))
    return moves


def _probability(version: ModelVersion, current: ModelVersion) -> float:
    """That the mean return of `version` is the higher one.

    Raises:
        BadInput: they were measured in different environments.
    """
    import numpy as np

    from faastraingym.algorithms import bootstrap

    if version.environment.sha256 != current.environment.sha256:
        raise BadInput(
            f"{version} was measured in another environment than {current} (their specifications "
            "differ in `environment`), so no return says which is better; promote "
            "it without that bound"
        )
    return bootstrap.probability_higher(np.array(version.returns), np.array(current.returns))
