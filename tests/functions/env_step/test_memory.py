"""A caller's heavy environments are refused before they take all of a replica's memory."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import psutil
import pytest
from gymnasium.envs.classic_control import CartPoleEnv

from faastraingym.functions.env_step.memory import HOLDS, KEEPS, Memory
from faastraingym.functions.env_step.stepping import Stepping
from faastraingym.schemas import env_step as wire
from faastraingym.schemas.answers import AnswerError

HEAVY, EACH = "Heavy-v0", 32 << 20  # bytes of an environment


class Heavy(CartPoleEnv):  # type: ignore[misc]
    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.ballast = np.ones(EACH // 8)


@pytest.fixture
def heavy() -> Iterator[str]:
    gymnasium.register(HEAVY, Heavy)
    yield HEAVY
    del gymnasium.registry[HEAVY]


def used() -> int:
    """Bytes."""
    return int(psutil.Process().memory_info().rss)


def test_what_is_in_use_is_compared_with_the_limit() -> None:
    limit = 2 * used() >> 20
    assert Memory(limit).beyond(0.25)
    assert not Memory(limit).beyond(0.75)
    assert not Memory(0).beyond(0.0)


def test_heavy_environments_are_refused_in_time_and_let_go(heavy: str) -> None:
    """Those that are kept go first; small ones go on."""
    before = used()
    room = 8 * EACH
    stepping = Stepping(int((before + room) / HOLDS) >> 20)
    content, _ = stepping.make(wire.Make(env_id=heavy, num_envs=3), 1)
    stepping.reset(content, wire.Reset(state=""))
    content, _ = stepping.make(wire.Make(env_id=heavy, num_envs=64), 1)
    with pytest.raises(AnswerError, match="of 64 environments there is no memory") as told:
        stepping.reset(content, wire.Reset(state=""))
    assert told.value.complaint.kind == "too-large"
    assert len(stepping.warm) == 0
    assert used() < before + 4 * EACH
    content, _ = stepping.make(wire.Make(env_id=heavy, num_envs=2), 1)
    _, begun = stepping.reset(content, wire.Reset(state=""))
    assert len(begun.observations) == 2


def test_what_is_kept_has_its_share(heavy: str) -> None:
    stepping = Stepping(int((used() + 4 * EACH) / KEEPS) >> 20)
    for _ in range(9):
        content, _ = stepping.make(wire.Make(env_id=heavy), 1)
        stepping.reset(content, wire.Reset(state=""))
    assert 1 <= len(stepping.warm) <= 5
