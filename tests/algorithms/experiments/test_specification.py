"""An experiment is refused in the words of a run: path, found, allowed; before anything starts."""

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from msgspec import structs

from faastraingym.algorithms.experiments.space import MOST
from faastraingym.algorithms.experiments.specification import is_experiment, parse, problems
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.experiment import ExperimentSpec
from tests.schemas import strategies

BASE: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 50_000},
}
RATE = "algorithm.learning_rate"
SMALLEST: dict[str, Any] = {
    "run": BASE,
    "space": {RATE: {"kind": "choice", "values": [1e-3, 3e-4]}},
    "seeds": [1, 2, 3],
}
GAMMA = {"kind": "uniform", "low": 0.9, "high": 0.999}
RATES = {"kind": "log-uniform", "low": 1e-5, "high": 1e-2}
RANDOM = {"name": "random", "trials": 20}


def choice(*values: object, **when: object) -> dict[str, Any]:
    return {"kind": "choice", "values": [*values], **when}


def refused(**changes: object) -> list[str]:
    with pytest.raises(SpecificationError) as refusal:
        parse(copy.deepcopy(SMALLEST | changes))
    return refusal.value.problems


def of_space(space: dict[str, Any], **changes: object) -> list[str]:
    changes.setdefault("sampler", RANDOM)
    return refused(space=space, **changes)


