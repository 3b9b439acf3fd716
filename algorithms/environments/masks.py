"""Masks of invalid actions: which actions a state allows (arXiv 2006.14171).

An environment tells them in `info["action_mask"]` of `reset` and `step`, or in the part
`action_mask` or `action_masks` of a Dict observation. Masks in `info` become a part of the
observation (`Shown`), so a trajectory holds the masks of s_0 to s_T in one way.

Of M elements, true where it is allowed: the choices of a Discrete action; those of all elements of
a MultiDiscrete action in turn; of each bit of a MultiBinary action, 0 and 1.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Dict, Discrete, MultiBinary, MultiDiscrete, Space

from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.leaves import Leaf, at
from faastraingym.algorithms.errors import EnvironmentFailed, Misfit

KEY = "action_mask"  # of `info`
PARTS = (KEY, "action_masks")  # of a Dict observation
OBSERVATION = "observation"  # the part that the rest becomes, where masks are in `info`
MASK_DTYPE = "|b1"


def groups(acted: Any) -> tuple[int, ...]:
    """The number of choices of each element of an action; of an action without choices: none."""
    if isinstance(acted, Discrete):
        return (int(acted.n),)
    if isinstance(acted, MultiDiscrete):
        return tuple(map(int, acted.nvec.ravel()))
    return (2,) * int(np.prod(acted.shape)) if isinstance(acted, MultiBinary) else ()


def part_of(observed: Any, acted: Any) -> str:
    """The part of an observation space that is a mask of such actions; without one: nothing."""
    if not (isinstance(observed, Dict) and groups(acted)):
        return ""
    return next((name for name in PARTS if name in observed.spaces), "")


def told(environment: gymnasium.Env[Any, Any], observed: Any, acted: Any) -> bool:
    """Whether the environment, which is reset to see that, has masks in `info` alone.

    One whose metadata say `"action_mask": False` is not reset: it may be far away.
    """
    if not groups(acted) or part_of(observed, acted) or not isinstance(observed, Space):
        return False
    if environment.metadata.get(KEY) is False:
        return False
    try:
        with foreign("reset()"):
            _, info = environment.reset(seed=0)
    except EnvironmentFailed:  # of which the trial of a specification tells
        return False
    return isinstance(info, dict) and KEY in info


def shown(observed: Space[Any], acted: Space[Any]) -> Dict:
    """The observation space of `Shown`."""
    return Dict({OBSERVATION: observed, "info": Dict({KEY: MultiBinary(sum(groups(acted)))})})


class Shown(gymnasium.Wrapper):  # type: ignore[misc]
    """An environment whose masks in `info` are a part of its observations.

    Raises:
        Misfit: of a reset or a step, a mask is missing or none; only a step that terminates the
            episode may leave it out, for nobody acts after that.
    """

    env: gymnasium.Env[Any, Any]

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self.observation_space = shown(env.observation_space, env.action_space)
        self._size = sum(groups(env.action_space))

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """The environment's reset."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._joined(observation, info, is_needed=True)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """The environment's step."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        joined, info = self._joined(observation, info, is_needed=not terminated)
        return joined, reward, terminated, truncated, info

    def _joined(self, observation: Any, info: Any, is_needed: bool) -> tuple[Any, Any]:
        """The observation with its mask, and `info` without: a vector would batch it once more."""
        if not isinstance(info, dict):
            return observation, info  # which the trial of a specification refuses
        mask = info.get(KEY)
        if mask is None and is_needed:
            raise Misfit(
                f'info["{KEY}"] is not there, though the first reset had it; give one with every '
                "reset and every step"
            )
        found = np.zeros(self._size, np.bool_) if mask is None else boolean(mask, self._size)
        rest = {name: value for name, value in info.items() if name != KEY}
        return {OBSERVATION: observation, "info": {KEY: found.astype(np.int8)}}, rest


def own_path(path: str, is_in_info: bool) -> str:
    """A part's path in what the environment itself observes, which has no masks of `info`."""
    return path.removeprefix(OBSERVATION).lstrip("/") if is_in_info else path


