from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.replay.window import (
    Place,
    Window,
    draw,
    gather,
    places,
    problems,
    versions_of,
    window,
)
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.specification import RunSpec

windows = st.builds(
    lambda first, more, slots, steps, envs: Window(
        VersionRange(first=first, last=first + more), slots, steps, envs
    ),
    st.integers(0, 10**6), st.integers(0, 50), st.integers(1, 9), st.integers(1, 9),
    st.integers(1, 5),
)  # fmt: skip


@given(windows, st.integers(0, 2**62), st.integers(0, 10**9))
def test_a_draw_is_the_same_again_and_of_the_window(of: Window, seed: int, version: int) -> None:
    first, again = (draw(of, seed, version, 3, 17) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.shape == (3, 17)
    assert ((first >= 0) & (first < of.transitions)).all()
    touched = places(of, first)
    assert touched == sorted(set(touched))
    assert all(of.versions.first <= p.version <= of.versions.last for p in touched)
    assert all(0 <= p.slot < of.slots for p in touched)


@given(windows, st.integers(0, 2**62))
def test_another_version_draws_otherwise(of: Window, seed: int) -> None:
    """Unless there is little to draw from."""
    if of.transitions > 8:
        assert not np.array_equal(draw(of, seed, 1, 4, 64), draw(of, seed, 2, 4, 64))


def test_every_transition_is_drawn_as_often_as_any_other() -> None:
    of = Window(VersionRange(first=3, last=4), slots=2, steps=3, num_envs=2)
    counts = np.bincount(draw(of, 1, 5, 100, 240).ravel(), minlength=of.transitions)
    assert len(counts) == of.transitions == 24
    assert abs(counts - 1000).max() < 150  # 5 deviations of a binomial


def test_what_is_gathered_is_what_was_drawn(make_trajectory: Callable[..., Trajectory]) -> None:
    """Each transition has its own numbers: version, slot and step tell the reward."""
    of = Window(VersionRange(first=7, last=9), slots=2, steps=4, num_envs=1)
    held = {
        Place(v, s): make_trajectory(
            version=v, index=s,
            rewards=[100.0 * v + 10 * s + t for t in range(4)],
            observations=[100.0 * v + 10 * s + t for t in range(5)],
            valid=[True, True, False, True],
        )
        for v in (7, 8, 9) for s in (0, 1)
    }  # fmt: skip
    every = np.arange(of.transitions).reshape(2, 12)
    found = gather(of, every, held)
    expected = [100.0 * v + 10 * s + t for v in (7, 8, 9) for s in (0, 1) for t in range(4)]
    assert found["rewards"].ravel().tolist() == expected
    assert found["observations"].shape == (2, 12, 1)
    after = found["next_observations"] - found["observations"]
    assert (after == 1.0).all()
    assert (~found["valid"]).sum() == 6
    assert found["log_probs"].shape == (2, 12)
    some = np.array([[5, 5, 23]])
    needed = {place: held[place] for place in places(of, some)}
    assert set(needed) == {Place(7, 1), Place(9, 1)}
    assert gather(of, some, needed)["rewards"].tolist() == [[711.0, 711.0, 913.0]]


@given(st.integers(1, 10**7))
def test_a_window_holds_its_capacity_and_less_than_a_version_more(capacity: int) -> None:
    spec = parse(
        {
            "environment": {"id": "CartPole-v1", "num_envs": 3},
            "rollout": {"count": 2, "num_steps": 7},
            "stop": {"env_steps": 9},
            "algorithm": {"name": "a2c"},
        }
    )
    back = versions_of(spec, capacity)
    found = window(spec, VersionRange(first=5, last=5 + back)).transitions
    assert capacity <= found < capacity + 2 * 7 * 3


@pytest.mark.parametrize(
    ("rollout", "path"),
    [({"count": 3, "threshold": 2}, "threshold"), ({"horizon": "episodes"}, "horizon")],
)
def test_what_a_range_of_versions_does_not_name_is_refused(
    make_spec: Callable[..., RunSpec], rollout: dict[str, object], path: str
) -> None:
    [problem] = problems(make_spec(rollout=rollout))
    assert problem.startswith(f"spec.rollout.{path}: found ")