def test_the_smallest_experiment_is_a_grid_of_four_runs_at_once() -> None:
    spec = parse(SMALLEST)
    assert (spec.at_once, spec.max_failed, spec.run) == (4, 3, BASE)
    assert is_experiment(SMALLEST)
    assert not is_experiment(BASE)
    assert not is_experiment([SMALLEST])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sapce": {}}, "spec.sapce: unknown key; did you mean 'space'?"),
        ({"environment": {}}, "spec.environment: unknown key; did you mean 'run.environment'?"),
        ({"seed": 1}, "spec.seed: unknown key; did you mean 'seeds'?"),
        ({"seeds": []}, "spec.seeds: found []; allowed: a list of 1 to 100 values"),
        ({"seeds": [1, -1]}, "spec.seeds[1]: found -1; allowed: an integer from 0 to 46116860"),
        ({"seeds": [1, 2, 1]}, "spec.seeds[2]: found 1 again; allowed: each seed once"),
        ({"at_once": 0}, "spec.at_once: found 0; allowed: an integer from 1 to 1000"),
        ({"space": {}}, "spec.space: found 0 settings; allowed: 1 to 100"),
        (
            {"sampler": {"name": "gp", "trials": 9}},
            "spec.sampler.name: found 'gp'; allowed: grid, random, tpe, cmaes",
        ),
        (
            {"sampler": {"name": "grid", "trials": 9}},
            "spec.sampler.trials: unknown key of grid; random, tpe, cmaes have it",
        ),
        ({"sampler": {"name": "random"}}, "spec.sampler.trials: missing; allowed: an integer from"),
        (
            {"scheduler": {"name": "asha"}},
            "spec.scheduler.name: found 'asha'; allowed: none, halving, hyperband, median, plateau",
        ),
        (
            {"run": BASE | {"algorithm": {"name": "ppo", "gama": 1}}},
            "spec.run.algorithm.gama: unknown key; did you mean 'gamma'?",
        ),
        (
            {"run": BASE | {"rollout": {"threshold": 7}}},
            "spec.run.rollout.threshold: found 7; allowed: 1 to 1, the fan-out "
            "(spec.run.rollout.count)",
        ),
    ],
    ids=str,
)
def test_what_is_no_experiment_is_refused_in_the_words_of_a_run(
    changes: dict[str, object], problem: str
) -> None:
    [found] = refused(**changes)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("path", "dimension", "problem"),
    [
        (RATE, {"kind": "choice"}, f"spec.space.{RATE}.values: missing; allowed: a list of at"),
        (RATE, choice(), f"spec.space.{RATE}.values: found []; allowed: a list of at least 1"),
        (
            RATE,
            {"kind": "range", "low": 1},
            f"spec.space.{RATE}.kind: found 'range'; allowed: choice, uniform, log-uniform, integ",
        ),
        (
            RATE,
            RATES | {"lo": 1},
            f"spec.space.{RATE}.lo: unknown key; did you mean 'low'?",
        ),
        (
            RATE,
            RATES | {"low": -1e-3},
            f"spec.space.{RATE}.low: found -0.001; allowed: a finite number greater than 0",
        ),
        (
            RATE,
            RATES | {"high": 1e-6},
            f"spec.space.{RATE}.low: found 1e-05; allowed: at most high, which is 1e-06",
        ),
        (
            "algorithm.num_minibatches",
            {"kind": "integer", "low": 8, "high": 2},
            "spec.space.algorithm.num_minibatches.low: found 8; allowed: at most high, which is 2",
        ),
        (
            "algorithm.num_minibatches",
            {"kind": "integer", "low": 0, "high": 8, "log": True},
            "spec.space.algorithm.num_minibatches.low: found 0; allowed: at least 1, where log is",
        ),
        (
            "algorithm.num_minibatches",
            {"kind": "integer", "low": 1, "high": 8, "log": True, "step": 2},
            "spec.space.algorithm.num_minibatches.step: found 2; allowed: 1, where log is true",
        ),
        (
            "environment.kwargs.n",
            {"kind": "integer", "low": 0, "high": 2**60},
            f"spec.space.environment.kwargs.n.high: found {2**60}; allowed: an integer from -9007",
        ),
        (
            "environment.kwargs.x",
            {"kind": "uniform", "low": -1e308, "high": 1e308},
            "spec.space.environment.kwargs.x.high: found 1e+308; allowed: less than 1.8e308 above",
        ),
        (
            RATE,
            choice(1, 0.5, 1.0),
            f"spec.space.{RATE}.values[2]: found 1.0, which values[0] is; write it once",
        ),
        ("seed", choice(1, 2), "spec.space.seed: every configuration has the same; spec.seeds has"),
        (
            "stop.env_steps",
            {"kind": "integer", "low": 1, "high": 9},
            "spec.space.stop.env_steps: every configuration has the same; spec.run.stop.env_steps",
        ),
        ("stop", choice({"env_steps": 9}), "spec.space.stop: every configuration has the same;"),
        (
            "init_from",
            choice("models/a", "models/b"),
            "spec.space.init_from: every configuration has the same; spec.run.init_from is the",
        ),
        ("a..b", GAMMA, "spec.space: found 'a..b'; allowed: paths, as algorithm.learning_rate"),
        ("a\nb", GAMMA, r"spec.space: found 'a\nb'; allowed: paths, as algorithm.learning_rate"),
    ],
    ids=str,
)
def test_a_dimension_that_is_none_is_refused(
    path: str, dimension: dict[str, Any], problem: str
) -> None:
    [found] = of_space({path: dimension})
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("path", "dimension", "found"),
    [
        ("algorithm.lerning_rate", RATES, [": unknown key; did you mean 'learning_rate'?"]),
        ("learning_rate", RATES, [": unknown key; did you mean 'algorithm.learning_rate'?"]),
        ("algorithm.tau", GAMMA, [": unknown key of ppo; dqn, sac have it"]),
        ("algoritm.gamma", GAMMA, [": algoritm: unknown key; did you mean 'algorithm'?"]),
        (
            "algorithm.gamma",
            GAMMA | {"high": 1.5},
            [".high: found 1.5; allowed: a finite number from 0 to 1"],
        ),
        (
            "algorithm.gamma",
            choice(0.9, 2, "high"),
            [
                ".values[1]: found 2; allowed: a finite number from 0 to 1",
                ".values[2]: found 'high'; allowed: a finite number from 0 to 1",
            ],
        ),
        (
            "algorithm.num_minibatches",
            {"kind": "uniform", "low": 1, "high": 2},
            [
                ".high: found 2.0; allowed: an integer from 1 to 1000000",
                ".low: found 1.0; allowed: an integer from 1 to 1000000",
            ],
        ),
        (
            "algorithm.activation",
            choice("tanh", "gelu"),
            [".values[1]: found 'gelu'; allowed: relu, tanh"],
        ),
        (
            "algorithm.hidden_sizes",
            choice([64, 64], [64, 0]),
            [".values[1][1]: found 0; allowed: an integer from 1 to 4096"],
        ),
        (
            "algorithm",
            choice({"name": "ppo", "gamma": 0.9}, {"name": "dqn", "gama": 0.9}),
            [".values[1].gama: unknown key; did you mean 'gamma'?"],
        ),
        (
            "reward.0.low",
            GAMMA,
            [
                ".high: reward: found {'0': {'low': 0.999}}; allowed: a list",
                ".low: reward: found {'0': {'low': 0.9}}; allowed: a list",
            ],
        ),
        ("environment.id.x", GAMMA, [": x would lie in 'CartPole-v1', no table"]),
    ],
    ids=str,
)
def test_a_setting_that_no_run_has_and_a_value_that_it_refuses(
    path: str, dimension: dict[str, Any], found: list[str]
) -> None:
    told = sorted(of_space({path: dimension}))
    assert len(told) == len(found)
    for problem, words in zip(told, found, strict=True):
        assert problem.startswith(f"spec.space.{path}{words}")


