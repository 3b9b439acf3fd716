"""Advice on literal curves. Each is of a budget of 8,000 steps, with a point every 100."""

import random
import re
from collections.abc import Callable

import pytest

from faastraingym.events.views.stuck import HINTS, Hint, advice, change
from faastraingym.schemas.report import CurvePoint
from tests.checkout import CHECKOUT

BUDGET = 8_000
PPO = {"environment": {"id": "E-v0"}, "algorithm": {"name": "ppo"}}
FREE = {**PPO, "stop": {"env_steps": BUDGET}}
AIMED = {**PPO, "stop": {"env_steps": BUDGET, "target": 400.0}}


def curve(value: Callable[[float], float], until: int = BUDGET, noise: float = 0.0) -> list:
    """`value` of the share of the budget, from 0 to 1."""
    chance = random.Random(7)
    return [
        CurvePoint(
            version=steps // 100,
            env_steps=steps,
            return_mean=value(steps / BUDGET) + chance.gauss(0.0, noise),
        )
        for steps in range(100, until + 1, 100)
    ]


def flat(share: float) -> float:
    return -200.0


def rising(share: float) -> float:
    return 20.0 + 400.0 * share


def plateau(share: float) -> float:
    """Learnt in a quarter of the budget."""
    return 20.0 + 400.0 * min(share, 0.25)


def late(share: float) -> float:
    """Nothing for nine tenths of the budget."""
    return 20.0 if share < 0.9 else 100.0


def fallen(share: float) -> float:
    return 120.0 if 0.1 < share < 0.4 else 20.0


CASES = {
    "never rose": (FREE, curve(flat), True),
    "never rose, noisy": (FREE, curve(flat, noise=30.0), True),
    "never rose, and half of the budget is spent": (FREE, curve(flat, BUDGET // 2), True),
    "never rose so far": (FREE, curve(flat, BUDGET // 3), False),
    "rises": (FREE, curve(rising), False),
    "rises, noisy": (FREE, curve(rising, noise=30.0), False),
    "rises, to a target": (AIMED, curve(rising), False),
    "rose at last": (FREE, curve(late), False),
    "rose at last, to a target": (AIMED, curve(late), False),
    "learnt all there is, perhaps": (FREE, curve(plateau), False),
    "stays below its target": (AIMED, curve(plateau), True),
    "stays below its target, noisy": (AIMED, curve(plateau, noise=10.0), True),
    "forgot": (AIMED, curve(fallen), True),
    "falls": (FREE, curve(lambda share: -rising(share)), True),
    "too few points": (FREE, curve(flat)[::27], False),
    "none": (FREE, [], False),
}


@pytest.mark.parametrize(("spec", "points", "stuck"), CASES.values(), ids=CASES)
def test_a_run_is_stuck_or_not(spec: dict, points: list, stuck: bool) -> None:
    assert bool(advice(spec, "Discrete", points, [])) is stuck


def test_since_when_and_at_what_is_said() -> None:
    assert advice(AIMED, "Discrete", curve(plateau), [])[0] == (
        "the return has not risen over 4,000 of 8,000 steps (mean 120.0, target 400); "
        "docs/stuck.md says what usually helps"
    )


def test_an_evaluation_that_rises_is_learning() -> None:
    """Though the policy that explores returns as little as ever."""
    assert advice(FREE, "Discrete", curve(flat), curve(rising)[::10]) == []
    assert advice(FREE, "Discrete", curve(flat), curve(flat)[::10])
    assert advice(FREE, "Discrete", [], curve(flat)[::10])


def told(spec: dict, actions: str, points: list) -> list[str]:
    return [sentence.split(":")[0] for sentence in advice(spec, actions, points, [])[1:]]


def test_hints_are_of_the_space_and_of_what_is_not_so_yet() -> None:
    noisy = curve(flat, noise=1.0)
    assert told(FREE, "Discrete", noisy) == [
        "try --set algorithm.normalize_observations=true",
        "try --set algorithm.ent_coef=0.01",
    ]
    assert told(FREE, "Box", noisy) == [
        "try --set algorithm.normalize_observations=true",
        'try [[reward]] kind = "normalize"',
    ]
    settings = {
        "name": "ppo",
        "normalize_observations": True,
        "ent_coef": 0.05,
        "learning_rate": 0.01,
    }
    spec = {**FREE, "algorithm": settings, "environment": {"id": "E-v0", "num_envs": 2}}
    assert told(spec, "Discrete", noisy) == [
        "try --set algorithm.learning_rate=0.001",
        "try --set environment.num_envs=8",
    ]


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("dqn", ["try --set environment.num_envs=8"]),
        ("sac", ['try [[reward]] kind = "normalize"', "try --set environment.num_envs=8"]),
    ],
)
def test_no_hint_is_of_a_setting_that_the_algorithm_has_not_or_learns(
    name: str, hints: list[str]
) -> None:
    """SAC learns its ent_coef, has no log_std_init unless it is given, and acts in a Box."""
    spec = {**FREE, "algorithm": {"name": name}, "environment": {"id": "E-v0", "num_envs": 2}}
    assert told(spec, "Discrete", curve(flat, noise=1.0)) == hints


def test_where_all_returns_are_the_same_the_reward_is_sparse() -> None:
    assert told(FREE, "Discrete", curve(flat))[0] == 'try [[reward]] kind = "potential"'
    shaped = {**FREE, "reward": [{"kind": "potential", "weights": [1.0, 0.0]}]}
    assert not [s for s in told(shaped, "Discrete", curve(flat)) if "potential" in s]


def test_a_specification_that_was_refused_has_no_advice() -> None:
    assert advice({"stop": 3}, "Discrete", curve(flat), []) == []


def row(hint: Hint) -> str:
    cells = [
        " or ".join(hint.actions),
        f"`{hint.setting}` {hint.so} {str(hint.value).lower()}",
        f"`{change(hint)}`",
        hint.why,
        "all returns are the same" if hint.sparse else "",
    ]
    return "| " + " | ".join(cells) + " |"


def test_the_document_has_the_table() -> None:
    text = (CHECKOUT / "docs" / "stuck.md").read_text()
    assert re.findall(r"^\| (?:Discrete|Box).*$", text, re.MULTILINE) == [row(h) for h in HINTS]
