"""The door: what each line of the registry leads to has all that the platform asks for."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from faastraingym.algorithms import api, registry
from faastraingym.algorithms.registry import PACKAGES, parse
from faastraingym.schemas.errors import SpecificationError

HALVES = {
    "specification": api.Rules,
    "acting": api.Acting,
    "graph": api.Drawing,
    "learner": api.Learner,
}


@pytest.mark.parametrize("name", PACKAGES)
def test_the_name_is_the_tag_of_its_specification(name: str) -> None:
    rules = import_module(f"{PACKAGES[name]}.specification")
    assert rules.Specification.__struct_config__.tag == name


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", PACKAGES)
def test_each_module_has_what_its_protocol_says(name: str, half: str) -> None:
    """Functions that take as many arguments, and data."""
    module = import_module(f"{PACKAGES[name]}.{half}")
    protocol = HALVES[half]
    assert all(hasattr(module, field) for field in inspect.get_annotations(protocol))
    for function in (n for n in vars(protocol) if not n.startswith("_")):
        asked = list(inspect.signature(getattr(protocol, function)).parameters)[1:]
        assert list(inspect.signature(getattr(module, function)).parameters) == asked


PROGRAM = """
import sys
from faastraingym.algorithms import registry
spec = registry.parse({"environment": {"id": "CartPole-v1"}, "stop": {"env_steps": 9},
                       "algorithm": {"name": sys.argv[1]}})
registry.rules(spec).plan(spec, 0.5)
planned = {"numpy", "gymnasium", "jax"} & set(sys.modules)
registry.acting(spec)
registry.drawing(spec)
acting = {"jax", "flax", "optax"} & set(sys.modules)
print(planned | acting)
"""


@pytest.mark.parametrize("name", PACKAGES)
def test_planning_needs_no_numpy_and_acting_no_jax(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, name], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "set()"


def test_what_an_algorithm_refuses_comes_with_all_other_problems() -> None:
    raw = {
        "environment": {"id": "CartPole-v1"},
        "stop": {"env_steps": 9},
        "algorithm": {"name": "a2c"},
        "rollout": {"max_policy_lag": 1, "threshold": 9},
    }
    with pytest.raises(SpecificationError) as caught:
        parse(raw)
    assert [str(p).partition(":")[0] for p in caught.value.problems] == [
        "spec.rollout.threshold",
        "spec.rollout.max_policy_lag",
    ]


def test_a_specification_is_of_its_algorithm_alone() -> None:
    raw = {"environment": {"id": "CartPole-v1"}, "stop": {"env_steps": 9}}
    with pytest.raises(SpecificationError, match=r"spec\.algorithm\.clip_coef: unknown key"):
        parse({**raw, "algorithm": {"name": "a2c", "clip_coef": 0.2}})
    assert registry.name(parse({**raw, "algorithm": {"name": "a2c"}})) == "a2c"
