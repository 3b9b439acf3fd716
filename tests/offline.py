"""Datasets for tests, as Minari gives them, without Minari."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gymnasium
import numpy as np

from faastraingym.client import beginnings
from faastraingym.client.beginnings import Brought
from faastraingym.schemas import keys
from faastraingym.schemas.dataset_record import DatasetPart, DatasetRecord

NAME = "cartpole/medium-v0"


class Episode(NamedTuple):
    """As minari.EpisodeData."""

    id: int
    observations: Any
    actions: np.ndarray
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray


class Dataset:
    """As minari.MinariDataset."""

    def __init__(self, environment: Any, episodes: list[Episode]) -> None:
        self.observation_space = environment.observation_space
        self.action_space = environment.action_space
        self.episodes = episodes
        self.total_episodes = len(episodes)

    def iterate_episodes(self) -> Iterator[Episode]:
        return iter(self.episodes)


def cartpole(steps: int, mistakes: float = 0.6, seed: int = 0) -> Dataset:
    """CartPole-v1 balanced by hand, with any action in a share of `mistakes`."""

    def act(seen: Any, generator: np.random.Generator) -> int:
        lean = seen[2] + 0.3 * seen[3] + 0.02 * seen[0] + 0.05 * seen[1]
        return int(generator.integers(2)) if generator.random() < mistakes else int(lean > 0)

    return played("CartPole-v1", steps, act, seed)


def pendulum(steps: int) -> Dataset:
    """Pendulum-v1 with any torque."""
    return played("Pendulum-v1", steps, lambda _, g: g.uniform(-2, 2, 1).astype("f4"), 0)


def played(
    name: str, steps: int, act: Callable[[Any, np.random.Generator], Any], seed: int
) -> Dataset:
    """Whole episodes, of so many steps at least, by `act(observation, generator)`."""
    environment, generator = gymnasium.make(name), np.random.default_rng(seed)
    episodes: list[Episode] = []
    while sum(len(episode.rewards) for episode in episodes) < steps:
        seen, _ = environment.reset(seed=seed + len(episodes))
        entries: list[Any] = []
        observations, ended = [seen], False
        while not ended:
            action = act(seen, generator)
            seen, reward, terminated, truncated, _ = environment.step(action)
            observations.append(seen)
            entries.append((action, reward, terminated, truncated))
            ended = terminated or truncated
        columns = map(np.array, zip(*entries, strict=True))
        episodes.append(Episode(len(episodes), np.array(observations), *columns))
    return Dataset(environment, episodes)


def stored(dataset: Any, name: str = NAME) -> tuple[Brought, dict[str, bytes]]:
    """What a client would put into the store, and the keys."""
    parts, objects = [], {}
    found = list(beginnings.parts(name, dataset))
    for stream, data in found:
        part = DatasetPart(
            sha256=beginnings.digest(data), size=len(data), entries=len(stream.rewards)
        )
        parts.append(part)
        objects[keys.dataset(part.sha256)] = data
    brought = beginnings.brought(name, dataset)
    assert brought.record.parts == parts
    return brought, objects | {keys.dataset(brought.sha256): brought.data}


def begins(brought: Brought) -> dict[str, Any]:
    """`algorithm.init_from` of a run that has started."""
    found: DatasetRecord = brought.record
    return {"minari": brought.name, "sha256": brought.sha256, "entries": found.entries}
