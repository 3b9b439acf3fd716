"""A sample is what was drawn, wherever the ring has it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from faastraingym.algorithms.replay.ring import Ring
from faastraingym.algorithms.replay.window import Window
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Trajectory

Make = Callable[..., Trajectory]
STEPS, SLOTS = 4, 2


def a_version(make: Make, version: int, **changes: Any) -> list[Trajectory]:
    """Each number tells version, slot and step; a slot's observations go on in the next version."""
    return [
        make(
            version=version,
            index=slot,
            rewards=[100.0 * version + 10 * slot + t for t in range(STEPS)],
            observations=[1000.0 * slot + STEPS * version + t for t in range(STEPS + 1)],
            **changes,
        )
        for slot in range(SLOTS)
    ]


def a_window(first: int, last: int) -> Window:
    return Window(VersionRange(first=first, last=last), SLOTS, STEPS, 1)


def filled(make: Make, rows: int, versions: range, **changes: Any) -> Ring:
    ring = Ring(rows)
    for version in versions:
        ring.write(version, a_version(make, version, **changes), None)
    return ring


@pytest.mark.parametrize("rows", [3, 4, 7])
def test_what_is_gathered_is_what_was_drawn(make_trajectory: Make, rows: int) -> None:
    of = a_window(7, 9)
    ring = filled(make_trajectory, rows, range(10), valid=[True, True, False, True])
    every = np.arange(of.transitions).reshape(2, 12)
    found = ring.gather(of, every, 1, 0.9)
    expected = [100.0 * v + 10 * s + t for v in (7, 8, 9) for s in (0, 1) for t in range(4)]
    assert found["returns"].ravel().tolist() == expected
    assert found["rewards"].ravel().tolist() == expected
    assert found["observations"].shape == (2, 12, 1)
    counts = found["valid"]
    assert (found["next_observations"][counts] - found["observations"][counts] == 1.0).all()
    assert (~counts).sum() == 6
    assert (found["observations"][~counts] == 0.0).all()
    assert found["log_probs"].shape == (2, 12)
    assert (found["discounts"] == np.float32(0.9)).all()
    some = ring.gather(of, np.array([[5, 5, 23]]), 1, 0.9)
    assert some["returns"].tolist() == [[711.0, 711.0, 913.0]]


def test_a_return_goes_on_into_the_next_version_and_stops_at_the_windows_end(
    make_trajectory: Make,
) -> None:
    """The slot's next trajectory begins where this one stopped."""
    of = a_window(1, 2)
    ring = filled(make_trajectory, 2, range(3))
    found = ring.gather(of, np.arange(of.transitions).reshape(1, -1), 3, 1.0)
    seen, later = (found[n][0, :, 0] for n in ("observations", "next_observations"))
    # in the order of the numbers: version 1's slots 0 and 1, then version 2's
    assert (later - seen).tolist() == [3, 3, 3, 3] * 2 + [3, 3, 2, 1] * 2
    first = [101.0, 102.0, 103.0, 200.0, 201.0]
    assert found["returns"][0, 1:4].tolist() == [sum(first[i : i + 3]) for i in range(3)]
    assert found["returns"][0, 15].tolist() == 213.0


def test_the_observation_after_an_end_is_the_final_one(make_trajectory: Make) -> None:
    """Gymnasium's next step is the reset: never bootstrapped from, and drawn as not valid."""
    ring = filled(
        make_trajectory,
        2,
        range(2),
        truncated=[False, True, False, False],
        valid=[True, True, False, True],
    )
    of = a_window(0, 1)
    found = ring.gather(of, np.array([[0, 1, 2, 3]]), 3, 0.5)
    assert found["valid"].tolist() == [[True, True, False, True]]
    seen, later = (found[n][0, :, 0] for n in ("observations", "next_observations"))
    assert (later - seen)[[0, 1, 3]].tolist() == [2.0, 1.0, 3.0]  # the last goes on into version 1
    assert found["discounts"][0, [0, 1]].tolist() == [0.25, 0.5]


@given(st.integers(1, 6), st.integers(0, 20), st.integers(1, 6))
def test_a_ring_holds_the_newest_and_knows_what_it_lacks(
    rows: int, written: int, asked: int
) -> None:
    ring, flags = Ring(rows), np.zeros((1, 1), np.bool_)
    for version in range(written):
        ring.write(version, [_tiny(version, flags)], None)
    first = max(0, written - asked)
    missing = ring.missing(VersionRange(first=first, last=first + asked - 1))
    held = range(max(0, written - rows), written)
    assert missing == [v for v in range(first, first + asked) if v not in held]


def _tiny(version: int, flags: np.ndarray) -> Trajectory:
    return Trajectory(
        version=version, index=0, observations=np.zeros((2, 1, 1), np.float32),
        actions=np.zeros((1, 1), np.int32), rewards=np.zeros((1, 1), np.float32),
        terminated=flags, truncated=flags, valid=~flags,
        episode_returns=np.zeros(0), episode_lengths=np.zeros(0, np.int32),
    )  # fmt: skip


def test_it_takes_what_trajectories_take_and_no_more_with_time(make_trajectory: Make) -> None:
    """Each observation once, in its own dtype; memory is the window's, however long the run."""
    images = np.zeros((STEPS + 1, 1, 8, 8), np.uint8)
    ring = Ring(5)
    sizes = set()
    for version in range(40):
        batch = a_version(make_trajectory, version)
        ring.write(version, [replace(t, observations=images) for t in batch], None)
        sizes.add(ring.nbytes)
    per_step = 4 + 4 + 3 + 4  # action, reward, three flags, the tests' log-probabilities
    assert sizes == {5 * SLOTS * (images.nbytes + STEPS * per_step)}


def test_transformed_rewards_take_the_place_of_the_environments_own(make_trajectory: Make) -> None:
    ring = Ring(1)
    rewards = [np.full((STEPS, 1), slot, np.float32) for slot in range(SLOTS)]
    ring.write(3, a_version(make_trajectory, 3), rewards)
    found = ring.gather(a_window(3, 3), np.arange(8)[None], 1, 1.0)
    assert found["returns"].tolist() == [[0.0] * 4 + [1.0] * 4]


def test_observations_by_name_are_gathered_by_name(make_trajectory: Make) -> None:
    ring = Ring(2)
    seen = np.arange(STEPS + 1, dtype=np.float32)[:, None, None]
    for version in range(2):
        batch = a_version(make_trajectory, version)
        named = {"a": seen, "b": seen + 50}
        ring.write(version, [replace(t, observations=named) for t in batch], None)
    found = ring.gather(a_window(0, 1), np.array([[1]]), 1, 1.0)
    assert {name: found[name].item() for name in found if "observations" in name} == {
        "observations/a": 1.0,
        "next_observations/a": 2.0,
        "observations/b": 51.0,
        "next_observations/b": 52.0,
    }
