import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms.replay.window import Window, draw
from faastraingym.schemas.messages import VersionRange

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
