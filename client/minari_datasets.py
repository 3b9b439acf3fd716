"""Datasets of Minari, on this machine: where they are, and how they are written.

Minari is an extra, and is imported where one is named.
"""

import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import gymnasium
import msgspec
import numpy as np

from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.leaves import IN_INFO
from faastraingym.algorithms.offline.episodes import Episode
from faastraingym.algorithms.offline.spaces import given
from faastraingym.client.errors import BadInput, StackTrouble

EXTRA = 'pip install "faastraingym[minari]"'
NAME = re.compile(r"([-_\w]+/)*[-_\w]+-v\d+")  # as Minari has it
FLUSHED = 64  # episodes that are held before they are written


class Exported(NamedTuple):
    """What was written of a run."""

    name: str  # for minari.load_dataset
    folder: Path
    first: int  # versions, both included
    last: int
    episodes: int
    steps: int
    left_out: int  # steps of episodes whose beginning or end is in other versions


def library() -> ModuleType:
    """Minari.

    Raises:
        StackTrouble: it is not installed.
    """
    try:
        import h5py  # noqa: F401  in which Minari keeps datasets
        import minari
    except ImportError as error:
        raise StackTrouble(f"a dataset needs Minari; `{EXTRA}`") from error
    found: ModuleType = minari
    return found


def place(name: str) -> Path:
    """The folder of a dataset, which need not be there.

    Raises:
        BadInput: it is no dataset's name.
        StackTrouble: Minari is not installed.
    """
    if not NAME.fullmatch(name):
        raise BadInput(f"{name}: is no dataset's name; write one as cartpole/dqn-v0")
    library()
    from minari.storage.datasets_root_dir import get_dataset_path

    return Path(get_dataset_path(name))


def names() -> list[str]:
    """The datasets that are here."""
    return sorted(library().list_local_datasets())


def unused(name: str) -> Path:
    """The folder of a dataset that is not there yet; raises as `place`.

    Raises:
        BadInput: it is there.
    """
    folder = place(name)
    if folder.exists():
        raise BadInput(f"{name}: there is such a dataset in {folder}; choose another version")
    return folder


class Writer:
    """A dataset that is being written; nothing is made before its first episode.

    Args:
        name: of a dataset that is not there yet.
        environment: from which the episodes are; read for its spaces and its specification.
        actions: makes those of trajectories, [L, ...], what the environment takes.
        about: metadata by name.
        mask_is_in_info: the environment tells in `info` which actions are valid, and so does the
            dataset.
    """

    def __init__(
        self,
        name: str,
        environment: gymnasium.Env[Any, Any],
        actions: Callable[[np.ndarray], np.ndarray],
        about: Mapping[str, Any],
        mask_is_in_info: bool = False,
    ) -> None:
        self._name, self._environment, self._actions = name, environment, actions
        self._about, self._mask_is_in_info = dict(about), mask_is_in_info
        self._made: Any = None
        self._waiting: list[Episode] = []
        self.episodes = self.steps = 0

    def add(self, episode: Episode) -> None:
        """One more."""
        self._waiting.append(episode)
        self.episodes, self.steps = self.episodes + 1, self.steps + len(episode.steps.rewards)
        if len(self._waiting) >= FLUSHED:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        buffers = list(map(self._buffer, self._waiting))
        first = self.episodes - len(buffers)
        if self._made is None:
            self._made = self._create(buffers)
        else:
            self._made.update_dataset_from_buffer(buffers)
        where = [
            {"version": e.version, "slot": e.slot, "environment": e.environment}
            for e in self._waiting
        ]
        self._made.storage.update_episode_metadata(where, range(first, self.episodes))
        self._waiting = []

    def _create(self, buffers: list[Any]) -> Any:
        environment = self._environment
        with warnings.catch_warnings():  # of the author, whom nobody named
            warnings.simplefilter("ignore", UserWarning)
            made = library().create_dataset_from_buffers(
                self._name,
                buffers,
                env=environment if _is_told(environment) else None,
                observation_space=environment.observation_space,
                action_space=environment.action_space,
                algorithm_name=self._about.pop("algorithm_name"),
                description=self._about.pop("description"),
                jpeg_encoding=False,  # the bytes that were learnt from
            )
        made.storage.update_metadata(self._about)
        return made

    def _buffer(self, episode: Episode) -> Any:
        from minari.data_collector.episode_buffer import EpisodeBuffer

        steps, space = episode.steps, self._environment.observation_space
        in_info = self._mask_is_in_info
        return EpisodeBuffer(
            seed=episode.seed,
            observations=given(steps.observations, space, masks.OBSERVATION if in_info else ""),
            infos={masks.KEY: steps.observations[IN_INFO]} if in_info else None,
            actions=self._actions(steps.actions),
            rewards=steps.rewards,
            terminations=steps.terminated,
            truncations=steps.truncated,
        )


@contextmanager
def written(writer: Writer, name: str) -> Iterator[Writer]:
    """The dataset, whole or not at all.

    Raises:
        BadInput: it cannot be written there.
    """
    try:
        yield writer
        writer.flush()
    except BaseException as error:
        shutil.rmtree(place(name), ignore_errors=True)
        if isinstance(error, OSError):
            raise BadInput(
                f"{place(name)}: cannot be written: {error.strerror or error}"
            ) from error
        raise


def _is_told(environment: gymnasium.Env[Any, Any]) -> bool:
    """Whether its specification can be written, by which Minari makes the environment again."""
    try:
        return environment.spec is not None and bool(environment.spec.to_json())
    except (TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return False
