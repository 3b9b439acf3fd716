"""What `train` says to words of other libraries, and to an environment without a budget."""

from typing import Any

import pytest

from faastraingym import BadInput, Client, train
from faastraingym.client import composing, keywords


@pytest.mark.parametrize(
    ("keyword", "said"),
    [
        ({"total_timesteps": 9}, "total_timesteps: is no setting of ppo; write budget=N"),
        ({"verbose": 1}, "verbose: is no setting of ppo; write progress=True"),
        ({"n_steps": 9}, 'n_steps: is no setting of ppo; write rollout={"num_steps": N}'),
        ({"num_envs": 9}, 'num_envs: is no setting of ppo; write environment={"num_envs": ...}'),
        ({"env_steps": 9}, 'env_steps: is no setting of ppo; write stop={"env_steps": ...}'),
        ({"lerning_rate": 1.0}, "did you mean 'learning_rate'?"),
    ],
)
def test_a_keyword_with_another_name_here_is_named(
    client: Client, keyword: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        train("CartPole-v1", client=client, **keyword)
    assert said in str(refusal.value)


def test_each_such_keyword_has_a_line(client: Client) -> None:
    with pytest.raises(BadInput) as refusal:
        client.start("CartPole-v1", total_timesteps=9, files="here")
    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == [
        "total_timesteps",
        "files",
    ]


def test_no_word_of_the_table_is_a_setting_of_every_algorithm() -> None:
    """Then it would be said to none."""
    algorithms = [settings.__struct_config__.tag for settings in keywords._algorithms()]
    for word in keywords.OURS:
        assert any(keywords.problem(word, algorithm) for algorithm in algorithms), word


def test_settings_are_taken(client: Client) -> None:
    spec = client.start("CartPole-v1", "a2c", seed=3, learning_rate=0.5).report().spec
    assert (spec["seed"], spec["algorithm"]["learning_rate"]) == (3, 0.5)


def test_an_environment_alone_has_a_budget_and_that_is_said(client: Client) -> None:
    """The one of the command line; an algorithm may be named beside it."""
    with pytest.warns(UserWarning, match="a2c with its defaults for 100,000 steps; `budget=N`"):
        run = client.start("MountainCar-v0", "a2c", target=-110)
    stop = run.report().spec["stop"]
    assert (stop["env_steps"], stop["target"]) == (composing.DEFAULT_STEPS, -110)


@pytest.mark.parametrize("chosen", [{"budget": 256}, {"stop": {"env_steps": 256}}])
def test_a_budget_that_is_named_is_not_remarked_on(
    client: Client, chosen: dict[str, Any], recwarn: pytest.WarningsRecorder
) -> None:
    run = client.start("MountainCar-v0", **chosen)
    assert run.report().spec["stop"]["env_steps"] == 256
    assert [str(told.message) for told in recwarn if "defaults" in str(told.message)] == []


def test_a_specification_without_a_budget_stays_incomplete(client: Client) -> None:
    """It says everything that a run depends on."""
    with pytest.raises(BadInput, match=r"spec\.stop\.env_steps: missing"):
        client.start({"environment": {"id": "CartPole-v1"}, "algorithm": {"name": "ppo"}})