def test_an_element_of_a_list_is_a_setting() -> None:
    run = BASE | {"reward": [{"kind": "clip", "low": -1, "high": 1}]}
    low = {"kind": "uniform", "low": -5, "high": 0}
    assert parse(SMALLEST | {"run": run, "space": {"reward.0.low": low}, "sampler": RANDOM})
    [problem] = of_space({"reward.0.lower": low}, run=run)
    assert problem.startswith("spec.space.reward.0.lower: unknown key; did you mean")
    for index in ("1", "00"):
        [problem] = of_space({f"reward.{index}.low": low}, run=run)
        at = f"spec.space.reward.{index}.low"
        assert problem == f"{at}: found {index} in a list; allowed: an index below 1"


def test_one_setting_lies_in_no_other() -> None:
    space = {"algorithm": choice({"name": "ppo"}), "algorithm.gamma": GAMMA}
    [problem] = of_space(space)
    assert (
        problem == "spec.space.algorithm.gamma: lies in spec.space.algorithm; leave out one of them"
    )


def test_conditions_name_choices_and_values_that_they_have() -> None:
    name = choice("ppo", "a2c")
    epochs = {"kind": "integer", "low": 1, "high": 9}
    assert parse(
        SMALLEST
        | {
            "sampler": RANDOM,
            "space": {
                "algorithm.update_epochs": epochs | {"when": {"algorithm.name": ["ppo"]}},
                "algorithm.name": name,
            },
        }
    )
    for when, words in (
        ({"algorithm.nam": ["ppo"]}, "nam: no path of this space; did you mean 'algorithm.name'?"),
        ({"algorithm.name": ["dqn"]}, "name[0]: found 'dqn'; allowed: 'ppo', 'a2c'"),
        ({"algorithm.name": []}, "name: found []; allowed: at least one of its values"),
        ({"algorithm.gamma": [0.9]}, "gamma: is uniform; allowed: the path of a choice"),
    ):
        space = {
            "algorithm.name": name,
            "algorithm.gamma": GAMMA,
            "algorithm.update_epochs": epochs | {"when": when},
        }
        [problem] = of_space(space)
        assert problem == f"spec.space.algorithm.update_epochs.when.algorithm.{words}"


def test_a_conditional_setting_is_held_to_the_run_that_has_it() -> None:
    """tau is DQN's: without the condition PPO would have it, too."""
    tau = GAMMA | {"when": {"algorithm.name": ["dqn"]}}
    space = {"algorithm.name": choice("ppo", "dqn"), "algorithm.tau": tau}
    assert parse(SMALLEST | {"space": space, "sampler": RANDOM})
    [problem] = of_space({**space, "algorithm.tau": GAMMA})
    assert problem.startswith("spec.space.algorithm.tau: unknown key of ppo; dqn, sac have it")


def test_conditions_form_no_circle_and_can_be_met() -> None:
    space = {
        "algorithm.gamma": choice(0.9, when={"algorithm.vf_coef": [1]}),
        "algorithm.vf_coef": choice(1, when={"algorithm.gamma": [0.9]}),
    }
    [problem] = of_space(space)
    assert problem == (
        "spec.space.algorithm.gamma.when: depends on itself, by way of algorithm.gamma, "
        "algorithm.vf_coef; leave out one of these conditions"
    )
    space = {
        "algorithm.gamma": choice(0.9, 0.99),
        "algorithm.vf_coef": choice(1, when={"algorithm.gamma": [0.9]}),
        RATE: choice(1e-3, when={"algorithm.gamma": [0.99], "algorithm.vf_coef": [1]}),
    }
    [problem] = of_space(space)
    assert problem.startswith(f"spec.space.{RATE}.when: no configuration meets it")


