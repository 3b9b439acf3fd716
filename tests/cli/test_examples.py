"""A person names an environment instead of a file."""

import tomllib
from pathlib import Path

import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client import examples
from faastraingym.client.composing import composed, named
from faastraingym.client.errors import BadInput
from faastraingym.client.remedies import keyword
from tests.checkout import CHECKOUT
from tests.cli.conftest import Desk

FILES = {
    "Acrobot-v1": "acrobot.toml",
    "CartPole-v1": "cartpole.toml",
    "LunarLander-v3": "lunarlander.toml",
    "Pendulum-v1": "pendulum.toml",
}


@pytest.mark.parametrize("environment", FILES)
def test_an_environment_stands_for_its_example(environment: str) -> None:
    """The file of the repository, which trains that environment."""
    raw, origin, stem, *_ = named(environment)
    assert raw == tomllib.loads((CHECKOUT / "examples" / FILES[environment]).read_text())
    assert (origin, f"{stem}.toml") == (environment, FILES[environment])


def test_of_several_examples_the_one_with_the_shortest_name_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cartpole.toml`, whatever else trains CartPole-v1."""
    for name in ("cartpole-a2c", "cartpole", "a-cartpole"):
        (tmp_path / f"{name}.toml").write_text('[environment]\nid = "CartPole-v1"\n')
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    assert examples.by_environment() == {"CartPole-v1": tmp_path / "cartpole.toml"}


def test_an_environment_without_an_example_is_what_the_api_makes_of_it() -> None:
    """The default algorithm; the default budget is set, and told, once all else is known."""
    here = named("MountainCar-v0")
    there = composed("MountainCar-v0", None, 7, None, None, {})
    assert there.form is keyword
    assert here._replace(raw={**here.raw, "stop": {"env_steps": 7}}) == there._replace(form=None)


@pytest.mark.parametrize("command", ["train", "start", "gate"])
def test_every_command_trains_an_environment_without_an_example(desk: Desk, command: str) -> None:
    desk.facts.objects = desk.objects
    assert desk(command, "MountainCar-v0", "--run", "mine") != ExitCode.BAD_INPUT, desk.err
    said = "no specification: ppo with its defaults for 100,000 steps; `--budget N` and"
    assert said in desk.err
    spec = desk.facts.log[0][1].fact.spec
    assert (spec["environment"]["id"], spec["algorithm"]["name"]) == ("MountainCar-v0", "ppo")
    assert spec["stop"]["env_steps"] == 100_000


def test_a_budget_that_is_set_is_not_remarked_on(desk: Desk) -> None:
    assert desk("start", "MountainCar-v0", "--set", "stop.env_steps=2000") == ExitCode.DONE
    assert "no specification" not in desk.err
    assert desk.facts.log[0][1].fact.spec["stop"]["env_steps"] == 2000


def test_a_name_that_is_nearly_an_environments_is_told(desk: Desk) -> None:
    assert desk("start", "CartPoll-v1") == ExitCode.BAD_INPUT
    assert "no environment 'CartPoll-v1' is registered; did you mean 'CartPole-v1'?" in desk.err


def test_a_file_comes_before_an_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its name, it is the file that is read, or refused."""
    monkeypatch.chdir(tmp_path)
    Path("CartPole-v1").write_text("seed = 1\n")
    for name, why in (("CartPole-v1", "a specification ends in .toml"), ("a.toml", "no such file")):
        with pytest.raises(BadInput, match=f"{name}: {why}"):
            named(name)


def test_train_start_and_gate_take_an_environment(desk: Desk) -> None:
    """The run is called as the example's file, and has its specification."""
    assert desk("start", "CartPole-v1") == ExitCode.DONE
    assert desk.out.startswith("cartpole-20261122-171500-")
    stop = desk.facts.log[0][1].fact.spec["stop"]
    assert (stop["env_steps"], stop["target"]) == (100_000, 475.0)
    assert desk("train", "CartPole-v1", "--set", "stop.target=9.0") == ExitCode.DONE
    assert desk("gate", "CartPole-v1", "--min-return", "1") == ExitCode.DONE
    assert desk("train", "CartPole-v1", "--set", "seed=-1") == ExitCode.BAD_INPUT
    assert desk.err.startswith("faastrain: CartPole-v1: spec.seed: found -1")
