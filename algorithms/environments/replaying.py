"""Checks that an episode that is played again gives the same observations, rewards and ends."""

from collections.abc import Sequence

import numpy as np

from faastraingym.algorithms.environments.memory import DETERMINED, WAYS
from faastraingym.algorithms.environments.observations import alone, features, of_any_version
from faastraingym.algorithms.environments.repeating import Mark, difference
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.algorithms.environments.vectors import Seeds, Step, VectorEnvironments
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.specification import RunSpec

REMEMBERS = f"remembers across its episodes; {WAYS}"
UNDETERMINED = f"is not determined by its seed; {DETERMINED}"

Played = dict[int, list[Step]]  # by environment


def check(spec: RunSpec, seeds: Seeds, played: Played, previous: Trajectory, where: str) -> None:
    """Compares the steps that were played again with those that the trajectory ends with.

    Raises:
        EnvironmentFailed: they differ. They are played once more to find out why: where the result
            repeats, only the memory of another replica explains the difference.
    """
    info = describe(spec)
    for i, steps in played.items():
        found = _marks(steps, info)
        expected, first = _expected(previous, i, info)
        has_ended = found[-1].terminated or found[-1].truncated  # which it had not
        if differs := "another end" if has_ended else difference(expected, found, first):
            once_more = _marks(_replay(spec, seeds, previous)[i], info)
            remembers = spec.environment.memory == "none" and once_more == found
            why = REMEMBERS if remembers else UNDETERMINED
            raise EnvironmentFailed(
                f"{where}, environment {i}: replaying its actions gave {differs} of the episode: "
                f"the environment {why}"
            )


def _expected(previous: Trajectory, i: int, info: SpaceInfo) -> tuple[list[Mark], int]:
    """The last marks of environment `i` in its episode, and the first step's number."""
    assert previous.continuation is not None  # noqa: S101  it was gone on from
    number = len(previous.continuation["fleet"]["singles"][i]["actions"])
    begin = len(previous.rewards) - min(number, len(previous.rewards))
    seen = features(of_any_version(previous.observations, info), info)
    columns = (previous.rewards, previous.terminated, previous.truncated)
    marks = [Mark(seen[begin, i].tobytes())]
    for t in range(begin, len(previous.rewards)):
        reward, terminated, truncated = (column[t, i] for column in columns)
        observation = seen[t + 1, i].tobytes()
        marks.append(Mark(observation, reward.tobytes(), bool(terminated), bool(truncated)))
    return marks, number - len(marks) + 1


def _marks(steps: Sequence[Step], info: SpaceInfo) -> list[Mark]:
    """As a trajectory has them; of the first, which others led to, the observation alone."""
    marks: list[Mark] = []
    for seen, reward, terminated, truncated in steps:
        observation = features(alone(seen, info), info)[0].tobytes()
        reward_bytes = np.float32(reward).tobytes() if marks else b""
        marks.append(Mark(observation, reward_bytes, bool(terminated), bool(truncated)))
    return marks


def _replay(spec: RunSpec, seeds: Seeds, previous: Trajectory) -> Played:
    assert previous.continuation is not None  # noqa: S101  it was gone on from
    vector = VectorEnvironments(spec.environment, spec.environment.num_envs, seeds)
    return vector.resume(previous.continuation["fleet"], len(previous.rewards))
