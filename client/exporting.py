"""A run's trajectories as a dataset of Minari: whole episodes, in the order in which they ended."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from faastraingym.client import minari_datasets as datasets
from faastraingym.client.errors import BadInput
from faastraingym.client.minari_datasets import Exported, Writer
from faastraingym.client.world import Connected
from faastraingym.events.pipeline.history import History
from faastraingym.schemas import keys, payloads, raw
from faastraingym.schemas.payloads import Policy, Trajectory
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import RunSpec

if TYPE_CHECKING:
    import gymnasium

    from faastraingym.algorithms.environments.space_info import SpaceInfo


async def export(
    stack: Connected,
    history: History,
    report: RunReport,
    environment: "gymnasium.Env[Any, Any]",
    name: str,
    first: int | None,
    last: int | None,
) -> Exported:
    """Write the dataset `name` of versions `first` to `last`; None: as far as there are some.

    Raises:
        BadInput: there is such a dataset, there are no such versions, or no episode is whole.
    """
    from faastraingym.algorithms import registry
    from faastraingym.algorithms.environments.space_info import look, of_spaces
    from faastraingym.algorithms.offline.episodes import Episodes

    versions = await _versions(stack, report, history, first, last)
    spec = registry.parse(report.spec)
    env_id, acts = spec.environment.id, registry.rules(spec).ACTIONS
    observed, acted, in_info = look(env_id, environment)
    info = of_spaces(env_id, observed, acted, registry.name(spec), acts, in_info)
    episodes, actions = Episodes(spec, info), await _actions(stack, history, spec, info)
    writer = Writer(name, environment, actions, _about(report, versions), in_info)
    with datasets.written(writer, name):
        async for version, trajectory in _trajectories(stack, history, versions):
            await asyncio.to_thread(_add, writer, episodes, version, trajectory)
    if not writer.episodes:
        raise BadInput(
            f"run {report.run_id}: no episode begins and ends in versions {versions[0]} to "
            f"{versions[-1]}; export more of them"
        )
    return Exported(
        name=name,
        folder=datasets.place(name),
        first=versions[0],
        last=versions[-1],
        episodes=writer.episodes,
        steps=writer.steps,
        left_out=episodes.steps - writer.steps,
    )


def _add(writer: Writer, episodes: Any, version: int, trajectory: Trajectory) -> None:
    for episode in episodes.add(version, trajectory):
        writer.add(episode)


async def _versions(
    stack: Connected, report: RunReport, history: History, first: int | None, last: int | None
) -> range:
    """The versions to write, whose trajectories are all in the store.

    Raises:
        BadInput: one has not been collected, or is not kept any more.
    """
    run = report.run_id
    there = set(await stack.bucket.keys(keys.of_run(run)))
    kept = [
        version
        for version, ready in sorted(history.rewards.items())
        if all(ref.object.key in there for ref in ready.batch)
    ]
    if not kept:
        raise BadInput(f"run {run} has no trajectories yet; `faastrain follow {run}`")
    begin = kept[-1]
    while begin - 1 in kept:
        begin -= 1
    asked = range(begin if first is None else first, (kept[-1] if last is None else last) + 1)
    if not asked or asked[0] < begin or asked[-1] > kept[-1]:
        raise BadInput(
            f"versions: found {asked.start}-{asked.stop - 1}; allowed: within {begin}-{kept[-1]}, "
            f"whose trajectories the store has of run {run}"
        )
    return asked


async def _actions(
    stack: Connected, history: History, spec: RunSpec, info: "SpaceInfo"
) -> Callable[[np.ndarray], np.ndarray]:
    """From actions of trajectories to those that the environment took: as the run's actor does."""
    from faastraingym.algorithms import registry

    newest: Any = history.latest
    policy = payloads.load(await stack.objects.get(newest.policy.policy), Policy)
    sent = registry.acting(spec).actor(spec, policy, info, {}).sent
    return lambda kept: np.asarray(sent(kept))


async def _trajectories(
    stack: Connected, history: History, versions: range
) -> AsyncIterator[tuple[int, Trajectory]]:
    """Each, with the version that learnt from it; those of one version are fetched at once."""
    for version in versions:
        batch = history.rewards[version].batch
        found = await asyncio.gather(*(stack.objects.get(ref.object) for ref in batch))
        for data in found:
            yield version, payloads.load(data, Trajectory)


def _about(report: RunReport, versions: range) -> dict[str, Any]:
    """What the dataset says of its origin."""
    text = raw.text(report.spec)
    environment, algorithm = report.spec["environment"]["id"], report.spec["algorithm"]["name"]
    return {
        "algorithm_name": algorithm,
        "description": f"{environment}, by {algorithm} while it learnt: run {report.run_id}, "
        f"versions {versions[0]} to {versions[-1]}",
        "run": report.run_id,
        "versions": [versions[0], versions[-1]],
        "specification": text.decode(),
        "specification_sha256": hashlib.sha256(text).hexdigest(),
    }
