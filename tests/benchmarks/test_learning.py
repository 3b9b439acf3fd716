"""What the benchmark of learning throughput compares."""

from benchmarks.learning import CASES, ZOO, Measured, rows
from benchmarks.peers.peer import MISSING, RLLIB, SBX, STABLE_BASELINES3

LARGE = CASES[1]


def test_updates_are_of_the_size_that_they_are_named_by_ours_and_the_peers() -> None:
    for case in CASES:
        size = (
            case.spec.rollout.count * case.spec.rollout.num_steps * case.spec.environment.num_envs
        )
        assert case.what == f"{size:,}-step updates"
        assert case.num_envs * case.spec.rollout.num_steps == size


def test_ratios_are_within_a_repetition_and_the_goal_stands_at_the_large_batch() -> None:
    theirs = {STABLE_BASELINES3: [2.0, 2.0], SBX: [], RLLIB: [1.0, 4.0]}
    made = {row.what: row for row in rows(LARGE, Measured([4.0, 8.0], [6.0, 8.0], theirs, [1, 2]))}
    beside = made["65,536-step updates: pipeline / Stable-Baselines3"]
    assert (beside.samples, beside.at_least) == ([2.0, 4.0], 20.0)
    assert made["65,536-step updates: plain loop / RLlib"].samples == [6.0, 2.0]
    zoo = made[f"65,536-step updates: pipeline / {ZOO}"]
    assert (zoo.samples, zoo.at_least) == ([4.0, 4.0], 20.0)


def test_a_peer_that_is_missing_has_a_word_for_its_numbers() -> None:
    theirs = {STABLE_BASELINES3: [], SBX: [], RLLIB: []}
    for row in rows(CASES[0], Measured([4.0], [6.0], theirs, [])):
        assert bool(row.samples) == (row.note != MISSING)
