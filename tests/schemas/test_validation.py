"""Refusals name the field, what was found and what is allowed; good specifications pass."""

import copy
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from faastraingym.algorithms import registry
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import (
    Clip,
    EnvironmentSpec,
    EvaluationSpec,
    Function,
    LearnerSpec,
    Potential,
    RolloutSpec,
    RunSpec,
    Scale,
    to_dict,
)
from faastraingym.schemas.validation import suggestion
from tests.schemas import strategies

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
SMALLEST: dict[str, Any] = {
    "environment": {"id": "CartPole-v1"},
    "algorithm": {"name": "ppo"},
    "stop": {"env_steps": 1000},
}


def with_value(path: str, value: object) -> dict[str, Any]:
    """The smallest specification with one field set, as `rollout.count`."""
    raw = copy.deepcopy(SMALLEST)
    *tables, field = path.split(".")
    table = raw
    for name in tables:
        table = table.setdefault(name, {})
    table[field] = value
    return raw


def problems(raw: object) -> list[str]:
    with pytest.raises(SpecificationError) as refusal:
        parse(raw)
    assert str(refusal.value).splitlines() == refusal.value.problems
    return refusal.value.problems


def refusals(raw: object) -> list[str]:
    """The problems of what may be valid."""
    try:
        parse(raw)
    except SpecificationError as refusal:
        return refusal.problems
    return []


def test_the_smallest_specification_gets_every_default() -> None:
    spec = parse(SMALLEST)
    assert (spec.seed, spec.rollout, spec.evaluation) == (0, RolloutSpec(), EvaluationSpec())
    assert (spec.reward, spec.learner) == ([], LearnerSpec())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_valid(example: Path) -> None:
    assert isinstance(parse(tomllib.loads(example.read_text())), RunSpec)


def test_a_whole_number_is_a_number() -> None:
    """TOML's `learning_rate = 1` is an integer."""
    raw = tomllib.loads('learning_rate = 1\nname = "ppo"')
    spec = parse(SMALLEST | {"algorithm": raw})
    assert (spec.algorithm.learning_rate, type(spec.algorithm.learning_rate)) == (1.0, float)


@given(strategies.of(registry.specification()))
def test_what_to_dict_writes_parses_to_the_same_or_is_a_contradiction(spec: RunSpec) -> None:
    raw = to_dict(spec)
    contradictory = (
        "rollout.threshold",
        "rollout.max_policy_lag",
        "rollout.straggler_factor",
        "rollout.horizon",
        "algorithm.num_minibatches",
        "algorithm.c_bar",
        "algorithm.normalize_advantages",
        "algorithm.n_step",
        "algorithm.batch_size",
        "algorithm.exploration_final",
        "algorithm.recurrent",
        "algorithm.init_from",
        "algorithm.ent_coef_initial",
        "algorithm.target_entropy",
        "algorithm.log_std_init",
        "evaluation.workers",
        "evaluation.record",
        "stop.env_steps",
        "reward",
    )
    found = refusals(raw)
    assert all(p.removeprefix("spec.").startswith(contradictory) for p in found)
    assert found or parse(raw) == spec


@given(strategies.plain_data())
def test_arbitrary_data_is_refused_with_problems(raw: object) -> None:
    assert all(problem.startswith("spec") for problem in problems(raw))


