"""tests/selection.py names tests that there are, and every module that starts stacks."""

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT
from tests.selection import SMOKE, WHOLE, is_slow, is_within, turn

STARTS = {"tests.stack.support": {"Stack"}, "faastraingym.embedded.stack": {"up", "run_foreground"}}
MODULES = sorted((CHECKOUT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("named", [WHOLE, tuple(SMOKE.values())])
def test_every_name_is_one_of_a_test(named: Sequence[str]) -> None:
    """pytest itself finds each of them, or says which there is not.

    Of a case beside its file it says nothing: so what lies within the others is looked for apart.
    """
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, *named], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_smoke_test_is_quick_and_within_what_it_stands_for() -> None:
    for test in SMOKE.values():
        assert is_within(test, WHOLE)
        assert not is_slow(test)
        assert turn(test) == 0


@pytest.mark.parametrize(
    ("test", "slow"),
    [
        ("tests/stack/test_tls.py::test_a", True),
        ("tests/stack/deeper/test_a.py::test_a", True),
        ("tests/stackless/test_a.py::test_a", False),
        ("tests/embedded/test_homes.py::test_a_link_leads_to_the_home", True),
        ("tests/embedded/test_homes.py::test_a_link_leads_to_the_home_and_back", False),
        ("tests/load/test_load.py::test_nothing_is_lost_under_load[guests]", True),
        (SMOKE["load"], False),
    ],
)
def test_names_are_whole_words(test: str, slow: bool) -> None:
    assert is_slow(test) == slow


def starts_stacks(module: Path) -> bool:
    """Whether it imports, by name, what starts a stack."""
    imports = (
        node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ImportFrom)
    )
    return any(
        STARTS.get(str(node.module), set()) & {name.name for name in node.names} for node in imports
    )


def test_whatever_starts_a_stack_is_looked_at() -> None:
    """And a module whose tests all do is slow as a whole, or has its tests named."""
    starting = [path.relative_to(CHECKOUT).as_posix() for path in MODULES if starts_stacks(path)]
    assert len(starting) > 15
    assert [module for module in starting if turn(module) == 1] == []