def test_a_value_of_one_setting_that_makes_another_one_invalid() -> None:
    run = BASE | {"algorithm": {"name": "ppo", "clip_coef": 0.1}}
    [problem] = of_space({"algorithm.name": choice("ppo", "a2c")}, run=run)
    assert problem == (
        "spec.space.algorithm.name.values[1]: found 'a2c', with which a run is refused: "
        "spec.run.algorithm.clip_coef: unknown key of a2c; ppo has it"
    )


def test_each_configuration_of_a_grid_is_looked_at() -> None:
    """Settings that are valid one by one, and not together."""
    space = {
        "rollout.num_steps": choice(128, 100),
        "algorithm.num_minibatches": choice(4, 7, 11, 13),
    }
    found = refused(space=space)
    assert found[0] == (
        "spec.space: configuration 1 (rollout.num_steps = 128, algorithm.num_minibatches = 7): "
        "spec.run.algorithm.num_minibatches: found 7; allowed: a divisor of the 1024 samples of an"
        " update (threshold x num_steps x num_envs)"
    )
    assert found[3:] == ["spec.space: 3 other configurations are refused, too"]


def test_a_grid_has_a_bound() -> None:
    space = {f"environment.kwargs.{name}": choice(*range(10)) for name in "abcde"}
    assert refused(space=space) == [
        f"spec.space: found more than {MOST} configurations; allowed: at most {MOST}"
    ]


@pytest.mark.parametrize(
    ("sampler", "space", "words"),
    [
        ("grid", {"algorithm.gamma": GAMMA}, "is uniform; allowed: random, tpe or cmaes, or choic"),
        ("cmaes", {RATE: choice(1e-3)}, "is a choice; allowed: grid, random or tpe, or numbers al"),
        (
            "cmaes",
            {"algorithm.gamma": GAMMA | {"when": {}}, RATE: RATES | {"when": {"x": [1]}}},
            "has when; allowed: random or tpe, or numbers alone",
        ),
    ],
)
def test_a_sampler_that_cannot_handle_the_space(
    sampler: str, space: dict[str, Any], words: str
) -> None:
    trials = {} if sampler == "grid" else {"trials": 9}
    found = refused(space=space, sampler={"name": sampler, **trials})
    path = [*space][-1]
    assert f"spec.sampler.name: found {sampler}, but spec.space.{path} {words}" in found[-1]


def test_trials_that_are_too_many_to_be_asked_again() -> None:
    space = {RATE: RATES}
    [problem] = refused(space=space, sampler={"name": "cmaes", "trials": 1001})
    assert problem == "spec.sampler.trials: found 1001; allowed: 1 to 1000 of cmaes"
    for name, trials in (("cmaes", 1000), ("tpe", 10_000)):
        assert parse(SMALLEST | {"space": space, "sampler": {"name": name, "trials": trials}})


HALVING = {"name": "halving", "first": 10_000}


