"""`faastrain check`: what a start would say of a run or an experiment; nothing is started."""

import json
import sys
import tomllib
from typing import Any

import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.experiments.specification import parse
from faastraingym.cli.exit_codes import ExitCode
from tests.checkout import CHECKOUT
from tests.cli.conftest import Desk

EXAMPLE = CHECKOUT / "examples" / "experiments" / "cartpole.toml"
RAW: dict[str, Any] = {
    "run": {
        "environment": {"id": "CartPole-v1"},
        "algorithm": {"name": "ppo"},
        "stop": {"env_steps": 1000},
    },
    "space": {
        "algorithm.gamma": {"kind": "uniform", "low": 0.9, "high": 0.99},
        "algorithm.hidden_sizes": {"kind": "choice", "values": [[64, 64], [8]]},
    },
    "seeds": [1, 2],
    "sampler": {"name": "random", "trials": 15},
}


def written(desk: Desk, **changes: Any) -> str:
    return desk.write("experiment.json", json.dumps(RAW | changes))


def test_the_example_is_twelve_configurations_with_three_seeds(desk: Desk) -> None:
    assert desk("check", str(EXAMPLE)) == ExitCode.DONE, desk.err
    said, head, *rows, rest = desk.out.splitlines()
    assert said == (
        f"{EXAMPLE}: an experiment of 12 configurations, 36 runs, at most 720,000 environment"
        " steps in all"
    )
    assert head.split("\t") == [
        "TRIAL",
        "algorithm.learning_rate",
        "algorithm.ent_coef",
        "rollout.num_steps",
    ]
    assert rows[:2] == ["0\t0.001\t0\t32", "1\t0.001\t0\t128"]
    assert (len(rows), rest) == (10, "and 2 other configurations")
    assert desk.facts.log == []


def test_json_has_the_specification_with_its_defaults(desk: Desk) -> None:
    assert desk("check", str(EXAMPLE), "--json") == ExitCode.DONE
    found = json.loads(desk.out)
    counts = (found["kind"], found["configurations"], found["runs"], found["env_steps"])
    assert counts == ("experiment", 12, 36, 720_000)
    assert found["first"][11:] == []
    assert found["first"][0]["rollout.num_steps"] == 32
    assert parse(found["spec"]) == parse(tomllib.loads(EXAMPLE.read_text()))


@pytest.mark.parametrize(("sampler", "known"), [("random", 10), ("tpe", 3)])
def test_configurations_are_listed_as_far_as_they_depend_on_no_result(
    desk: Desk, sampler: str, known: int
) -> None:
    """Of TPE as many as go on at one time: 5 runs, of 2 seeds each."""
    name = written(desk, sampler={"name": sampler, "trials": 15}, at_once=5)
    assert desk("check", name, "--json") == ExitCode.DONE
    found = json.loads(desk.out)
    assert (found["configurations"], found["runs"], len(found["first"])) == (15, 30, known)
    assert desk("check", name) == ExitCode.DONE
    assert f"and {15 - known} other configurations" in desk.out
    assert "\t[64, 64]" in desk.out


def test_a_setting_that_does_not_exist_is_a_dash(desk: Desk) -> None:
    space = {
        "algorithm.name": {"kind": "choice", "values": ["ppo", "a2c"]},
        "algorithm.update_epochs": {
            "kind": "choice",
            "values": [4],
            "when": {"algorithm.name": ["ppo"]},
        },
    }
    assert desk("check", written(desk, space=space, sampler={"name": "grid"})) == ExitCode.DONE
    assert desk.out.splitlines()[2:] == ["0\tppo\t4", "1\ta2c\t-"]


def test_the_steps_are_at_most_those_of_the_budget(desk: Desk) -> None:
    name = written(desk, scheduler={"name": "halving", "first": 100}, budget={"env_steps": 9000})
    assert desk("check", name, "--json") == ExitCode.DONE
    assert json.loads(desk.out)["env_steps"] == 9000


