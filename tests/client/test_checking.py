"""Modules that FTG_ENVIRONMENTS names: those that a replica finds, whatever the folder."""

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
    """A folder of the user's, with files that are named as ours are; functions/ lie elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.beside = folder / "desk", folder / "checkout"
        folder = self.folder
        folder.mkdir()
        self.beside.mkdir()
        (self.beside / "stack.yml").write_text((CHECKOUT / "stack.yml").read_text())
        (self.beside / "functions").symlink_to(CHECKOUT / "functions")
        (self.beside / "my_env.py").write_text(MODULE)
        (folder / "spec.toml").write_text(SPEC)
        for name in ("events", "schemas", "adapters", "embedded"):
            (folder / f"{name}.py").write_text("raise ImportError('of the user')")

    def __call__(
        self, *arguments: str, modules: str = "", seconds: float = 300.0
    ) -> "subprocess.CompletedProcess[str]":
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
        named = {"FAASTRAIN_STACK": str(self.beside / "stack.yml")}
        named |= {"FTG_ENVIRONMENTS": modules} if modules else {}
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
    refused = desk("start", "spec.toml", modules="other_env")
    assert refused.returncode == 4
    assert refused.stderr == (
        "faastrain: FTG_ENVIRONMENTS is other_env, but the running stack was started with my_env; "
        "`faastrain down` first\n"
    )


def test_a_file_in_the_current_folder_is_no_module_of_the_stack(desk: Desk) -> None:
    """It travels as a package; the sentence says how."""
    (desk.folder / "here.py").write_text(MODULE)
    done = desk("train", "spec.toml", modules="here")
    assert done.returncode == 4
    assert done.stderr == (
        "faastrain: FTG_ENVIRONMENTS names here, but here is neither installed nor beside "
        "functions/; correct the name, install its package, or unset the variable and train a file "
        "of your own by its name, as here.py:MyEnv\n"
    )
    assert desk("init", "work", "--environment", "here.py:ShortPole-v0").returncode == 0


MISTAKES = [
    ("nowhere", None, 4, "nowhere, but nowhere is neither installed nor beside functions/; correc"),
    ("lacks", "import nowhere", 4, "faastrain: nowhere is not installed, and lacks of FTG_ENVIRON"),
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
        (desk.beside / f"{name}.py").write_text(text)
    done = desk("train", "spec.toml", modules=name)
    assert done.returncode == code
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "hello" not in done.stdout
    assert not (desk.folder / ".faastrain" / "stack.json").exists()


def test_a_running_stack_keeps_its_modules(tmp_path: Path) -> None:
    """They are checked with, from any folder; others are refused by the stack's own."""
    home = tmp_path / "home"
    named = {"FAASTRAIN_HOME": str(home), "FTG_ENVIRONMENTS": " my_env "}
    with _state(home, "my_env"):
        assert checking.variables(named)["FTG_ENVIRONMENTS"] == "my_env"
        del named["FTG_ENVIRONMENTS"]
        assert checking.variables(named)["FTG_ENVIRONMENTS"] == "my_env"
        named["FTG_ENVIRONMENTS"] = "other_env"
        with pytest.raises(
            StackTrouble, match=r"is other_env, but the .* started with my_env; `fa"
        ):
            checking.variables(named)


def test_modules_are_found_where_a_replica_finds_them(tmp_path: Path) -> None:
    """What PYTHONPATH says here is no replica's."""
    found = checking.variables({"FAASTRAIN_HOME": str(tmp_path / "home"), "PYTHONPATH": "x"})
    assert found["PYTHONPATH"].split(os.pathsep) == [str(CHECKOUT), str(CHECKOUT)]


def _state(home: Path, modules: str) -> AbstractContextManager[None]:
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
                    children={},
                    **texts,
                )
            )
            yield

    return living()
