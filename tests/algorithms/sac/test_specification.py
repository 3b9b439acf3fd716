"""What SAC refuses before a run starts, and what is planned of a version."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box
from msgspec.structs import replace

from faastraingym.algorithms.environments import spaces
from faastraingym.events.pipeline.planning import learning_plan
from faastraingym.schemas.errors import SpecificationError
from tests.algorithms.off_policy.runs import a_spec
from tests.spaces import forget

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "initial of a fixed alpha": (
        {"ent_coef": 0.1, "ent_coef_initial": 0.5},
        "spec.algorithm.ent_coef_initial: found 0.5; allowed: none with spec.algorithm.ent_coef = "
        "0.1; only auto is learnt",
    ),
    "target of a fixed alpha": (
        {"ent_coef": 0.0, "target_entropy": -1.0},
        "spec.algorithm.target_entropy: found -1.0; allowed: none with spec.algorithm.ent_coef = "
        "0.0; only",
    ),
    "deviation of other noise": (
        {"log_std_init": -2.0},
        "spec.algorithm.log_std_init: found -2.0; allowed: none without "
        "spec.algorithm.sde_sample_freq",
    ),
    "another word": ({"ent_coef": "automatic"}, "spec.algorithm.ent_coef: found 'automatic'; "),
    "less than nothing": ({"ent_coef": -0.1}, "spec.algorithm.ent_coef: found -0.1; "),
    "alpha at first": ({"ent_coef_initial": 0.0}, "spec.algorithm.ent_coef_initial: found 0.0; "),
    "window": ({"n_step": 25}, "spec.algorithm.n_step: found 25; allowed: at most 24, the steps"),
    "batch": ({"batch_size": 31}, "spec.algorithm.batch_size: found 31; allowed: at most 30, "),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_learnt_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        a_spec("sac", **given)
    [problem] = caught.value.problems
    assert str(problem).startswith(words)


def test_what_is_not_given_is_not_written() -> None:
    assert a_spec("sac").algorithm == a_spec("sac", ent_coef="auto").algorithm
    a_spec("sac", ent_coef_initial=0.1, target_entropy=-0.5)


def test_choices_are_no_actions_for_it() -> None:
    spec = a_spec("sac")
    on_cartpole = replace(spec, environment=replace(spec.environment, id="CartPole-v1"))
    [problem] = spaces.check(on_cartpole)
    assert problem.startswith(
        "spec.environment.id: CartPole-v1: SAC cannot act in Discrete(2); it acts in Box of "
        "floating-point numbers with a finite low < high for each: register "
    )
    assert spaces.check(spec) == []


class Acts(gymnasium.Env):
    observation_space = Box(0, 1, (2,))

    def __init__(self, low: list[float], high: list[float]) -> None:
        self.action_space = Box(np.array(low, "f4"), np.array(high, "f4"))


@pytest.mark.parametrize(
    ("low", "high"), [([-1, -np.inf], [1, 1]), ([-1, -1], [np.inf, 1]), ([0, 1], [1, 1])]
)
def test_a_box_without_bounds_or_without_a_choice_is_refused(
    low: list[float], high: list[float]
) -> None:
    gymnasium.register("Acts-v0", entry_point=lambda: Acts(low, high), max_episode_steps=9)
    spec = a_spec("sac")
    try:
        [problem] = spaces.check(replace(spec, environment=replace(spec.environment, id="Acts-v0")))
    finally:
        del gymnasium.registry["Acts-v0"]
        forget()
    assert problem.startswith("spec.environment.id: Acts-v0: SAC cannot act in Box(")
    assert "it acts in Box of floating-point numbers with a finite low < high for each" in problem


def test_learning_starts_after_so_many_steps_of_uniform_actions() -> None:
    spec = a_spec("sac", learning_starts=33)
    plans = [learning_plan(spec, steps) for steps in (0, 32, 33, 399)]
    assert [each.gradient_steps for each in plans] == [0, 0, 5, 5]
    assert [each.exploration for each in plans] == [{"uniform": u} for u in (1.0, 1.0, 0.0, 0.0)]
    assert learning_plan(spec, 0).coefficients == {"learning_rate": 0.01}