def test_problems_are_told_with_the_exit_code_of_a_run(desk: Desk) -> None:
    """One line each, with the file's name; a change on the command line is looked at, too."""
    name = written(desk, space={"algorithm.gama": RAW["space"]["algorithm.gamma"]}, seeds=[])
    assert desk("check", name) == ExitCode.BAD_INPUT
    assert desk.err.splitlines() == [
        "faastrain: experiment.json: spec.seeds: found []; allowed: a list of 1 to 100 values"
    ]
    assert desk("check", name, "--set", "seeds=[1]") == ExitCode.BAD_INPUT
    assert desk.err.splitlines() == [
        "faastrain: experiment.json: spec.space.algorithm.gama: unknown key; did you mean 'gamma'?"
    ]


def test_the_environment_of_the_base_run_is_built(desk: Desk) -> None:
    """As a run's is, in the same words."""
    name = written(desk)
    assert desk("check", name, "--set", "run.environment.id=CartPoll-v1") == ExitCode.BAD_INPUT
    assert desk.err == (
        "faastrain: experiment.json: spec.run.environment.id: no environment 'CartPoll-v1' is "
        "registered; did you mean 'CartPole-v1'?\n"
    )


def test_the_environments_of_choices_are_built(desk: Desk) -> None:
    """A typing error is not found by the last trial of a night."""
    space = {"environment.id": {"kind": "choice", "values": ["Acrobot-v1", "CartPoll-v1"]}}
    assert desk("check", written(desk, space=space)) == ExitCode.BAD_INPUT
    assert desk.err.startswith(
        "faastrain: experiment.json: spec.space: with environment.id = 'CartPoll-v1': "
        "spec.run.environment.id: no environment 'CartPoll-v1' is registered"
    )


def test_draws_that_no_run_can_have_are_remarked_on(desk: Desk) -> None:
    """Each setting is valid; together they are not, and of a sampler that is known later."""
    space = {"algorithm.num_minibatches": {"kind": "integer", "low": 1, "high": 64}}
    assert desk("check", written(desk, space=space)) == ExitCode.DONE
    drawn = [int(row.split("\t")[1]) for row in desk.out.splitlines()[2:12]]
    refused = [i for i, minibatches in enumerate(drawn) if 1024 % minibatches]
    assert desk.err == (
        f"faastrain: {len(refused)} of the first 10 configurations are refused, and will be failed"
        f" trials, as trial {refused[0]}: spec.run.algorithm.num_minibatches: found "
        f"{drawn[refused[0]]}; allowed: a divisor of the 1024 samples of an update (threshold x "
        "num_steps x num_envs)\n"
    )


def test_a_sampler_that_is_not_installed_is_remarked_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions may have it; here its configurations cannot be listed."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert desk("check", written(desk)) == ExitCode.DONE
    assert "optuna is not installed" in desk.err
    assert "`pip install 'faastraingym[experiments]'`" in desk.err
    assert "and 15 other configurations" in desk.out
    assert desk("check", str(EXAMPLE)) == ExitCode.DONE
    assert desk.err == ""


def test_a_run_is_checked_as_a_start_does_it(desk: Desk, spec: str) -> None:
    assert desk("check", spec) == ExitCode.DONE
    assert desk.out.startswith("cartpole.json: a run of ppo in CartPole-v1, at most ")
    assert desk("check", spec, "--json", "--set", "stop.env_steps=4096") == ExitCode.DONE
    found = json.loads(desk.out)
    assert (found["kind"], found["runs"], found["env_steps"]) == ("run", 1, 4096)
    assert registry.parse(found["spec"]).stop.env_steps == 4096
    assert desk("check", spec, "--set", "seed=-1") == ExitCode.BAD_INPUT
    assert desk.err.startswith("faastrain: cartpole.json: spec.seed: found -1; allowed: ")
    assert desk("check", "MountainCar-v0") == ExitCode.DONE
    assert "at most 100,000 environment steps" in desk.out
    assert desk.facts.log == []
