"""A run's environment where its code is not: fetched from the stack, and nothing else imported."""

import asyncio
import importlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faastraingym import BadInput, Client, Policy, Run, StackTrouble, evaluate, train
from faastraingym.adapters.packages.unpacking import root
from faastraingym.schemas import keys
from tests.client.facts import SPEC
from tests.client.memory import Stack

MAZE = """
from gymnasium.envs.classic_control import CartPoleEnv
class Maze(CartPoleEnv):
    version = {version}
    def __init__(self, render_mode=None):
        super().__init__(render_mode=render_mode)
"""
KWARGS = {"max_episode_steps": 50}


@pytest.fixture(autouse=True)
def _own_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is imported or put on the path is gone afterwards, and packages are unpacked here."""
    (tmp_path / "packages").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "packages"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("maze", None)


def trained(client: Client, version: int, name: str) -> Run:
    """A run of one's own environment, whose file is gone when it has ended."""
    Path("maze.py").write_text(MAZE.format(version=version))
    spec = {**SPEC, "environment": {"id": "maze.py:Maze", "kwargs": KWARGS}}
    run = train(spec, name=name, client=client, files=None, progress=False)
    Path("maze.py").unlink()
    return run


@pytest.fixture
def run(stack: Stack, client: Client) -> Run:
    stack.facts.objects = stack.objects
    return trained(client, 1, "one")


def on_another_machine() -> None:
    """Nothing is unpacked, as the check of the specification did it."""
    shutil.rmtree(root())


def code(env: Any) -> tuple[int, Path]:
    """Which version of the environment it is, and where that was imported from."""
    return env.unwrapped.version, Path(sys.modules["maze"].__file__ or "")


def test_its_code_is_fetched_into_a_folder_of_its_own(run: Run) -> None:
    on_another_machine()
    with run.environment() as env:
        (digest,) = run.report().spec["environment"]["packages"]
        assert code(env) == (1, root() / digest / "maze.py")
        assert 5 < evaluate(run.policy(), env, episodes=2).mean <= 50


def test_a_policy_of_a_file_finds_it_too(run: Run, client: Client, tmp_path: Path) -> None:
    policy = Policy.load(run.policy().save("policy.npz"))
    with policy.environment("rgb_array", client) as env:
        assert env.reset()[0].shape == (4,)
        assert env.render().shape == (400, 600, 3)  # type: ignore[union-attr]


async def test_asynchronous_callers_have_it(run: Run) -> None:
    with await run.aio.environment() as env:
        assert code(env)[0] == 1


def test_what_its_author_edited_since_is_not_taken_for_it(run: Run, tmp_path: Path) -> None:
    """Neither by the run nor by its policy, although Python would find it first."""
    (tmp_path / "maze.py").write_text(MAZE.format(version=7))
    sys.path.insert(0, str(tmp_path))
    on_another_machine()
    for build in (run.environment, run.policy().environment):
        with build() as env:
            (digest,) = run.report().spec["environment"]["packages"]
            assert code(env) == (1, root() / digest / "maze.py")


def test_without_a_stack_the_current_folder_s_is_used_which_is_said(
    run: Run, stack: Stack, tmp_path: Path
) -> None:
    policy = run.policy()
    (tmp_path / "maze.py").write_text(MAZE.format(version=7))
    on_another_machine()
    stack.up = False
    words = r"maze:Maze is that of .*/maze.py, which the run was not trained with: the package of "
    with pytest.warns(match=words), policy.environment(client=stack.client()) as env:
        assert code(env) == (7, tmp_path / "maze.py")


def test_without_a_stack_the_same_file_is_used(
    run: Run, stack: Stack, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    policy = run.policy()
    (tmp_path / "maze.py").write_text(MAZE.format(version=1))
    on_another_machine()
    stack.up = False
    with policy.environment(client=stack.client()) as env:
        assert code(env) == (1, tmp_path / "maze.py")
    assert [str(told.message) for told in recwarn if "trained" in str(told.message)] == []


def test_what_is_unpacked_needs_no_stack(run: Run, stack: Stack) -> None:
    policy = run.policy()
    run.environment().close()
    stack.up = False
    with policy.environment(client=stack.client()) as env:
        assert code(env)[0] == 1


def test_an_edited_module_that_was_imported_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python keeps it; the same bytes are the run's own."""
    (tmp_path / "maze.py").write_text(MAZE.format(version=1))
    sys.path.insert(0, str(tmp_path))
    importlib.import_module("maze")
    with run.environment() as env:
        assert code(env) == (1, tmp_path / "maze.py")
    (tmp_path / "maze.py").write_text(MAZE.format(version=7))
    with pytest.raises(BadInput, match=r"maze: this process has it of .*/maze.py, and the run of "):
        run.environment()


def test_bytes_of_another_digest_are_not_imported(run: Run, stack: Stack) -> None:
    (digest,) = run.report().spec["environment"]["packages"]
    asyncio.run(stack.objects.write(keys.package(digest), b"other bytes", "application/zip"))
    on_another_machine()
    with pytest.raises(StackTrouble, match=f"the package {digest} has the SHA-256 "):
        run.environment()
    assert "maze" not in sys.modules
    assert not (root() / digest).exists()


def test_without_its_package_it_is_said(run: Run, stack: Stack) -> None:
    policy = run.policy()
    (digest,) = policy.report.spec["environment"]["packages"]
    asyncio.run(stack.objects.delete([keys.package(digest)]))
    on_another_machine()
    with pytest.raises(StackTrouble, match=f"fetched: the package {digest} of the environment is"):
        run.environment()
    stack.up = False
    with pytest.raises(StackTrouble, match=r"maze:Maze is not in .* fetched: no stack runs here"):
        policy.environment(client=stack.client())


def test_another_version_in_one_process_is_refused(run: Run, client: Client) -> None:
    """It would silently be the first one; the same one is built as often as is wanted."""
    other = trained(client, 2, "two")
    for _ in range(2):
        with run.environment() as env:
            assert code(env)[0] == 1
    with pytest.raises(BadInput, match=r"maze: this process has it of the .* restart Python"):
        other.environment()


def test_an_environment_of_gymnasium_needs_no_stack(stack: Stack, client: Client) -> None:
    stack.facts.objects = stack.objects
    policy = train(SPEC, client=client, files=None, progress=False).policy()
    stack.up = False
    with policy.environment(client=stack.client()) as env:
        assert env.spec is not None
        assert env.spec.id == "CartPole-v1"
