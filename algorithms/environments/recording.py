"""The answer to steps of environments that callers step, as they are taken; and its bounds."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from faastraingym.algorithms.environments.batches import Actions, nbytes, over_time
from faastraingym.algorithms.environments.wire_info import told
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.env_step import MOST_ANSWER

if TYPE_CHECKING:
    from faastraingym.algorithms.environments.sessions import Environments


class Played(NamedTuple):
    """The answer of T steps."""

    observations: Any  # [T, B, ...]
    rewards: np.ndarray  # [T, B] float64
    terminated: np.ndarray  # [T, B] bool
    truncated: np.ndarray  # [T, B] bool
    infos: list[list[dict[str, Any]]]


class Recording:
    """The answer to steps, as they are taken."""

    def __init__(
        self,
        environments: "Environments",
        late: Callable[[], bool] = lambda: False,
        path: str = "actions",
        beside: int = 0,
    ) -> None:
        """Begin.

        Args:
            environments: that step.
            late: says when they have taken too long.
            path: the request's field that asks for the steps.
            beside: bytes that the answer has besides, of each step.
        """
        self._environments, self._late, self.path = environments, late, path
        self._size, self._beside = 0, beside
        self._observed = list[Any]()
        self.rewards, self.terminated, self.truncated = (list[np.ndarray]() for _ in range(3))
        self._infos: list[list[dict[str, Any]]] = []

    def take(self, actions: Actions, at: int) -> None:
        """Step all of them by the actions of step `at`; raises as `Environments.step`."""
        environments, seen = self._environments, list[Any]()
        rewards, ends = list[float](), (list[bool](), list[bool]())
        infos, t = list[dict[str, Any]](), len(self._infos)
        acting = zip(environments.places, actions.at(at), strict=True)
        for i, (place, action) in enumerate(acting):
            if place.ended and environments.vector:
                observation, info = place.reset(None, None)
                reward, terminated, truncated = 0.0, False, False
            else:
                environments.refuse(place, i, t)
                row = actions.row(at, i) if environments.replays else b""
                observation, reward, terminated, truncated, info = place.step(action, row)
            seen.append(observation)
            rewards.append(reward)
            ends[0].append(terminated)
            ends[1].append(truncated)
            infos.append(told(info))
            if self._late():
                raise _too_late(self.path, t)
        self._observed.append(environments.stacked(seen, environments.vector))
        self.rewards.append(np.array(rewards))
        self.terminated.append(np.array(ends[0]))
        self.truncated.append(np.array(ends[1]))
        self._infos.append(infos)
        told_bytes = sum(map(_size, filter(None, infos)))
        self._size += nbytes(self._observed[-1]) + told_bytes + self._beside
        if self._size > MOST_ANSWER:
            raise too_much(self.path, self._size, t + 1)

    def played(self) -> Played:
        """The answer."""
        return Played(
            over_time(self._observed),
            np.stack(self.rewards),
            np.stack(self.terminated),
            np.stack(self.truncated),
            self._infos,
        )


def _size(info: Any) -> int:
    """The bytes of an info's arrays; of all else about as much."""
    if isinstance(info, np.ndarray):
        return info.nbytes
    if isinstance(info, dict):
        return sum(map(_size, info.values()))
    if isinstance(info, list):
        return sum(map(_size, info))
    return len(info) if isinstance(info, str | bytes) else 8


def too_much(path: str, size: int, steps: int) -> AnswerError:
    """More than an answer may have."""
    return AnswerError(
        "too-large",
        path,
        f"{path}: {steps} steps give {size} bytes; allowed: at most {MOST_ANSWER}; take "
        "fewer steps in one request",
    )


def _too_late(path: str, steps: int) -> AnswerError:
    return AnswerError(
        "too-large",
        path,
        f"{path}: after {steps} steps a request has taken as long as it may; take fewer "
        "steps in one request, or make fewer environments",
    )
