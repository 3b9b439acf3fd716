"""Environments for whole-stack tests: that can be held, wholly or in one rollout; that raise.

Replicas import this module because FTG_ENVIRONMENTS names it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.envs.classic_control.cartpole import CartPoleEnv

STRAGGLING = "tests/StragglingCartPole-v0"
ENDING, HANGING = "tests/EndingCartPole-v0", "tests/HangingCartPole-v0"
UNBUILT = "tests/UnbuiltCartPole-v0"
HELD, RAISING = "tests/HeldCartPole-v0", "tests/RaisingCartPole-v0"
WORDS = "the pole fell into the sea"
# A check steps once, too; it is not held.
IS_PLAYED = os.environ.get("FTG_FUNCTION") in ("rollout", "evaluate")


def waiting(gate: Path) -> Path:
    """The file that tells of an environment that stands still at a gate."""
    return gate.with_name(f"{gate.name} is waited for")


class HeldCartPole(CartPoleEnv):
    """CartPole, but no function can step it as long as the file `gate` is there."""

    def __init__(self, gate: str) -> None:
        super().__init__()
        self._gate = Path(gate)

    def step(self, action: Any) -> Any:
        """As CartPole's, once the gate is open."""
        while IS_PLAYED and self._gate.exists():
            waiting(self._gate).touch()
            time.sleep(0.02)
        return super().step(action)


class HangingCartPole(CartPoleEnv):
    """CartPole that never answers a rollout any more, or takes its time; others it does answer.

    `where` is constructor, reset or step; the step is the `after`-th of an instance.
    """

    def __init__(self, where: str = "step", after: int = 8, seconds: float = 100_000.0) -> None:
        super().__init__()
        self._where, self._after, self._seconds = where, after, seconds
        self._steps = 0
        self._hang("constructor")

    def reset(self, **options: Any) -> Any:
        """As CartPole's."""
        self._hang("reset")
        return super().reset(**options)

    def step(self, action: Any) -> Any:
        """As CartPole's, while there are few."""
        self._steps += 1
        if self._steps >= self._after:
            self._hang("step")
        return super().step(action)

    def _hang(self, where: str) -> None:
        if where == self._where and os.environ.get("FTG_FUNCTION") == "rollout":
            time.sleep(self._seconds)


class StragglingCartPole(HeldCartPole):
    """CartPole, of which the first rollout that comes so far stands still as long as the gate does.

    So far is `after` steps of an instance; 0: the first that is begun.
    """

    def __init__(self, gate: str, after: int = 0) -> None:
        super().__init__(gate)
        self._left = after

    def step(self, action: Any) -> Any:
        """As CartPole's; the first one of all waits for the gate."""
        self._left -= 1  # of a rollout: an evaluation does not straggle
        if self._left >= 0 or os.environ.get("FTG_FUNCTION") != "rollout":
            return CartPoleEnv.step(self, action)
        if self._left == -1:
            try:
                self._gate.with_suffix(".taken").touch(exist_ok=False)
            except FileExistsError:
                self._gate = self._gate.with_suffix(".open")
        return super().step(action)


class RaisingCartPole(CartPoleEnv):
    """CartPole, but a step raises as soon as the pole leans to the right."""

    def step(self, action: Any) -> Any:
        """As CartPole's, while the pole leans to the left."""
        if self.state[2] > 0:
            raise OverflowError(WORDS)
        return super().step(action)


ENDINGS: dict[str, Callable[[], object]] = {
    "sys.exit": lambda: sys.exit("no licence"),
    "os._exit": lambda: os._exit(3),
    "abort": os.abort,
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


class EndingCartPole(CartPoleEnv):
    """CartPole, but after its third step it ends the process as `how` says, or tries to."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self._end, self._steps = ENDINGS[how], 0

    def step(self, action: Any) -> Any:
        """As CartPole's, three times."""
        self._steps += 1
        if IS_PLAYED and self._steps > 3:
            self._end()
        return super().step(action)


class UnbuiltCartPole(CartPoleEnv):
    """CartPole, but whoever builds it waits, as for a licence server that is away."""

    def __init__(self) -> None:
        time.sleep(100_000)


gymnasium.register(ENDING, entry_point=EndingCartPole, max_episode_steps=500)
gymnasium.register(UNBUILT, entry_point=UnbuiltCartPole, max_episode_steps=500)
gymnasium.register(HELD, entry_point=HeldCartPole, max_episode_steps=500)
gymnasium.register(HANGING, entry_point=HangingCartPole, max_episode_steps=500)
gymnasium.register(STRAGGLING, entry_point=StragglingCartPole, max_episode_steps=500)
gymnasium.register(RAISING, entry_point=RaisingCartPole, max_episode_steps=500)
