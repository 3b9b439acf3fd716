"""An environment's id is told from code of one's own."""

import pytest

from faastraingym.client.environments import is_code, resolve
from faastraingym.client.errors import BadInput


@pytest.mark.parametrize(
    ("named", "is_one"),
    [
        ("my_env.py:MyEnv", True),
        ("my_env.py", True),
        ("./maze:Maze-v0", True),
        ("maze-1-py3-none-any.whl:Maze-v0", True),
        ("CartPole-v1", False),
        ("ALE/Pong-v5", False),
        ("maze:Maze-v0", False),
        ("maze:games/Maze-v0", False),
    ],
)
def test_code_is_told_from_an_id(named: str, *, is_one: bool) -> None:
    assert is_code(named) is is_one


def test_what_is_no_environment() -> None:
    with pytest.raises(BadInput, match="int: is neither an environment's id nor its class; name"):
        resolve(3)


def test_a_class_of_a_notebook() -> None:
    cell = type("Maze", (), {"__module__": "__main__"})
    with pytest.raises(BadInput, match=r"Maze: is a class of __main__.*%%writefile my_env\.py"):
        resolve(cell)
