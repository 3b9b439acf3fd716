"""A person names an environment instead of a file."""

import tomllib
from pathlib import Path

import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.client import examples
from faastraingym.client.composing import named
from faastraingym.client.errors import BadInput
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


def test_an_environment_without_an_example_is_told_which_have_one() -> None:
    """In one sentence, which says how to go on."""
    with pytest.raises(BadInput) as refusal:
        named("MountainCar-v0")
    said = str(refusal.value)
    assert said.startswith("MountainCar-v0: neither a file nor an environment with an example")
    assert "Acrobot-v1, CartPole-v1, LunarLander-v3, Pendulum-v1" in said
    assert f"; copy an example from {examples.FOLDER}" in said


def test_a_name_that_is_nearly_an_examples_is_told() -> None:
    with pytest.raises(BadInput, match=r"; did you mean 'CartPole-v1'\? Otherwise copy an example"):
        named("CartPol-v1")


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
