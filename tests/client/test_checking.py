"""Environments that FTG_ENVIRONMENTS names: with the installed command, from any folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faastraingym.client import checking
from faastraingym.client.errors import StackTrouble
from faastraingym.embedded.state import StackFiles, StackState
from tests.checkout import CHECKOUT

COMMAND = Path(sys.executable).parent / "faastrain"
MODULE = '''import gymnasium
from gymnasium.envs.classic_control import CartPoleEnv


class ShortPole(CartPoleEnv):
    """CartPole with a pole of half the length."""


gymnasium.register("ShortPole-v0", entry_point=ShortPole, max_episode_steps=500)
'''
SPEC = """
[environment]
id = "ShortPole-v0"
[algorithm]
name = "ppo"
[stop]
env_steps = 1024
"""


class Desk:
    """A folder of the user's, elsewhere, with files that are named as ours are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "my_env.py").write_text(MODULE)
        (folder / "spec.toml").write_text(SPEC)
        for name in ("events", "schemas", "adapters", "embedded"):
            (folder / f"{name}.py").write_text("raise ImportError('of the user')")

    def __call__(
        self, *arguments: str, modules: str = "", seconds: float = 300.0
    ) -> "subprocess.CompletedProcess[str]":
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
        named = {"FTG_ENVIRONMENTS": modules} if modules else {}
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=kept | named,
            capture_output=True,
            text=True,
            timeout=seconds,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    try:
        yield made
    finally:
        made("down")


def test_a_module_of_one_s_own_trains_from_any_folder(desk: Desk) -> None:
    """To the end; the stack that runs then knows it, and no other."""
    trained = desk("train", "spec.toml", modules="my_env")
    assert trained.returncode == 0, trained.stderr
    assert "completed: budget" in trained.stdout
    started = desk("start", "spec.toml", "--run", "again")
    assert (started.returncode, started.stdout) == (0, "again\n")
    (desk.folder / "other_env.py").write_text(MODULE)
    refused = desk("start", "spec.toml", modules="other_env")
    assert refused.returncode == 4
    assert refused.stderr == (
        f"faastrain: FTG_ENVIRONMENTS is other_env of {desk.folder}, but the running stack was "
        f"started with my_env of {desk.folder}; `faastrain down` first\n"
    )


MISTAKES = [
    ("nowhere", None, 4, "No module named 'nowhere'; install its package, or correct the name"),
    ("broken", "def broken(:", 4, "SyntaxError: invalid syntax (broken.py, line 1); correct the"),
    ("leaves", "import sys; sys.exit('no licence')", 4, "SystemExit: no licence (/"),
    (
        "chatty",
        MODULE.replace("ShortPole", "ShortRod") + "print('hello')",
        3,
        "no environment 'ShortPole",
    ),
    ("a/b", None, 4, "FTG_ENVIRONMENTS holds 'a/b'"),
]


@pytest.mark.parametrize(("name", "text", "code", "words"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_what_is_wrong_is_one_sentence(
    desk: Desk, name: str, text: str | None, code: int, words: str
) -> None:
    """With the documented exit code; nothing is started."""
    if text:
        (desk.folder / f"{name}.py").write_text(text)
    done = desk("train", "spec.toml", modules=name)
    assert done.returncode == code
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "hello" not in done.stdout
    assert not (desk.folder / ".faastrain" / "stack.json").exists()


def test_a_folder_with_another_module_of_that_name_is_not_confused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack goes on with the one that it was started with, and says so."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    (first / "my_env.py").write_text(MODULE)
    (second / "my_env.py").write_text(MODULE)
    home = tmp_path / "home"
    state = _state(home, "my_env", first)
    named = {"FAASTRAIN_HOME": str(home), "FTG_ENVIRONMENTS": "my_env"}
    with state:
        monkeypatch.chdir(third)
        assert checking.variables(named)["FTG_ENVIRONMENTS_FOLDER"] == str(first)
        monkeypatch.chdir(second)
        with pytest.raises(StackTrouble, match=f"is my_env of {second}, but .* my_env of {first}"):
            checking.variables(named)
        del named["FTG_ENVIRONMENTS"]
        assert checking.variables(named)["FTG_ENVIRONMENTS"] == "my_env"


def test_without_a_stack_it_is_here_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After what is installed and what lies beside functions/."""
    monkeypatch.chdir(tmp_path)
    found = checking.variables({"FAASTRAIN_HOME": str(tmp_path / "home"), "PYTHONPATH": "x"})
    assert found["FTG_ENVIRONMENTS_FOLDER"] == str(tmp_path)
    assert found["PYTHONPATH"].split(os.pathsep) == [str(CHECKOUT), str(CHECKOUT)]


def _state(home: Path, modules: str, folder: Path) -> AbstractContextManager[None]:
    files = StackFiles(home)
    names = "gateway_url provider_url gateway_user password_file nats_url nats_api s3_url bucket"
    texts = dict.fromkeys([*names.split(), "secrets"], "")

    @contextmanager
    def living() -> Iterator[None]:
        with files.living():
            files.save(
                StackState(
                    pid=os.getpid(),
                    started_at=datetime.now(UTC),
                    home=str(home),
                    stack_file=str(CHECKOUT / "stack.yml"),
                    environments=modules,
                    environments_folder=str(folder),
                    children={},
                    **texts,
                )
            )
            yield

    return living()
