from pathlib import Path

import pytest

from benchmarks.targets import rows


@pytest.mark.parametrize("name", rows.names())
def test_a_row_evaluates_the_peers_as_often_as_ours(name: str) -> None:
    problem = rows.named(name).problem
    assert problem.evaluate_every == 2560
    assert problem.evaluate_every % problem.num_envs == 0
    assert problem.episodes == 20
    assert problem.algorithm in ("PPO", "DQN", "SAC")


def test_cartpole_is_the_zoo_s() -> None:
    problem = rows.named("ppo_cartpole").problem
    assert rows.named("ppo_cartpole").name == "PPO CartPole-v1 to 475"
    assert (problem.environment, problem.target, problem.budget) == ("CartPole-v1", 475.0, 100_000)
    assert problem.settings["learning_rate"] == "lin_0.001"


def test_a_row_has_a_target(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    text = (rows.FOLDER / "ppo_cartpole.toml").read_text()
    file.write_text(text.replace("target = 475.0", ""))
    with pytest.raises(ValueError, match=r"some\.toml: stop\.target: found none"):
        rows.read(file)
