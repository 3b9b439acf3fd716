"""Values of a space as they travel, and back."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from faastraingym.remote.spaces import info_of, merged, received, sent

NESTED = spaces.Dict(
    [
        ("b", spaces.Tuple([spaces.Discrete(3), spaces.Box(-1, 1, (2,), np.float64)])),
        ("a", spaces.MultiBinary(2)),
    ]
)
SPACES = [
    spaces.Discrete(5, start=-2),
    spaces.Box(-1, 1, (3,), np.float32),
    spaces.Box(-1, 1, (), np.float32),
    spaces.Box(0, 255, (2, 2, 3), np.uint8),
    spaces.MultiDiscrete([3, 4]),
    spaces.MultiBinary(4),
    spaces.Tuple([spaces.Discrete(2), spaces.Discrete(3)]),
    NESTED,
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_value_comes_back_as_it_was(space: spaces.Space[Any]) -> None:
    """Under two axes, as one step of one environment; with its kinds and its order."""
    space.seed(1)
    value = space.sample()
    back = received(space, sent(space, value, axes=2), (0, 0))
    assert back in space
    np.testing.assert_equal(back, value)
    assert list(back) == list(value) if isinstance(value, dict) else type(back) is type(value)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_batch_comes_back_as_it_was(space: spaces.Space[Any]) -> None:
    batch = batch_space(space, 3)
    batch.seed(1)
    value = batch.sample()
    np.testing.assert_equal(received(batch, sent(batch, value, axes=1), 0), value)


def test_what_arrived_is_copied() -> None:
    """It is a view of an answer, which is read-only."""
    batch = np.arange(3.0)
    batch.setflags(write=False)
    found = received(spaces.Box(-9, 9, (), np.float64), batch, slice(None))
    found[0] = 7
    assert batch[0] == 0


def test_a_part_goes_where_its_mask_is_true() -> None:
    space = batch_space(NESTED, 3)
    whole = {
        "b": (np.array([0, 1, 2]), np.zeros((3, 2))),
        "a": np.zeros((3, 2), np.int8),
    }
    part = {"b": [np.array([2, 0]), np.ones((2, 2))], "a": np.ones((2, 2), np.int8)}
    found = merged(space, whole, part, np.array([True, False, True]))
    np.testing.assert_equal(
        found,
        {
            "b": (np.array([2, 1, 0]), np.array([[1.0, 1], [0, 0], [1, 1]])),
            "a": np.array([[1, 1], [0, 0], [1, 1]], np.int8),
        },
    )
    assert whole["b"][0].tolist() == [0, 1, 2]


def test_numbers_of_numpy_in_an_info_are_numbers_again() -> None:
    mask = np.ones(2, np.int8)
    mask.setflags(write=False)
    told = {"prob": np.array(0.5, np.float32), "mask": mask, "of": [{"n": np.array(3)}, "x", None]}
    found = info_of(told)
    assert type(found["prob"]) is np.float32
    assert found["mask"].flags.writeable
    assert found["of"] == [{"n": 3}, "x", None]
