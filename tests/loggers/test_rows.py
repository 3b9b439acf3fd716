"""What the names mean is Stable-Baselines3's word; the numbers are of literal facts."""

import pytest

from faastraingym.loggers.rows import Row, Rows, missing, points, rows
from faastraingym.schemas.messages import RunResumed
from tests.client.facts import SPEC
from tests.loggers.facts import (
    BEGIN,
    MANIFEST,
    RUN,
    batch,
    evaluated,
    recorded,
    requested,
    started,
    updated,
)

METRICS = {
    "policy_loss": -0.5,
    "value_loss": 8.0,
    "entropy": 0.6,
    "approx_kl": 0.01,
    "clip_fraction": 0.1,
    "explained_variance": 0.3,
    "grad_norm": 2.0,
}
PPO = {**SPEC["algorithm"], "ent_coef": 0.1, "vf_coef": 0.5, "update_epochs": 4}
A_RUN = [
    requested({**SPEC, "algorithm": {**PPO, "learning_rate_schedule": "linear"}}),
    started(),
    updated(0),
    batch(0),
    updated(1, METRICS),  # 4 s after the request, 64 steps
    batch(1, episodes=0),
    evaluated(1),
    updated(2, METRICS),
]


def test_an_update_is_a_row_with_the_names_of_stable_baselines3() -> None:
    row = next(rows(recorded(A_RUN)))
    assert row.step == 64
    assert row.at == BEGIN + 4
    assert row.values == {
        "rollout/ep_rew_mean": 20.0,
        "rollout/ep_len_mean": 25.0,
        "time/fps": 16.0,
        "time/iterations": 1,
        "time/time_elapsed": 4.0,
        "time/total_timesteps": 64,
        "train/policy_gradient_loss": -0.5,
        "train/value_loss": 8.0,
        "train/entropy_loss": -0.6,
        "train/approx_kl": 0.01,
        "train/clip_fraction": 0.1,
        "train/explained_variance": 0.3,
        "train/grad_norm": 2.0,
        "train/learning_rate": 3e-4,
        "train/clip_range": 0.2,
        "train/loss": pytest.approx(-0.5 - 0.1 * 0.6 + 0.5 * 8.0),
        "train/n_updates": 4,
    }


def test_the_learning_rate_is_that_of_the_update() -> None:
    """Annealed over 128 steps, of which the second update has 64 behind it."""
    second = list(rows(recorded(A_RUN)))[-1]
    assert second.values["train/learning_rate"] == pytest.approx(1.5e-4)
    assert second.values["train/n_updates"] == 8


def test_an_evaluation_is_a_row_of_its_own() -> None:
    row = list(rows(recorded(A_RUN)))[1]
    assert row == Row(
        64,
        BEGIN + 6,
        {"eval/mean_reward": 480.5, "eval/std_reward": 3.5, "eval/mean_ep_length": 480.5},
    )


def test_a_batch_in_which_no_episode_ended_tells_no_return() -> None:
    last = list(rows(recorded(A_RUN)))[-1]
    assert not [name for name in last.values if name.startswith("rollout/")]


def test_a_batch_that_was_collected_ahead_belongs_to_its_update() -> None:
    """Of version 0, the batches for the updates of 0 and 1 came before the first update."""
    ahead = [requested(), updated(0), batch(0), batch(1, episodes=3, lag=1), updated(1), updated(2)]
    told = list(rows(recorded(ahead)))
    assert [row.values["rollout/ep_rew_mean"] for row in told] == [20.0, 20.0]
    assert [row.step for row in told] == [64, 128]


def test_a2c_calls_its_policy_loss_as_there() -> None:
    spec = {**SPEC, "algorithm": {"name": "a2c"}}
    (row,) = rows(recorded([requested(spec), updated(1, {"policy_loss": 1.0, "entropy": 0.5})]))
    assert row.values["train/policy_loss"] == 1.0
    assert row.values["train/entropy_loss"] == -0.5
    assert "train/policy_gradient_loss" not in row.values


def test_speed_and_time_are_those_since_the_run_was_resumed() -> None:
    resumed = RunResumed(run=RUN, manifest=MANIFEST, segment=1, env_steps=256)
    told = Rows()
    for record in recorded([requested(), updated(1)]):
        told.add(record)
    for record in recorded([resumed, updated(2)], begin=9_000.0):
        row = told.add(record)
    assert row is not None
    assert row.values["time/time_elapsed"] == 1.0
    assert row.values["time/fps"] == 64.0
    assert row.values["time/total_timesteps"] == 128


def test_a_specification_that_was_refused_is_no_obstacle() -> None:
    """Its run has failed, and may have facts all the same."""
    (row,) = rows(recorded([requested({"x": 1}), updated(1, {"value_loss": 2.0})]))
    assert row.values["train/value_loss"] == 2.0


def test_what_was_written_is_missing_no_more() -> None:
    row = Row(64, 1.0, {"a": 1.0, "b": 2.0})
    assert missing(row, set()) == row
    assert missing(row, {("a", 64), ("b", 65)}) == Row(64, 1.0, {"b": 2.0})
    assert missing(row, set(points(row))) is None
