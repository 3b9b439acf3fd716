from pathlib import Path

import pytest

from benchmarks.learn import rows
from tests.benchmarks.refusing import refuses

ROW = """
#: goal = 400.0
#: yardstick = "a guess"
environment = {id = "CartPole-v1", num_envs = 2}
rollout = {count = 1, num_steps = 32}
algorithm = {name = "ppo", hidden_sizes = [8]}
evaluation = {every = 1, episodes = 2}
stop = {env_steps = 100}
"""


@pytest.mark.parametrize("name", rows.names())
def test_a_row_is_a_specification_of_a_whole_budget_and_100_episodes(name: str) -> None:
    row = rows.named(name)
    spec = row.spec(3)
    assert spec.seed == 3
    assert spec.evaluation.episodes == 100
    assert spec.stop.target is None
    assert row.goal.yardstick


def test_what_a_row_depends_on_is_all_but_its_seed(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text(ROW)
    identity = rows.read(file).identity
    file.write_text("seed = 9\n" + ROW)
    assert rows.read(file).identity == identity
    file.write_text(ROW.replace("= 32", "= 16"))
    assert rows.read(file).identity != identity


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("#: goal = 400.0\n", ""), "goal"),
        (("#: goal = 400.0", '#: goal = "much"'), "goal"),
        (("#: yardstick", "#: yardstik"), "yardsti"),
        (('name = "ppo"', 'name = "pop"'), "pop"),
        (("[8]", "["), "line 6"),
    ],
)
def test_a_file_that_is_no_row_is_named(change: tuple[str, str], why: str, tmp_path: Path) -> None:
    refuses(rows.read, ROW.replace(*change), why, tmp_path)


def test_a_row_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.toml"):
        rows.read(tmp_path / "nowhere.toml")
