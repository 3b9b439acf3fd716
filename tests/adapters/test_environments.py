"""Environments of one's own."""

import sys
from pathlib import Path

import gymnasium
import pytest

from adapters.environments import register
from adapters.errors import SettingsError

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


def test_a_module_that_is_not_there_is_named() -> None:
    """With the variable that names it."""
    with pytest.raises(SettingsError, match="FTG_ENVIRONMENTS names nowhere_at_all, which cannot"):
        register(["nowhere_at_all"])
