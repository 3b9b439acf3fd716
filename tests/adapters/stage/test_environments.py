"""Environments of one's own."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gymnasium
import pytest

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.stage.environments import register

MODULE = """
import gymnasium
gymnasium.register("own/Pole-v0", "gymnasium.envs.classic_control.cartpole:CartPoleEnv")
"""


def test_a_module_registers_its_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By being imported."""
    (tmp_path / "own_environments_for_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    register(["own_environments_for_a_test"])
    del sys.modules["own_environments_for_a_test"]
    assert gymnasium.registry.pop("own/Pole-v0")


MISTAKES = [
    ("def broken(:", "SyntaxError: "),
    (
        "import gymnasium\nregister(gymnasium)",
        r"NameError: .*test\.py, line 2\); correct the module",
    ),
    ("import sys\nsys.exit('no licence')", "SystemExit: no licence"),
    ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ("raise GeneratorExit", "GeneratorExit"),
    ("def f(): f()\nf()", "RecursionError: "),
    ("import gymnasium\ngymnasium.register('v', vector_entry_point=3, max=4)", "TypeError: "),
    ("raise type('Odd', (BaseException,), {'__str__': lambda s: 1 / 0})", "Odd: .without a text"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES, ids=[words for _, words in MISTAKES])
def test_a_module_that_breaks_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    """Whatever it raises: in a thread, where nothing is the user's Ctrl-C."""
    (tmp_path / "own_broken_for_a_test.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with ThreadPoolExecutor() as pool:
        failed = pool.submit(register, ["own_broken_for_a_test"]).exception()
    assert isinstance(failed, SettingsError)
    named = "FTG_ENVIRONMENTS names own_broken_for_a_test, which cannot be imported: "
    assert re.match(named + words, str(failed)), str(failed)
    assert "\n" not in str(failed)


def test_a_module_that_is_not_there_is_named() -> None:
    """With the variable that names it."""
    for name in ("nowhere_at_all", "nowhere_at_all.environments"):
        with pytest.raises(SettingsError) as raised:
            register([name])
        assert str(raised.value) == (
            f"FTG_ENVIRONMENTS names {name}, but nowhere_at_all is neither installed nor beside "
            "functions/; correct the name, install its package, or unset the variable and train a "
            "file of your own by its name, as nowhere_at_all.py:MyEnv"
        )


def test_a_module_that_it_imports_is_named_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then where, then what to do."""
    (tmp_path / "own_lacking_for_a_test.py").write_text("import sys\nimport nowhere_at_all.inner")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError) as raised:
        register(["own_lacking_for_a_test"])
    assert str(raised.value) == (
        "nowhere_at_all is not installed, and own_lacking_for_a_test of FTG_ENVIRONMENTS imports "
        f"it ({tmp_path}/own_lacking_for_a_test.py, line 2); install its package"
    )
