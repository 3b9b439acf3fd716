from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.algorithms import rewards
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.payloads import Rewards, Trajectory, dump, load
from faastraingym.schemas.specification import Function, RunSpec

Make = Callable[..., RunSpec]
MakeTrajectory = Callable[..., Trajectory]
F, T = False, True


def transformed(
    spec: RunSpec, trajectory: Trajectory, previous: Rewards | None = None
) -> list[float]:
    found: list[float] = rewards.transform(spec, [trajectory], previous).rewards[0][:, 0].tolist()
    return found


def test_transforms_apply_in_order(make_spec: Make, make_trajectory: MakeTrajectory) -> None:
    """Scaling before clipping is not clipping before scaling."""
    scale, clip = {"kind": "scale", "factor": 2.0}, {"kind": "clip", "low": -1.0, "high": 1.0}
    steps = make_trajectory(rewards=[3.0, -0.25])
    assert transformed(make_spec(reward=[scale, clip]), steps) == [1.0, -0.5]
    assert transformed(make_spec(reward=[clip, scale]), steps) == [2.0, -0.5]


def test_a_reset_earns_nothing(make_spec: Make, make_trajectory: MakeTrajectory) -> None:
    """Not even where every reward is clipped to be positive."""
    spec = make_spec(reward=[{"kind": "clip", "low": 0.5, "high": 1.0}])
    steps = make_trajectory(rewards=[0.0, 0.0], valid=[T, F])
    assert transformed(spec, steps) == [0.5, 0.0]


def test_potential_by_hand(make_spec: Make, make_trajectory: MakeTrajectory) -> None:
    """phi(s) = s + s^2, gamma 1/2: gamma phi(s') - phi(s), 0 for a terminal successor only."""
    shaping = {"kind": "potential", "weights": [1.0], "squares": [1.0]}
    spec = make_spec(reward=[shaping], algorithm={"gamma": 0.5})
    seen = [1.0, 2.0, 3.0, 1.0]  # phi: 2, 6, 12, 2
    ends = {"rewards": [1, 0, 0], "observations": seen, "truncated": [F, T, F]}
    # the last transition begins in the final observation: without the mask it would count
    assert transformed(spec, make_trajectory(**ends)) == [1 + 3 - 2, 6 - 6, 1 - 12]
    ends["valid"] = [T, T, F]
    assert transformed(spec, make_trajectory(**ends)) == [2.0, 0.0, 0.0]
    ends["terminated"] = [F, T, F]
    assert transformed(spec, make_trajectory(**ends)) == [2.0, -6.0, 0.0]


def test_shaping_telescopes(make_spec: Make, make_trajectory: MakeTrajectory) -> None:
    """Over a whole episode the discounted shaping sums to -phi(s_0): no policy gains by it."""
    seen = [0.3, -1.2, 2.0, 0.7, 9.9]
    spec = make_spec(reward=[{"kind": "potential", "weights": [2.0]}], algorithm={"gamma": 0.9})
    steps = make_trajectory(rewards=[0.0] * 4, observations=seen, terminated=[F, F, F, T])
    total = sum(0.9**t * r for t, r in enumerate(transformed(spec, steps)))
    assert total == pytest.approx(-2.0 * 0.3, abs=1e-6)


NORMALIZE = {"reward": [{"kind": "normalize", "clip": 10.0}], "algorithm": {"gamma": 0.5}}


def test_normalize_by_hand(make_spec: Make, make_trajectory: MakeTrajectory) -> None:
    """Discounted returns 2, 3, then after the end and the reset 4: variance 2/3."""
    steps = make_trajectory(
        rewards=[2, 2, 9, 4], terminated=[F, T, F, F], valid=[T, T, F, T]
    )  # fmt: skip
    deviation = (2 / 3) ** 0.5
    expected = np.array([2, 2, 0, 4]) / deviation
    assert transformed(make_spec(**NORMALIZE), steps) == pytest.approx(expected, rel=1e-6)


