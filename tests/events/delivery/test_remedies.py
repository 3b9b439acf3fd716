"""What a person is told of work that is too long names what can really be changed."""

from pathlib import Path

import pytest

from faastraingym.events.delivery import remedies
from faastraingym.events.topology import stack_file
from faastraingym.events.topology.stack_file import Function

STACK = stack_file.functions(stack_file.load(Path("stack.yml"), {}))
SPECIFICATION = Path("schemas/specification.py").read_text()


def test_a_rollout_that_is_too_long() -> None:
    assert remedies.overtime(Function(name="rollout", timeout=120.0), 2) == (
        "its rollout ran longer than exec_timeout=120s twice: shorten it (rollout.num_steps, "
        "environment.num_envs), or raise exec_timeout of rollout in stack.yml; if it should be "
        "quick, its environment never answers"
    )


@pytest.mark.parametrize(("name", "times", "words"), [
    ("evaluate", 2, "its evaluation ran longer than exec_timeout=1.5s twice: give it fewer"),
    ("update-policy", 1, "its update ran longer than exec_timeout=1.5s: make it smaller"),
    ("their-own", 3, "its call ran longer than exec_timeout=1.5s 3 times: shorten it, or raise"),
])  # fmt: skip
def test_other_work_that_is_too_long(name: str, times: int, words: str) -> None:
    said = remedies.overtime(Function(name=name, timeout=1.5), times)
    assert said.startswith(words)
    assert f"raise exec_timeout of {name} in stack.yml" in said
    assert "\n" not in said


def test_every_function_that_works_long_has_a_remedy() -> None:
    """Those that have one core each; and no remedy is of a function that is not there."""
    heavy = {function.name for function in STACK if function.max_inflight == 1}
    assert set(remedies.REMEDIES) == heavy


def test_what_a_remedy_names_is_a_key_of_the_specification() -> None:
    named = ["num_steps", "num_envs", "episodes", "count", "threads"]
    told = "".join(remedy.shorten for remedy in remedies.REMEDIES.values())
    for key in named:
        assert key in told
        assert f"    {key}: " in SPECIFICATION