@given(strategies.plain_data())
def test_arbitrary_data_in_a_table_is_refused_in_that_table(value: object) -> None:
    for section in ("rollout", "algorithm", "reward"):
        found = refusals(with_value(section, value))
        assert all(problem.startswith(f"spec.{section}") for problem in found)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("environment.num_envs", 0, "found 0; allowed: an integer from 1 to 4096"),
        ("environment.num_envs", 4097, "found 4097; allowed: an integer from 1 to 4096"),
        ("environment.num_envs", True, "found True; allowed: an integer from 1 to 4096"),
        ("environment.num_envs", 2.5, "found 2.5; allowed: an integer from 1 to 4096"),
        ("environment.id", 3, "found 3; allowed: text"),
        ("environment.kwargs", [], "found []; allowed: a table"),
        ("seed", -1, "found -1; allowed: an integer from 0 to 4611686018427387904"),
        ("seed", "7", "found '7'; allowed: an integer from 0 to 4611686018427387904"),
        ("algorithm.gamma", 1.5, "found 1.5; allowed: a finite number from 0 to 1"),
        ("algorithm.clip_coef", 0, "found 0; allowed: a finite number greater than 0"),
        ("algorithm.ent_coef", -0.1, "found -0.1; allowed: a finite number at least 0"),
        ("algorithm.learning_rate", math.nan, "found nan; allowed: a finite number greater than 0"),
        ("stop.target", math.inf, "found inf; allowed: a finite number or null"),
        ("algorithm.activation", "tahn", "found 'tahn'; allowed: relu, tanh"),
        ("algorithm.normalize_advantages", "yes", "found 'yes'; allowed: true or false"),
        ("algorithm.hidden_sizes", 64, "found 64; allowed: a list"),
        ("rollout.horizon", "step", "found 'step'; allowed: episodes, steps"),
        ("rollout.max_policy_lag", 17, "found 17; allowed: an integer from 0 to 16"),
        ("rollout", 3, "found 3; allowed: a table"),
        ("reward", {"kind": "scale"}, "found {'kind': 'scale'}; allowed: a list"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(path: str, value: object, words: str) -> None:
    assert problems(with_value(path, value)) == [f"spec.{path}: {words}"]


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        ({"kind": "scale"}, ".factor: missing; allowed: a finite number"),
        ({"factor": 1}, ".kind: missing; allowed: scale, clip, normalize, potential"),
        ({"kind": "scale", "factor": "x"}, ".factor: found 'x'; allowed: a finite number"),
        ({"kind": "potential", "weights": [1, "a"]}, ".weights[1]: found 'a'; allowed: a finite"),
        ({"kind": "clip", "low": 1, "high": 1}, ".low: found 1.0; allowed: less than high, which"),
        (3, ": found 3; allowed: a table"),
        (
            {"kind": "scael", "factor": 1},
            ".kind: found 'scael'; allowed: scale, clip, normalize, potential, function; "
            "did you mean 'scale'?",
        ),
    ],
)
def test_a_wrong_reward_transform_is_named_with_its_place(transform: object, words: str) -> None:
    raw = with_value("reward", [{"kind": "normalize"}, transform])
    [problem] = problems(raw)
    assert problem.startswith(f"spec.reward[1]{words}")


NAMED = {"kind": "function", "name": "centred", "seconds": 5.0}


def test_a_function_stands_for_the_one_transform_of_its_kind() -> None:
    """As a table of a file has it; and so a specification has one form."""
    table = with_value("reward", {"function": "centred", "seconds": 5.0})
    assert parse(table) == parse(with_value("reward", [NAMED]))
    assert parse(table).reward_function == Function(name="centred", seconds=5.0)
    assert parse(with_value("reward", [{"kind": "normalize"}])).reward_function is None


@pytest.mark.parametrize(
    ("reward", "problem"),
    [
        ({"function": 3}, "spec.reward[0].name: found 3; allowed: text"),
        ({"function": "Centred"}, "spec.reward[0].name: found 'Centred'; allowed: a-z, 0-9 and"),
        ({"function": "a", "seconds": 101}, "spec.reward[0].seconds: found 101; allowed: a"),
        (
            {"function": "a", "second": 1},
            "spec.reward[0].second: unknown key; did you mean 'seconds'",
        ),
        ({"function": "a", "kind": "clip"}, "spec.reward[0].name: unknown key of clip"),
        (
            [{"kind": "normalize"}, NAMED],
            "spec.reward[1].kind: found function; allowed: only as the first, for its rewards",
        ),
    ],
)
def test_a_function_that_cannot_be_asked_is_named(reward: object, problem: str) -> None:
    found = problems(with_value("reward", reward))
    assert found[0].startswith(problem)


def test_an_item_of_a_list_is_named_with_its_place() -> None:
    [problem] = problems(with_value("algorithm.hidden_sizes", [64, 0]))
    assert problem == "spec.algorithm.hidden_sizes[1]: found 0; allowed: an integer from 1 to 4096"


