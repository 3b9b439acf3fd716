"""How much a person reads before the sentence that tells the mistake."""

import traceback
from collections.abc import Callable
from typing import Any

import gymnasium
import pytest

from faastraingym import BadInput, Client, Policy, StackTrouble, evaluate, train
from tests.client.memory import Stack

SHORT = 2  # frames: the caller's line, and the function that he calls


class Still:
    """A policy."""

    def predict(self, *_: Any) -> tuple[Any, Any]:
        return 0, None


class Broken(gymnasium.Env):
    """Raises when it is built."""

    def __init__(self) -> None:
        raise LookupError("the map is not there")


@pytest.mark.parametrize(
    "mistake",
    [
        lambda client: train("CartPoll-v1", budget=9, client=client),
        lambda client: train("CartPole-v1", lerning_rate=1.0, client=client),
        lambda client: train("CartPole-v1", budget="9", client=client),
        lambda client: train("none.toml", client=client),
        lambda client: train(client=client),
        lambda client: client.start("CartPole-v1", gamma=7.0),
        lambda client: client.run("nobody").report(),
        lambda client: client.run("nobody").policy(),
        lambda client: client.run("nobody").save(),
        lambda client: client.run("not a name"),
        lambda client: Policy.load("nowhere"),
    ],
)
def test_a_mistake_is_told_at_once(client: Client, mistake: Callable[[Client], Any]) -> None:
    with pytest.raises(BadInput) as told:
        mistake(client)
    frames = traceback.extract_tb(told.value.__traceback__)
    assert len(frames) - 1 <= SHORT, frames  # the first is this test's
    assert told.value.__cause__ is None
    shown = "".join(traceback.format_exception(told.value))
    assert shown.count("Traceback (most recent call last)") == 1


def test_the_way_into_an_environment_of_ones_own_is_kept() -> None:
    with pytest.raises(BadInput, match="LookupError: the map is not there") as told:
        evaluate(Still(), Broken)
    shown = "".join(traceback.format_exception(told.value))
    assert 'raise LookupError("the map is not there")' in shown


def test_a_trouble_of_the_stack_keeps_its_cause(stack: Stack) -> None:
    """It is not the caller's mistake: who mends the stack reads the whole of it."""
    stack.up = False
    with pytest.raises(StackTrouble) as told:
        stack.client().run("one").report()
    assert len(traceback.extract_tb(told.value.__traceback__)) > SHORT + 1