def boolean(mask: Any, size: int, words: str = f'info["{KEY}"]') -> np.ndarray:
    """One mask, [M] bool.

    Raises:
        Misfit: it has another shape, or other values than 0 and 1.
    """
    try:
        array = np.asarray(mask)
    except ValueError:  # of lists of several lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise Misfit(f"{words} is a {type(mask).__name__}; {_allowed(size)}")
    if array.shape != (size,):
        raise Misfit(f"{words} has the shape {array.shape}; {_allowed(size)}")
    return np.asarray(booleans(array[None], words, size)[0])


def booleans(batch: np.ndarray, words: str, size: int) -> np.ndarray:
    """Masks, [B, M] bool, of numbers.

    Raises:
        Misfit: one of them has another value than 0 and 1.
    """
    wrong = (batch != 0) & (batch != 1)  # NaN among them
    if wrong.any():
        raise Misfit(f"{words} has {batch[wrong][0]}; {_allowed(size)}")
    return batch.astype(np.bool_)


def _allowed(size: int) -> str:
    return f"allowed: an array of {size} values, 1 where an action is valid and 0 where it is not"


def of(observations: Any, leaf: Leaf | None) -> np.ndarray | None:
    """The masks, [..., M] bool, in stored observations; None: there are none."""
    return None if leaf is None else np.asarray(observations[leaf.path])


def allows(masks: np.ndarray, leaf: Leaf) -> np.ndarray:
    """Whether an action is valid, [...]: a choice of each of its elements, of masks [..., M]."""
    starts = np.cumsum([0, *leaf.choices[:-1]])
    return np.asarray(np.logical_or.reduceat(masks, starts, axis=-1).all(axis=-1))


def refuse_forbidding(
    observations: Any, leaf: Leaf | None, counted: np.ndarray, where: str, step: int
) -> None:
    """Refuses stored observations [B, ...] in which, where `counted` [B], no action is valid.

    `step` gave them; -1 is the reset before step 0. Nobody acts in a terminal state.

    Raises:
        EnvironmentFailed: the text names the first, after `where`.
    """
    if leaf is None:
        return
    wrong = counted & ~allows(observations[leaf.path], leaf)
    if wrong.any():
        moment = f"step {step}" if step >= 0 else "reset"
        raise EnvironmentFailed(
            f"{where}, {moment}, environment {int(wrong.argmax())}: {leaf.words} forbids every "
            "action of a state that is not terminal; allow at least one, or end the episode with "
            "terminated = True"
        )


def valid_action(
    action: np.ndarray,
    observation: Any,
    environment: gymnasium.Env[Any, Any],
    leaf: Leaf | None,
) -> np.ndarray:
    """An action as drawn without regard to masks, or the valid one that takes its place.

    For trials of environments: each element's choice is the one as many places after the first
    valid choice, counted among the valid ones alone. Where none is valid it stays.

    Args:
        action: as the environment takes it.
        observation: before it, with its mask.
        environment: takes the action.
        leaf: of the mask; without one the action stays.
    """
    if leaf is None:
        return action
    mask = boolean(at(observation, leaf.path), sum(leaf.choices), leaf.words)
    first = np.ravel(getattr(environment.action_space, "start", 0))
    starts = first + np.zeros(len(leaf.choices), np.int64)
    flat, end = np.ravel(action).astype(np.int64), 0
    for i, size in enumerate(leaf.choices):
        (valid,) = np.nonzero(mask[end : end + size])
        end += size
        if len(valid):
            flat[i] = valid[(flat[i] - starts[i]) % len(valid)] + starts[i]
    kept: np.ndarray = flat.reshape(np.shape(action)).astype(np.asarray(action).dtype)
    return kept[()]  # of one number a number


def leaf_of(path: str, sizes: Sequence[int]) -> Leaf:
    """How masks are stored."""
    return Leaf(path, MASK_DTYPE, (sum(sizes),), "mask", tuple(sizes))


def refused(space: Space[Any], acted: Space[Any], path: str) -> str:
    """Why the part of an observation space at `path` is no mask of such actions; or nothing."""
    size = sum(groups(acted))
    numbers = getattr(space, "dtype", None) is not None and space.dtype.kind in "biuf"
    if numbers and tuple(space.shape or ()) == (size,):
        return ""
    return (
        f"its observation part {path!r} is {space}, and is no mask of {acted}; "
        f"allowed: MultiBinary({size}), 1 where an action is valid, or another name for the part"
    )
