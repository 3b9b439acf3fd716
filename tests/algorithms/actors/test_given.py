"""What callers give is taken by its values, or refused with its path."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Tuple
from hypothesis import given as drawn
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from faastraingym.algorithms.actors import given
from faastraingym.algorithms.environments.observations import stored
from faastraingym.algorithms.environments.space_info import SpaceInfo, of_spaces
from faastraingym.schemas.answers import AnswerError

CAMERA = Box(0, 255, (2, 2), np.uint8)
ROBOT = Dict({"camera": CAMERA, "arm": Tuple((Box(-9, 9, (3,), np.float32), Discrete(5, start=2)))})
MASKED = Dict({"seen": Box(-9, 9, (2,)), "action_mask": Box(0, 1, (3,), np.int8)})


def info_of(space: Any, in_info: bool = False) -> SpaceInfo:
    return of_spaces("X-v0", space, Discrete(3), "ppo", ("Discrete",), in_info)


ROBOTS, PLAIN = info_of(ROBOT), info_of(Box(-9, 9, (2,), np.float32))


def a_robot(rows: int = 2) -> dict[str, Any]:
    return {
        "camera": np.full((rows, 2, 2), 7, np.uint8),
        "arm": [np.ones((rows, 3), np.float32), np.full(rows, 4)],
    }


def refused(found: Any, info: SpaceInfo, action_masks: Any = None) -> str:
    with pytest.raises(AnswerError) as caught:
        given.observations(found, action_masks, info)
    return str(caught.value)


def test_lists_and_arrays_are_the_same_observations() -> None:
    robot = a_robot()
    listed = {"camera": robot["camera"].tolist(), "arm": [part.tolist() for part in robot["arm"]]}
    for found in (robot, listed):
        kept, rows = given.observations(found, None, ROBOTS)
        assert rows == 2
        assert {path: (part.dtype.str, part.shape) for path, part in kept.items()} == {
            "camera": ("|u1", (2, 2, 2)),
            "arm/0": ("<f4", (2, 3)),
            "arm/1": ("<i8", (2,)),
        }
        assert kept["arm/1"].tolist() == [2, 2]  # counted from the first


@drawn(arrays(np.float32, array_shapes(min_dims=1, max_dims=1).map(lambda s: (*s, 2))))
def test_finite_numbers_are_kept_bit_for_bit(array: np.ndarray) -> None:
    if np.isfinite(array).all():
        for found in (array, array.tolist(), array.astype(np.float64)):
            kept, rows = given.observations(found, None, PLAIN)
            assert rows == len(array)
            assert kept.tobytes() == np.asarray(stored(array, PLAIN)).tobytes()
    else:
        assert "finite numbers" in refused(array, PLAIN)


@drawn(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=9,
    )
)
def test_whatever_is_given_is_an_array_or_is_refused(found: Any) -> None:
    for info in (PLAIN, ROBOTS, info_of(Discrete(4)), info_of(MASKED)):
        with suppress(AnswerError):
            assert given.observations(found, None, info)[1] >= 1


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            [[1.0, 2.0, 3.0]],
            "observations: found <f8 [1, 3]; allowed: <f4 [B, 2], a row for each of B environments",
        ),
        ([1.0, 2.0], "observations[0]: expected array, got float; allowed: <f4 [B, 2]"),
        ([[1.0, "2"]], "observations[0][1]: expected float, got str; allowed: <f4 [B, 2]"),
        ([[1.0], [2.0, 3.0]], "observations: found lists of several lengths; allowed: <f4 [B, 2]"),
        ([], "observations: found <f8 [0]; allowed: <f4 [B, 2], a row for each of B environments"),
        (np.zeros((0, 2), "f4"), "observations: found 0 rows; allowed: 1 to 4096"),
        (np.zeros((4097, 2), "f4"), "observations: found 4097 rows; allowed: 1 to 4096"),
        ({"a": 1}, "observations: expected array, got object; allowed: <f4 [B, 2]"),
        (
            [[1.0, float("nan")]],
            "observations: found nan; allowed: <f4 [B, 2], finite numbers",
        ),
        ([[1.0, 1e300]], "observations: found 1e+300; allowed: <f4 [B, 2], finite numbers"),
        (np.ones((1, 2), "c8"), "observations: found <c8; allowed: <f4 [B, 2]"),
    ],
)
def test_other_numbers_are_refused(found: Any, said: str) -> None:
    assert refused(found, PLAIN) == said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"camera": np.full((2, 2, 2), 0.5)}, "observations.camera: found <f8; allowed: |u1"),
        ({"camera": [[[256, 0], [0, 0]]] * 2}, "observations.camera: found 256; allowed: |u1"),
        ({"camera": [[[-1, 0], [0, 0]]] * 2}, "observations.camera: found -1; allowed: |u1"),
        ({"camera": [[[2**70, 0], [0, 0]]] * 2}, "observations.camera: found |O"),
        ({"camera": None}, "observations.camera: expected array, got null"),
        (
            {"camera": np.zeros((3, 2, 2), "u1")},
            "observations.camera: found 3 rows; allowed: 2, as ",
        ),
        ({"arm": [np.ones((2, 3), "f4")]}, "observations.arm.1: is missing; give it for each"),
        ({"arm": [np.ones((2, 3), "f4"), [2, 1]]}, "observations: observation part 'arm/1' has 1,"),
    ],
)
def test_a_part_is_refused_by_its_path(change: dict[str, Any], said: str) -> None:
    assert refused(a_robot() | change, ROBOTS).startswith(said)


def test_a_choice_that_a_space_does_not_contain_is_refused() -> None:
    lake = info_of(Discrete(4, start=1))
    assert given.observations([1, 4], None, lake)[0].tolist() == [0, 3]
    assert refused([0], lake) == "observations: observation 0 is not in Discrete(4), 1 to 4"
    several = info_of(MultiDiscrete([2, 3]))
    assert refused([[0, 3]], several) == (
        "observations: observation has 3, which its space does not contain"
    )


def test_masks_are_beside_observations_or_a_part_of_them() -> None:
    told = info_of(Box(-9, 9, (2,)), in_info=True)
    kept, _ = given.observations([[1.0, 2.0]], [[1, 0, 1]], told)
    assert kept["info/action_mask"].tolist() == [[True, False, True]]
    assert refused([[1.0, 2.0]], told) == (
        'action_masks: is missing; give what info["action_mask"] has, a row for each observation'
    )
    assert refused([[1.0, 2.0]], told, [[1, 0, 2]]) == (
        "action_masks: found 2; allowed: |b1 [B, 3], numbers of that dtype"
    )
    assert refused([[1.0, 2.0]], told, [[0, 0, 0]]) == (
        "action_masks: found a mask that forbids every action; allow at least one"
    )
    assert refused([[1.0, 2.0]], told, [[1, 1, 1]] * 2) == (
        "action_masks: found 2 rows; allowed: 1, one for each observation"
    )
    part = info_of(MASKED)
    seen = {"seen": [[1.0, 2.0]], "action_mask": [[True, False, True]]}
    assert given.observations(seen, None, part)[0]["action_mask"].tolist() == [[True, False, True]]
    assert refused(seen, part, [[1, 1, 1]]) == (
        "action_masks: found masks; allowed: none: observations.action_mask has them"
    )
    assert refused(seen | {"action_mask": [[0, 0, 0]]}, part).startswith(
        "observations.action_mask: found a mask that forbids every action"
    )
    assert refused([[1.0, 2.0]], PLAIN, [[1, 1, 1]]) == (
        "action_masks: found masks; allowed: none: the policy knows none"
    )


def test_memory_is_a_recurrent_policys_alone_and_a_copy() -> None:
    beginning = np.zeros((2, 3), np.float32)
    assert given.memory(None, None) is None
    assert given.memory(None, beginning) is beginning
    before = np.ones((2, 3), np.float32)
    found = given.memory(before, beginning)
    assert found is not None
    assert found is not before
    assert found.tolist() == before.tolist()
    for wrong, start, said in [
        ([[1.0]], None, "memory: found one; allowed: none, for the policy is not recurrent"),
        (before[:1], beginning, "memory: found 1 rows; allowed: 2, one for each observation"),
        (before[:, :2], beginning, "memory: found <f4 [2, 2]; allowed: <f4 [B, 3], a row for"),
    ]:
        with pytest.raises(AnswerError) as caught:
            given.memory(wrong, start)
        assert str(caught.value).startswith(said)
