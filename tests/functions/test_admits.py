"""Who may ask a stage: stack.yml says it to the gateway, the stage verifies it."""

import importlib

import pytest

from faastraingym.events.topology import stack_file
from tests.checkout import CHECKOUT


@pytest.mark.parametrize(
    "function",
    stack_file.functions(stack_file.load(CHECKOUT / "stack.yml", {})),
    ids=lambda f: f.name,
)
def test_the_annotation_of_each_stage_is_what_it_verifies(function: stack_file.Function) -> None:
    """A request that the one admits is not refused by the other."""
    module = importlib.import_module(
        f"faastraingym.functions.{function.name.replace('-', '_')}.handler"
    )
    assert function.admits == module.handle.admits
