"""Which environments run on JAX, by their ids, where none of it is installed, too."""

import sys
from importlib.util import find_spec
from subprocess import check_output

import pytest

from faastraingym.adapters.packages import choosing
from faastraingym.algorithms.environments import on_jax
from faastraingym.schemas.specification import EnvironmentSpec


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (EnvironmentSpec(id="gymnax:CartPole-v1"), True),
        (EnvironmentSpec(id="brax:ant"), True),
        (EnvironmentSpec(id="CartPole-v1"), False),
        (EnvironmentSpec(id="gymnax"), False),
        (EnvironmentSpec(id="my_gymnax:CartPole-v1"), False),
        (EnvironmentSpec(id="gymnax:CartPole-v1", packages=["0" * 64]), False),
    ],
)
def test_a_library_s_id_without_packages_is_one(
    environment: EnvironmentSpec, expected: bool
) -> None:
    assert on_jax.is_one(environment) is expected


def test_no_package_is_looked_for_under_a_library_s_id() -> None:
    assert choosing.module_of("gymnax:CartPole-v1") == ""
    assert choosing.module_of("maze:Maze-v0") == "maze"


@pytest.mark.parametrize("library", on_jax.LIBRARIES)
def test_a_library_that_is_not_installed_is_named_with_its_extra(library: str) -> None:
    if find_spec(library):
        pytest.skip(f"{library} is installed")
    (problem,) = on_jax.problems(EnvironmentSpec(id=f"{library}:ant"))
    assert problem.startswith(f"spec.environment.id: found '{library}:ant', but {library} is not")
    assert f"faastraingym[{on_jax.LIBRARIES[library]}]" in problem


SCRIPT = """
import sys
from faastraingym.algorithms.environments import known, spaces
from faastraingym.algorithms.registry import parse
spec = parse({"environment": {"id": "gymnax:CartPole-v1"}, "algorithm": {"name": "ppo"},
              "stop": {"env_steps": 9}})
known.remember(spec.environment, [4, False, 2])
print(spaces.describe(spec).action_size, sorted({"jax", "gymnax", "brax"} & set(sys.modules)))
"""


def test_spaces_that_a_manifest_tells_need_no_jax() -> None:
    """Stages that plan, and learners, have no such library."""
    assert check_output([sys.executable, "-c", SCRIPT], text=True).strip() == "2 []"
