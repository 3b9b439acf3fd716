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
ENDING = "tests/EndingCartPole-v0"
HELD, RAISING = "tests/HeldCartPole-v0", "tests/RaisingCartPole-v0"
WORDS = "the pole fell into the sea"
# Where a specification is checked nobody waits.
IS_PLAYED = os.environ.get("FTG_FUNCTION") in ("rollout", "evaluate")


class HeldCartPole(CartPoleEnv):
    """CartPole, but nobody can step it as long as the file `gate` is there."""

    def __init__(self, gate: str) -> None:
        super().__init__()
        self._gate = Path(gate)

    def step(self, action: Any) -> Any:
        """As CartPole's, once the gate is open."""
        while IS_PLAYED and self._gate.exists():
            time.sleep(0.02)
        return super().step(action)


class StragglingCartPole(HeldCartPole):
    """CartPole, of which the first rollout that is begun stands still as long as the gate does."""

    def __init__(self, gate: str) -> None:
        super().__init__(gate)
        self._begun = False

    def step(self, action: Any) -> Any:
        """As CartPole's; the first one of all waits for the gate."""
        if IS_PLAYED and not self._begun:
            self._begun = True
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
        if self._steps > 3:
            self._end()
        return super().step(action)


gymnasium.register(ENDING, entry_point=EndingCartPole, max_episode_steps=500)
gymnasium.register(HELD, entry_point=HeldCartPole, max_episode_steps=500)
gymnasium.register(STRAGGLING, entry_point=StragglingCartPole, max_episode_steps=500)
gymnasium.register(RAISING, entry_point=RaisingCartPole, max_episode_steps=500)
