"""`faastrain init`: files of one's own, that train as they are."""

import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from faastraingym.algorithms import registry
from faastraingym.client import examples
from tests.cli.conftest import Desk

COMMAND = Path(sys.executable).parent / "faastrain"


def read(path: Path) -> dict:
    found: dict = tomllib.loads(path.read_text())
    return found


def test_without_a_flag_there_is_an_environment_of_ones_own(desk: Desk) -> None:
    assert desk("init") == 0
    assert desk.out.split() == ["spec.toml", "my_env.py", "test_my_env.py"]
    assert desk.err.splitlines() == [
        "test it: `python -m unittest discover .`",
        "train it: `faastrain train spec.toml`",
    ]
    text = (desk.folder / "spec.toml").read_text()
    about, key, _ = text.partition('id = "my_env.py:MyEnv-v0"')
    assert key
    assert "my_env.py:MyEnv-v0" in about
    spec = registry.parse(read(desk.folder / "spec.toml"))
    assert (spec.environment.id, registry.name(spec)) == ("my_env.py:MyEnv-v0", "ppo")


@pytest.mark.parametrize("algorithm", registry.PACKAGES)
def test_an_environment_with_an_example_has_its_settings(desk: Desk, algorithm: str) -> None:
    shipped = examples.by_environment(algorithm)
    environment = "CartPole-v1" if "CartPole-v1" in shipped else next(iter(shipped))
    where = ("work", "--environment", environment, "--algorithm", algorithm)
    assert desk("init", *where) == 0
    assert desk.out == "work/spec.toml\n"
    assert desk.err == "train it: `faastrain train work/spec.toml`\n"
    written = registry.parse(read(desk.folder / "work" / "spec.toml"))
    assert written == registry.parse(read(shipped[environment]))


def test_a_folder_s_name_is_written_as_a_shell_reads_it(desk: Desk) -> None:
    assert desk("init", "my work") == 0
    assert desk.err.splitlines() == [
        "test it: `python -m unittest discover 'my work'`",
        "train it: `faastrain train 'my work/spec.toml'`",
    ]


def test_an_environment_without_an_example_has_defaults(desk: Desk) -> None:
    assert desk("init", "--environment", "MountainCar-v0", "--json") == 0
    assert json.loads(desk.out) == {"files": ["spec.toml"]}
    spec = registry.parse(read(desk.folder / "spec.toml"))
    assert (spec.environment.id, spec.stop.env_steps) == ("MountainCar-v0", 100_000)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--environment", "Cartpole-v1"], "did you mean 'CartPole-v1'?"),
        (["--algorithm", "pppo"], "--algorithm pppo: there is no such algorithm; did you mean"),
        (["spec.toml"], "spec.toml: cannot be written: File exists; name another folder"),
    ],
    ids=["environment", "algorithm", "folder"],
)
def test_what_is_wrong_is_said_and_nothing_written(
    desk: Desk, arguments: list[str], words: str
) -> None:
    desk.write("spec.toml", "mine")
    assert desk("init", *arguments) == 3
    assert words in desk.err
    assert [path.name for path in desk.folder.iterdir() if path.name != "home"] == ["spec.toml"]


def test_files_of_ones_own_are_not_replaced(desk: Desk) -> None:
    desk.write("my_env.py", "mine")
    assert desk("init") == 3
    assert "my_env.py is there with other content; name another folder, or --force" in desk.err
    assert (desk.folder / "my_env.py").read_text() == "mine"
    assert desk("init", "--force") == 0
    assert "class MyEnv" in (desk.folder / "my_env.py").read_text()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "environment", "algorithm"),
    [("\n\n", "my_env.py:MyEnv-v0", "ppo"), ("CartPole-v1\na2c\n", "CartPole-v1", "a2c")],
    ids=["Enter", "names"],
)
def test_on_a_terminal_it_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: str, environment: str, algorithm: str
) -> None:
    desk.printer = Terminal
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert desk("init") == 0
    spec = registry.parse(read(desk.folder / "spec.toml"))
    assert (spec.environment.id, registry.name(spec)) == (environment, algorithm)


def test_what_it_wrote_trains_and_plays(tmp_path: Path) -> None:
    """With the installed command, in a folder of the user's: its test, a run, an episode."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}

    def typed(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=kept, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    typed(COMMAND, "init")
    (tmp_path / "walk.py").write_text((tmp_path / "my_env.py").read_text())
    typed(COMMAND, "init", "work", "--environment", "walk.py:MyEnv-v0")
    named = read(tmp_path / "work" / "spec.toml")["environment"]["id"]
    assert named == "../walk.py:MyEnv-v0"  # seen from the specification
    assert "3 passed" in typed(sys.executable, "-m", "pytest", "-q", "test_my_env.py")
    for folder in (tmp_path, tmp_path.parent):  # as `init` prints it
        tested = ["-I", "-m", "unittest", "discover", os.path.relpath(tmp_path, folder)]
        done = subprocess.run(
            [sys.executable, *tested], cwd=folder, env=kept, capture_output=True, text=True
        )
        assert "Ran 3 tests" in done.stderr
        assert done.returncode == 0, done.stderr
    try:
        report = json.loads(typed(COMMAND, "train", "spec.toml", "--run", "one", "--json"))
        returns = [point["return_mean"] for point in report["evaluations"]]
        assert report["reason"] == "budget"
        assert returns[-1] > -7.0 > returns[0]  # it learns: at random the return is about -36
        assert report["advice"] == []
        assert "return -" in typed(COMMAND, "play", "one")
        assert (tmp_path / "one.gif").read_bytes().startswith(b"GIF89a")
    finally:
        typed(COMMAND, "down")
    typed(COMMAND, "play", "runs/one", "--out", "again.gif")
    assert (tmp_path / "again.gif").read_bytes() == (tmp_path / "one.gif").read_bytes()
