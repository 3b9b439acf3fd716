"""Spaces as data: what is told of them is all of them."""

from typing import Any

import gymnasium
import msgspec
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from faastraingym.algorithms.environments.space_data import described, leaves, nbytes, space_of
from faastraingym.schemas import env_step as wire

SPACES: list[spaces.Space[Any]] = [
    spaces.Box(-np.inf, np.inf, (3,), np.float32),
    spaces.Box(np.array([-1, -np.inf], np.float32), np.array([1.5, np.inf], np.float32)),
    spaces.Box(0, 255, (4, 3, 3), np.uint8),
    spaces.Box(-0.1, 0.1, (), np.float64),
    spaces.Box(np.array([[1, 2]]), np.array([[3, 2**62]]), dtype=np.int64),
    spaces.Box(0, 1, (0,), np.float32),
    spaces.Discrete(4),
    spaces.Discrete(3, start=-1, dtype=np.int32),
    spaces.MultiDiscrete([2, 3]),
    spaces.MultiDiscrete(np.array([[2, 3], [4, 5]]), start=np.array([[0, 1], [-2, 7]])),
    spaces.MultiBinary(5),
    spaces.MultiBinary([2, 3]),
    spaces.Tuple([spaces.Discrete(32), spaces.Discrete(11), spaces.Discrete(2)]),
    spaces.Dict({"b": spaces.Discrete(2), "a": spaces.Tuple([spaces.MultiBinary(1)])}),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("codec", [msgspec.json, msgspec.msgpack], ids=["json", "msgpack"])
def test_a_space_comes_back_from_its_data(space: Any, codec: Any) -> None:
    """By JSON too: infinities are null, and floats keep their bits."""
    made = wire.Made(
        state="",
        observation_space=described(space),
        action_space=wire.Discrete(n=2, start=0, dtype="int64"),
        metadata={},
        max_episode_steps=None,
    )
    told = codec.decode(codec.encode(made), type=wire.Made)
    back = space_of(told.observation_space)
    assert back == space
    assert back.dtype == space.dtype


def test_the_names_of_a_dict_keep_their_order() -> None:
    space = spaces.Dict([("b", spaces.Discrete(2)), ("a", spaces.Discrete(3))])
    back = space_of(described(space))
    assert list(back.spaces) == ["b", "a"]  # type: ignore[attr-defined]


@given(arrays.arrays(np.float32, (2, 2), elements=st.floats(-100, 100, width=32)))
def test_bounds_keep_their_bits(low: np.ndarray) -> None:
    back = space_of(described(spaces.Box(low, np.float32(np.inf), (2, 2))))
    assert back.low.tobytes() == low.tobytes()  # type: ignore[attr-defined]


def test_equal_bounds_are_one_number() -> None:
    """An image's would be two megabytes."""
    told = described(spaces.Box(0, 255, (210, 160, 3), np.uint8))
    assert told == wire.Box(low=0, high=255, shape=[210, 160, 3], dtype="uint8")


@pytest.mark.parametrize(
    "space",
    [spaces.Text(3), spaces.Sequence(spaces.Discrete(2)), spaces.Tuple([spaces.Text(1)]), 3],
)
def test_what_is_no_array_is_refused(space: Any) -> None:
    with pytest.raises(ValueError, match="allowed: Box, Discrete, MultiDiscrete, MultiBinary"):
        described(space)


def test_what_a_value_takes() -> None:
    space = SPACES[-1]
    assert [str(leaf) for leaf in leaves(space)] == ["MultiBinary(1)", "Discrete(2)"]
    assert nbytes(space) == 1 + 8
    assert nbytes(gymnasium.make("CartPole-v1").observation_space) == 16
