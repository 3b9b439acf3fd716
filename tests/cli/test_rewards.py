"""Reward functions as a person deploys them, on a gateway in memory."""

import json

import pytest

from faastraingym.adapters.http.reward_functions import key_of
from faastraingym.cli.exit_codes import ExitCode
from tests.cli.conftest import Desk
from tests.client.memory import KEY

STACK = """
functions:
  first: {handler: ./mine, image: x/first:1, secrets: [ftg-reward-key-first, another]}
  second: {handler: mine, image: x/second:1}
"""


@pytest.fixture
def own(desk: Desk) -> Desk:
    (desk.folder / "mine").mkdir()
    desk.write("mine/handler.py", "async def handle(body, headers): ...\n")
    desk.write("stack.yml", STACK)
    return desk


def test_functions_are_deployed_from_where_they_lie_with_the_keys_that_they_list(own: Desk) -> None:
    assert own("rewards", "deploy", "stack.yml") == ExitCode.DONE
    first, second = own.out.splitlines()
    assert first == 'deployed first; a specification names it: reward.function = "first"'
    assert second.startswith("deployed second; ")
    folders = {
        name: (one.annotations or {})["com.faastraingym.handler"]
        for name, one in own.gateway.deployed.items()
    }
    assert folders == dict.fromkeys(("first", "second"), str((own.folder / "mine").resolve()))
    assert own.gateway.secrets == {"ftg-reward-key-first": key_of(KEY, "first")}
    assert own("rewards", "deploy", "stack.yml", "--json") == ExitCode.DONE
    assert json.loads(own.out) == {"functions": ["first", "second"]}


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("functions: {", "stack.yml: not YAML"),
        ("functions: {a: {handler: ./mine}}", "functions.a has no `image`"),
        ("functions: {rollout: {image: x, handler: ./mine}}", "functions.rollout: the name of a"),
        ("functions: {a: {image: x, handler: ./there}}", "functions.a.handler: there is no "),
        ("functions: {a: {image: x, handlr: ./mine}}", "functions.a has no `handler`"),
    ],
)
def test_a_file_that_cannot_be_deployed_is_told(own: Desk, stack: str, words: str) -> None:
    own.write("stack.yml", stack)
    assert own("rewards", "deploy", "stack.yml") == ExitCode.BAD_INPUT
    assert words in own.err
    assert own.err.count("\n") == 1
    assert own.gateway.deployed == {}


def test_a_file_that_is_not_there_is_named(own: Desk) -> None:
    assert own("rewards", "deploy", "gone.yml") == ExitCode.BAD_INPUT
    assert own.err.startswith("faastrain: gone.yml: there is no such file")


def test_a_key_is_of_one_function_and_no_other_s(desk: Desk) -> None:
    """It derives from the signing key; nobody who has it can sign a command."""
    assert desk("rewards", "key", "first") == ExitCode.DONE
    shown = desk.out.strip()
    assert desk("rewards", "key", "second", "--json") == ExitCode.DONE
    keys = {shown, json.loads(desk.out)["key"], KEY.hex(), KEY.decode()}
    assert len(keys) == 4
    assert desk("rewards", "key", "First") == ExitCode.BAD_INPUT
    assert desk.err == "faastrain: 'First' is no function's name; allowed: a-z, 0-9 and inner -\n"
