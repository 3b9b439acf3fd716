from pathlib import Path

import pytest

from benchmarks.experiments import rows
from faastraingym.algorithms import registry
from faastraingym.schemas.experiment import Sampled
from tests.benchmarks.refusing import refuses

ROW = """
#: asks = "Is more seeds' worth of draws better?"
#: seeds = [3, 4]
#: again = [11, 12]
#: [arms.random]
#: sampler = {name = "random", trials = 2}
#: [arms.tpe]
sampler = {name = "tpe", trials = 2, startup = 1}
seeds = [1]
[space."algorithm.gamma"]
kind = "uniform"
low = 0.9
high = 0.99
[run]
environment = {id = "CartPole-v1", num_envs = 2}
rollout = {count = 1, num_steps = 32}
algorithm = {name = "ppo", hidden_sizes = [8]}
evaluation = {episodes = 2}
stop = {env_steps = 100}
"""


@pytest.fixture
def row(tmp_path: Path) -> rows.Row:
    file = tmp_path / "some.toml"
    file.write_text(ROW)
    return rows.read(file)


@pytest.mark.parametrize("name", rows.names())
def test_a_row_has_a_reference_and_100_episodes_and_no_target(name: str) -> None:
    row = rows.named(name)
    assert len(row.question.arms) > 1
    for arm, seed in row.work:
        base = registry.parse(row.spec(arm, seed).run)
        assert (base.evaluation.episodes, base.stop.target) == (100, None)
        assert not set(row.spec(arm, seed).seeds) & set(row.question.again)


def test_an_arm_is_the_experiment_with_another_sampler_and_each_seed(row: rows.Row) -> None:
    assert row.work == [("random", 3), ("tpe", 3), ("random", 4), ("tpe", 4)]
    samplers = [row.spec(arm, seed).sampler for arm, seed in row.work]
    assert all(isinstance(sampler, Sampled) for sampler in samplers)
    assert [sampler.__struct_config__.tag for sampler in samplers] == ["random", "tpe"] * 2
    assert [sampler.seed for sampler in samplers] == [3, 3, 4, 4]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("#: seeds = [3, 4]\n", ""), "seeds"),
        (("#: seeds = [3, 4]", "#: seeds = []"), "seeds"),
        (("[arms.tpe]", "[arm.tpe]"), "arm"),
        (('sampler = {name = "random"', 'sampler = {name = "rondom"'), "rondom"),
        (("high = 0.99", "high = 1.5"), "high"),
    ],
)
def test_a_file_that_is_no_row_is_named(change: tuple[str, str], why: str, tmp_path: Path) -> None:
    refuses(rows.read, ROW.replace(*change), why, tmp_path)