def test_a_list_that_is_too_short_is_named() -> None:
    raw = with_value("algorithm.network", {"encoders": [{"kind": "mlp", "hidden_sizes": []}]})
    assert problems(raw) == [
        "spec.algorithm.network.encoders[0].hidden_sizes: found []; allowed: a list of at least 1"
        " value"
    ]


def test_a_misspelt_key_gets_the_nearest_name() -> None:
    [problem] = problems(with_value("environment.num_env", 4))
    assert problem == "spec.environment.num_env: unknown key; did you mean 'num_envs'?"


def test_a_key_that_cannot_be_printed_is_quoted_so_that_a_problem_stays_one_line() -> None:
    [problem] = problems(SMALLEST | {"a\nspec.seed: fine": 1})
    assert problem.startswith(r"spec.'a\nspec.seed: fine': unknown key; allowed: ")


def test_an_unknown_key_gets_the_known_ones() -> None:
    [problem] = problems(with_value("stop.banana", 4))
    assert problem == "spec.stop.banana: unknown key; allowed: env_steps, horizon, target"


PLAYED = {
    "policy": "runs/old",
    "object": {"bucket": "b", "key": "runs/old/policies/3.msgpack", "size": 9, "sha256": "a" * 64},
}


def test_a_run_that_evaluates_learns_nothing() -> None:
    spec = parse(SMALLEST | {"evaluate": PLAYED, "stop": {"env_steps": 0}})
    assert to_dict(spec)["evaluate"] == PLAYED
    assert spec.stop.annealing_steps == 1  # by which schedules divide
    [problem] = problems(SMALLEST | {"evaluate": PLAYED, "stop": {"env_steps": 5}})
    assert problem.startswith("spec.stop.env_steps: found 5; allowed: 0 or nothing beside")
    [problem] = problems(SMALLEST | {"stop": {"env_steps": 0}})
    assert problem.startswith(
        "spec.stop.env_steps: found 0; allowed: 1 or more, but for a run that"
    )
    [problem] = problems(SMALLEST | {"evaluate": {"policy": "runs/old"}})
    assert problem == "spec.evaluate.object: missing; allowed: a table"


def test_workers_are_the_pieces_of_manifests() -> None:
    spec = parse(with_value("evaluation.workers", 4))
    assert to_dict(spec) == to_dict(parse(with_value("evaluation.pieces", 4)))
    assert to_dict(spec)["evaluation"] == {"every": 10, "episodes": 20, "pieces": 4}
    assert parse(SMALLEST | {"evaluation": {"pieces": 4, "workers": 4}}) == spec
    [problem] = problems(SMALLEST | {"evaluation": {"pieces": 3, "workers": 4}})
    assert problem.startswith("spec.evaluation.workers: found 4; allowed: 3, as spec.evaluation.pi")
    [problem] = problems(SMALLEST | {"evaluation": {"workers": 21}})
    assert problem.startswith("spec.evaluation.workers: found 21; allowed: 1 to 20, one episode")


def test_no_more_episodes_are_recorded_than_are_played() -> None:
    asked = parse(SMALLEST | {"evaluation": {"record": 3, "stochastic": True}}).evaluation
    assert (asked.recorded, asked.draws) == (3, True)
    assert (EvaluationSpec().recorded, EvaluationSpec().draws) == (0, False)
    [problem] = problems(SMALLEST | {"evaluation": {"episodes": 2, "record": 3}})
    assert problem.startswith("spec.evaluation.record: found 3; allowed: 0 to 2, the episodes that")


def test_an_unknown_algorithm_gets_the_known_ones() -> None:
    assert problems(with_value("algorithm", {"name": "trpo"})) == [
        "spec.algorithm.name: found 'trpo'; allowed: a2c, dqn, impala, ppo, sac"
    ]


def test_missing_tables_are_named_and_nothing_else_is_printed() -> None:
    assert problems({"seed": 1}) == [
        "spec.environment: missing; allowed: a table",
        "spec.stop: missing; allowed: a table",
        "spec.algorithm: missing; allowed: a table",
    ]


def test_every_problem_is_named_at_once() -> None:
    raw = {"environment": {}, "algorithm": {"name": "ppo", "gama": 1}, "stop": {"env_steps": -1}}
    assert [problem.partition(":")[0] for problem in problems(raw)] == [
        "spec.environment.id",
        "spec.algorithm.gama",
        "spec.stop.env_steps",
    ]


