"""The runs that measure a policy: asked for, and read once they have ended."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from faastraingym.client import evaluations, run_ids
from faastraingym.client.async_run import AsyncRun
from faastraingym.client.errors import BadInput
from faastraingym.client.evaluation_rows import Measured
from faastraingym.client.evaluations import Asked, Source
from faastraingym.client.specifications import Composed
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.schemas import keys, payloads, raw
from faastraingym.schemas.messages import RunRequested
from faastraingym.schemas.specification import PolicySpec, to_dict

if TYPE_CHECKING:
    from faastraingym.client.async_client import AsyncClient, Prepared

DIGITS = 4  # and a hyphen before them: the number of a run among those that belong together


async def prepare(
    client: "AsyncClient",
    policy: object,
    envs: Sequence[object],
    seeds: Sequence[int],
    asked: Asked,
    name: str | None = None,
    changed: Callable[[Composed], Composed] = lambda made: made,
) -> "list[Prepared]":
    """A run for each environment and seed, which can be started; an embedded stack is.

    Args:
        client: whose stack plays.
        policy: as of `evaluations.source`.
        envs: as `train` takes them; none: the one in which the policy was trained.
        seeds: of the runs.
        asked: how each is played.
        name: of the run; of several the beginning of their names. The same call with the same name
            makes the same runs.
        changed: each specification, as its caller overrides it.

    Raises:
        BadInput: there is no such policy or environment, or they do not fit. Nothing was started.
        StackTrouble: the stack does not start, or does not answer.
    """
    source = await asyncio.to_thread(evaluations.source, policy)
    await asyncio.to_thread(client.world.ensure_stack)
    evaluate = await _brought(client, source)
    made = [
        changed(evaluations.composed(source, evaluate, env, seed, asked))
        for env in envs or [None]
        for seed in seeds
    ]
    at, salt = client.world.now(), secrets.token_hex(2)
    length = run_ids.MAX_LENGTH - (DIGITS + 1 if len(made) > 1 else 0)
    base = name or run_ids.derive(Path(made[0].stem), at, salt, length)
    names = evaluations.names(run_ids.check(base), len(made))
    return [await client.prepare(*each) for each in zip(made, names, strict=True)]


async def begin(client: "AsyncClient", prepared: "Sequence[Prepared]") -> list[AsyncRun]:
    """Publish the requests of runs; one of the same name and specification is joined instead.

    Raises:
        BadInput: there is a run of such a name that plays something else. Nothing was started.
        StackTrouble: the stack does not answer.
    """
    async with client.connect() as stack:
        there = [await _is_there(stack, each) for each in prepared]
    return [
        client.run(each.name) if known else await client.start(each)
        for each, known in zip(prepared, there, strict=True)
    ]


async def measured(run: AsyncRun) -> Measured:
    """What a run found that has ended.

    Raises:
        BadInput: it was stopped before its evaluation was whole.
    """
    report, found, history = await asyncio.gather(run.report(), run.evaluation(), run.history())
    began, ended = history.first_at, history.newest.end_at
    return Measured(report, found.returns, found.lengths, began, ended)


async def _is_there(stack: Connected, prepared: "Prepared") -> bool:
    for record in await stack.facts.read(subjects.of_kind(RunRequested, prepared.name)):
        requested: Any = record.fact
        if raw.text(requested.spec) != raw.text(to_dict(prepared.spec)):
            raise BadInput(
                f"there is a run {prepared.name!r} already, with another specification; choose "
                "another name, or leave it out"
            )
        return True
    return False


async def _brought(client: "AsyncClient", source: Source) -> Any:
    """What a specification has of the policy; one of this machine is put into the store."""
    if source.policy is None:
        return source.name
    data = payloads.dump(source.policy.payload)
    async with client.connect() as stack:
        key = keys.brought_policy(hashlib.sha256(data).hexdigest())
        ref = await stack.objects.put(key, data)
    return msgspec.to_builtins(PolicySpec(policy=source.name, object=ref))