@pytest.mark.parametrize(
    ("sampler", "scheduler"),
    [*itertools.product(("tpe", "cmaes"), ("halving", "hyperband", "population"))],
)
def test_a_sampler_that_waits_goes_with_a_scheduler_that_waits(
    sampler: str, scheduler: str
) -> None:
    """It is told of the first rung; `events.experiments.telling` says why."""
    rungs = {"every" if scheduler == "population" else "first": 10_000}
    space = {RATE: RATES, "algorithm.gamma": GAMMA}
    named = {"name": sampler, "trials": 9}
    chosen = {"name": scheduler, **rungs}
    assert parse(SMALLEST | {"space": space, "sampler": named, "scheduler": chosen})


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        (HALVING | {"first": 60_000}, "first: found 60000; allowed: 1 to 50000, the budget of a"),
        ({"name": "median", "every": 50_001}, "every: found 50001; allowed: 1 to 50000, the bu"),
        (
            {"name": "plateau", "every": 49},
            "every: found 49; allowed: at least 50, so that a run of 50000 steps has at most 1000",
        ),
        (
            {"name": "population", "every": 10_000, "factors": [0.8, 0]},
            "factors[1]: found 0; allowed: greater than 0",
        ),
        (
            {"name": "population", "every": 10_000, "factors": [0.8]},
            "factors: found [0.8]; allowed: a list of 2 values",
        ),
    ],
    ids=str,
)
def test_a_scheduler_that_cannot_run(scheduler: dict[str, Any], words: str) -> None:
    [problem] = refused(scheduler=scheduler)
    assert problem.startswith(f"spec.scheduler.{words}")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("algorithm.hidden_sizes", ([64], [32])),
        ("algorithm.activation", ("tanh", "relu")),
        ("algorithm.recurrent.size", (32, 64)),
        ("environment.num_envs", (4, 8)),
        ("algorithm.normalize_observations", (True, False)),
    ],
)
def test_a_population_keeps_its_network_and_environments(path: str, values: Any) -> None:
    [problem] = refused(
        space={path: choice(*values)}, scheduler={"name": "population", "every": 10_000}
    )
    assert problem.startswith(f"spec.space.{path}: a member of a population goes on with")


def test_a_population_keeps_all_learner_states() -> None:
    """For `check` as for `start`: a copy may begin with any of them."""
    [problem] = refused(
        run=BASE | {"retention": {"versions": 3}},
        space={RATE: choice(1e-3, 1e-4)},
        scheduler={"name": "population", "every": 10_000},
    )
    assert problem.startswith("spec.run.retention.versions: found 3; allowed: null, for members")


def test_one_trial_is_no_population() -> None:
    [problem] = refused(
        space={RATE: choice(1e-3)}, scheduler={"name": "population", "every": 10_000}
    )
    assert (
        problem == "spec.scheduler.name: found population, of 1 trial; allowed: at least 2 trials"
    )


@pytest.mark.parametrize(
    ("budget", "scheduler", "words"),
    [
        ({"runs": 5}, {"name": "none"}, "runs: found 5; allowed: at least 6, for 2 configurations"),
        ({"env_steps": 299_999}, {"name": "none"}, "env_steps: found 299999; allowed: at least 30"),
        ({"env_steps": 59_999}, HALVING, "env_steps: found 59999; allowed: at least 60000, for 2"),
        ({"gb_seconds": 0}, {"name": "none"}, "gb_seconds: found 0; allowed: a finite number gre"),
    ],
    ids=str,
)
def test_more_configurations_than_the_budget_allows(
    budget: dict[str, Any], scheduler: dict[str, Any], words: str
) -> None:
    [problem] = refused(budget=budget, scheduler=scheduler)
    assert problem.startswith(f"spec.budget.{words}")


def test_copies_of_a_population_are_runs() -> None:
    """Of 4 members one copies at 4 of 5 rungs, with 3 seeds each."""
    population = {"name": "population", "every": 10_000, "quantile": 0.25}
    changes = {"sampler": {"name": "random", "trials": 4}, "scheduler": population}
    [problem] = refused(**changes, budget={"runs": 23})
    assert problem == (
        "spec.budget.runs: found 23; allowed: at least 24, for 4 configurations with 3 seeds each, "
        "and 4 copies of them"
    )
    assert parse(SMALLEST | changes | {"budget": {"runs": 24, "env_steps": 600_000}})


def test_a_budget_that_is_just_enough() -> None:
    assert parse(SMALLEST | {"budget": {"runs": 6, "env_steps": 300_000}})
    assert parse(SMALLEST | {"budget": {"runs": 6, "env_steps": 60_000}, "scheduler": HALVING})


@given(strategies.plain_data())
def test_arbitrary_data_is_refused_with_problems(raw: object) -> None:
    with pytest.raises(SpecificationError) as refusal:
        parse(raw)
    assert all(problem.startswith("spec") for problem in refusal.value.problems)


@given(strategies.of(ExperimentSpec))
def test_whatever_the_fields_are_every_problem_is_one_line(spec: ExperimentSpec) -> None:
    """Also of paths and conditions of any form."""
    found = problems(structs.replace(spec, run=BASE))
    assert all(len(problem.splitlines()) == 1 for problem in found)