def test_a_long_value_is_cut() -> None:
    [problem] = problems(with_value("seed", "x" * 10_000))
    assert len(problem) < 200


def test_a_rollout_without_siblings_is_never_late() -> None:
    """A factor of 1 or less would call every second rollout late."""
    assert problems(with_value("rollout", {"count": 1, "straggler_factor": 3.0})) == [
        "spec.rollout.straggler_factor: found 3; allowed: only where spec.rollout.count is 2 or "
        "more, for a rollout is late beside its siblings"
    ]
    (too_low,) = problems(with_value("rollout", {"count": 2, "straggler_factor": 1.0}))
    assert too_low.startswith("spec.rollout.straggler_factor: found 1.0; allowed: ")
    assert parse(with_value("rollout", {"count": 2, "straggler_factor": 1.5}))


@pytest.mark.parametrize("threshold", [0, -1, 3])
def test_a_threshold_outside_the_fan_out_is_refused(threshold: int) -> None:
    raw = with_value("rollout", {"count": 2, "threshold": threshold})
    assert problems(raw) == [
        f"spec.rollout.threshold: found {threshold}; allowed: 1 to 2, the fan-out "
        "(spec.rollout.count)"
    ]


def test_whole_episodes_are_all_waited_for() -> None:
    """The rollouts that come first are those of short episodes: a biased batch."""
    rollout = {"count": 2, "threshold": 1, "horizon": "episodes"}
    assert problems(with_value("rollout", rollout)) == [
        "spec.rollout.threshold: found 1; allowed: 2, the fan-out (spec.rollout.count), while the "
        "horizon is episodes: rollouts of short episodes come first and would bias the batch"
    ]
    for fits in ({"threshold": 2}, {"horizon": "steps"}):
        assert parse(with_value("rollout", rollout | fits)).rollout.count == 2


def test_one_sample_has_no_deviation_to_normalize_by() -> None:
    raw = with_value("algorithm.num_minibatches", 1024)
    assert problems(raw) == [
        "spec.algorithm.num_minibatches: found 1024, so 1 sample each; allowed: at least 2 of the "
        "1024 samples of an update in each minibatch, or normalize_advantages = false"
    ]
    raw["algorithm"]["normalize_advantages"] = False
    assert parse(raw).algorithm.num_minibatches == 1024


def test_minibatches_must_divide_the_samples_of_an_update() -> None:
    raw = with_value("algorithm.num_minibatches", 3)
    assert problems(raw) == [
        "spec.algorithm.num_minibatches: found 3; allowed: a divisor of the 1024 samples of an "
        "update (threshold x num_steps x num_envs)"
    ]


def test_whole_episodes_have_no_fixed_number_of_samples() -> None:
    raw = with_value("algorithm.num_minibatches", 3) | {"rollout": {"horizon": "episodes"}}
    assert parse(raw).algorithm.num_minibatches == 3


def test_reward_transforms_are_read_in_order() -> None:
    raw = with_value(
        "reward",
        [
            {"kind": "scale", "factor": 2},
            {"kind": "clip", "low": -1, "high": 1},
            {"kind": "potential", "weights": [1.0, 0]},
        ],
    )
    assert parse(raw).reward == [
        Scale(factor=2.0),
        Clip(low=-1.0, high=1.0),
        Potential(weights=[1.0, 0.0]),
    ]


def test_environment_arguments_are_passed_as_they_are() -> None:
    kwargs = {"sutton_barto_reward": True, "nested": {"a": [1]}}
    spec = parse(with_value("environment.kwargs", kwargs))
    assert spec.environment == EnvironmentSpec(id="CartPole-v1", kwargs=kwargs)


@pytest.mark.parametrize(
    ("name", "words"),
    [("CartPole-v", "; did you mean 'CartPole-v1'?"), ("zzz", "; allowed: CartPole-v1, Taxi-v3")],
)
def test_a_suggestion_is_the_nearest_name_or_all_of_them(name: str, words: str) -> None:
    assert suggestion(name, ["CartPole-v1", "Taxi-v3"]) == words
