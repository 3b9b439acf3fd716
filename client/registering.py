"""A version of a model, made of a run that has ended: what is copied, played and written down."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from faastraingym.algorithms import bootstrap
from faastraingym.client import playing, run_spaces, training_environment
from faastraingym.client.errors import BadInput
from faastraingym.client.policy import Policy
from faastraingym.client.results import Stored
from faastraingym.client.world import Connected
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline.history import History
from faastraingym.events.ports import LostObject
from faastraingym.schemas import payloads
from faastraingym.schemas.models import ModelVersion, Trained
from faastraingym.schemas.payloads import LearnerState

if TYPE_CHECKING:
    from faastraingym.client.async_client import AsyncClient

NOT_OF_IT = ("num_envs",)  # in its table, but no property of an environment


async def made(
    client: "AsyncClient",
    stack: Connected,
    model: str,
    history: History,
    ended: Stored,
    episodes: int,
) -> ModelVersion:
    """The first version of a model, whose objects are stored: all but its number and its author.

    Args:
        client: whose stack has the code of the environment.
        stack: has the registry.
        model: its name.
        history: of the run.
        ended: the results of its newest segment.
        episodes: that measure it, played in this process one after the other, seeds from 0.

    Raises:
        BadInput: the run has no policy, or the environment cannot be built or played here.
    """
    report, stored = ended.report, ended.policy
    if report.spec.get("evaluate"):
        raise BadInput(
            f"run {report.run_id} evaluates {report.spec['evaluate'].get('policy')} and learnt "
            "nothing; register the run that trained that"
        )
    if stored is None or report.policy is None:
        raise BadInput(f"run {report.run_id} ended before it had a policy; register another run")
    payload = payloads.load(stored, payloads.Policy)
    spaces = await run_spaces.of_run(client.world, stack, history, report.spec)
    policy = Policy(payload, report, spaces)
    with closing(await training_environment.made(client, report, None)) as environment:
        played = await asyncio.to_thread(playing.evaluate, policy, environment, episodes=episodes)
    low, high = bootstrap.interval(played.returns)
    registry = Registry(stack.objects, stack.bucket)
    networks = payloads.dump(await _networks(stack, history, payload))
    return ModelVersion(
        model=model,
        version=1,
        run=report.run_id,
        run_version=payload.version,
        spec=report.spec,
        policy=await registry.keep(model, stored),
        networks=await registry.keep(model, networks),
        report=await registry.keep(model, msgspec.json.encode(report)),
        spaces=None if spaces is None else spaces.values(),
        environment=trained(report.spec),
        returns=played.returns.tolist(),
        mean=played.mean,
        low=low,
        high=high,
        created_by="",
        created_at=client.world.now(),
    )


def same(versions: Sequence[ModelVersion], run: str, sha256: str) -> ModelVersion | None:
    """The version that is a run's policy already, which has this SHA-256."""
    found = (each for each in versions if (each.run, each.policy.sha256) == (run, sha256))
    return next(found, None)


def trained(spec: Mapping[str, Any]) -> Trained:
    """The environment of a specification; those of equal SHA-256 give comparable returns."""
    table = {key: value for key, value in spec["environment"].items() if key not in NOT_OF_IT}
    encoded = msgspec.json.encode(table, order="deterministic")
    return Trained(
        id=table["id"],
        sha256=hashlib.sha256(encoded).hexdigest(),
        packages=list(table.get("packages", ())),
    )


async def _networks(stack: Connected, history: History, policy: payloads.Policy) -> LearnerState:
    """All networks of the version, critics too; the policy alone, if retention removed the rest."""
    parameters, updated = policy.parameters, history.policies.get(policy.version)
    if updated is not None:
        try:
            data = await stack.objects.get(updated.policy.learner)
            parameters = payloads.load(data, LearnerState).parameters
        except LostObject:
            pass
    return LearnerState(
        version=policy.version,
        env_steps=0,
        parameters=parameters,
        optimizer={},
        statistics=policy.statistics,
    )