def test_normalize_goes_on_from_version_to_version(
    make_spec: Make, make_trajectory: MakeTrajectory
) -> None:
    """Two rollouts in turn leave the state that one of both lengths leaves, over the wire too."""
    spec, values = make_spec(**NORMALIZE), [1.0, -2.0, 0.5, 4.0]
    whole = rewards.transform(spec, [make_trajectory(rewards=values)], None)
    first = rewards.transform(spec, [make_trajectory(rewards=values[:2])], None)
    stored = load(dump(first), Rewards)
    second = rewards.transform(spec, [make_trajectory(rewards=values[2:])], stored)
    assert second.state["0"]["count"] == whole.state["0"]["count"] == 4
    for name in ("mean", "m2"):
        np.testing.assert_allclose(second.state["0"][name], whole.state["0"][name], rtol=1e-12)
    assert second.state["0"]["returns"]["0"] == whole.state["0"]["returns"]["0"]
    np.testing.assert_allclose(second.rewards[0], whole.rewards[0][2:], rtol=1e-6)


def test_normalize_bounds_rewards(make_spec: Make, make_trajectory: MakeTrajectory) -> None:
    """A first, constant batch has no deviation: what would be infinite is clipped."""
    assert transformed(make_spec(**NORMALIZE), make_trajectory(rewards=[3.0])) == [10.0]


def test_a_slot_that_was_dropped_begins_anew(
    make_spec: Make, make_trajectory: MakeTrajectory
) -> None:
    """Its returns would belong to transitions that nobody learnt from."""
    spec = make_spec(**NORMALIZE)
    one, two = (make_trajectory(index=i, rewards=[1.0, 2.0]) for i in (0, 1))
    first = rewards.transform(spec, [one, two], None)
    assert first.state["0"]["returns"].keys() == {"0", "1"}
    second = rewards.transform(spec, [one], first)
    assert second.state["0"]["returns"].keys() == {"0"}
    assert second.state["0"]["returns"]["0"].tolist() == [2.0 + 0.5 * (1.0 + 0.5 * 2.5)]
    third = rewards.transform(spec, [one, two], second)
    assert third.state["0"]["returns"]["1"].tolist() == [2.5]


def test_what_does_not_count_may_be_anything(
    make_spec: Make, make_trajectory: MakeTrajectory
) -> None:
    """A terminal observation of NaN is where the reset begins: it earns 0."""
    shaping = {"kind": "potential", "weights": [1.0]}
    spec = make_spec(reward=[shaping, *NORMALIZE["reward"]], algorithm={"gamma": 0.5})
    ends = {"terminated": [T, F, F], "valid": [T, F, T], "observations": [1.0, np.nan, 2.0, 4.0]}
    found = transformed(spec, make_trajectory(rewards=[1.0, np.nan, 3.0], **ends))
    assert found[1] == 0.0
    assert np.isfinite(found).all()


FUNCTION = {"kind": "function", "name": "centred"}


def test_what_a_function_answered_takes_the_place_of_the_rewards(
    make_spec: Make, make_trajectory: MakeTrajectory
) -> None:
    """What comes after it is applied to that; a reset earns nothing, whatever was answered."""
    spec = make_spec(reward=[FUNCTION, {"kind": "scale", "factor": 2.0}])
    steps = make_trajectory(rewards=[9.0, 9.0, 9.0], valid=[T, F, T])
    given = [np.array([[1.0], [np.nan], [0.25]], np.float32)]
    found = rewards.transform(spec, [steps], None, given)
    assert found.rewards[0][:, 0].tolist() == [2.0, 0.0, 0.5]
    with pytest.raises(RunFault, match="the reward function centred was not asked"):
        rewards.transform(spec, [steps], None)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8))
def test_an_answer_that_fits_is_taken_bit_for_bit(values: list[float]) -> None:
    function = Function(name="centred")
    given = [np.array(values, np.float32)[:, None]]
    steps = SimpleNamespace(rewards=given[0], valid=np.ones_like(given[0], bool), version=3)
    assert rewards.answered(function, [steps], given)[0] is given[0]
    for wrong in (given[0].astype(np.float64), given[0][:-1], given[0][:, 0]):
        with pytest.raises(
            RunFault, match=r"the reward function centred, version 3: rewards\[0\]:"
        ):
            rewards.answered(function, [steps], [wrong])
