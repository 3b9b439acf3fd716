"""Environments on JAX are stepped by one thread, or not at all."""

import pytest

from faastraingym.adapters.stage import threads
from faastraingym.events.topology import stack_file
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.specification import EnvironmentSpec
from tests.checkout import CHECKOUT

ON_JAX, OTHER = EnvironmentSpec(id="gymnax:CartPole-v1"), EnvironmentSpec(id="CartPole-v1")


@pytest.mark.parametrize("variables", [{}, {"NPROC": "2"}])
def test_another_number_of_threads_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(RunFault, match="deploy rollout and evaluate with NPROC=1"):
        threads.check(ON_JAX, variables)
    threads.check(OTHER, variables)


@pytest.mark.parametrize("function", ["rollout", "evaluate"])
def test_the_stack_deploys_what_is_asked_for(function: str) -> None:
    deployed = stack_file.load(CHECKOUT / "stack.yml", {})["functions"][function]["environment"]
    threads.check(ON_JAX, deployed)
    assert deployed["JAX_PLATFORMS"] == "cpu"
