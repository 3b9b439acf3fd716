"""`pip install .`, then an empty folder: nothing of the checkout is needed."""

import json
import os
from pathlib import Path

import pytest

import faastraingym
from tests.checkout import CHECKOUT
from tests.package.installed import Installed, built, contents, install, sources, unpacked

PRIVATE = ("deploy/kubernetes/secrets", "deploy/kubernetes/site")  # made there by their owner
NAME = f"faastraingym-{faastraingym.__version__}"
SHORT = ("rollout.num_steps=16", "algorithm.hidden_sizes=[8]", "stop.env_steps=256")
OWN = """import gymnasium
gymnasium.register(
    "mine/CartPole-v0", "gymnasium.envs.classic_control:CartPoleEnv", max_episode_steps=99
)
"""
HANDLER = """async def handle(body: bytes, headers: dict[str, str]):
    return 200, {}, b"Hello, " + body
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return built("wheel", with_secrets(folder / "sources"), folder / "dist")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(wheel, tmp_path_factory.mktemp("installed"))


def with_secrets(folder: Path) -> Path:
    """Sources of somebody who has deployed from them."""
    made = sources(folder)
    for name in PRIVATE:
        (made / name).mkdir(exist_ok=True)
        (made / name / "ftg-signing-key").write_text("secret")
    return made


def files_of_the_package() -> set[str]:
    """Of the checkout, through its links (ADR 35)."""
    found = set()
    for folder, folders, names in os.walk(CHECKOUT / "faastraingym", followlinks=True):
        at = Path(folder).relative_to(CHECKOUT)
        left_out = {CHECKOUT / "faastraingym" / name for name in PRIVATE}
        folders[:] = [name for name in folders if CHECKOUT / at / name not in left_out]
        found |= {str(at / name) for name in names if at.name != "__pycache__"}
    return found


def test_the_wheel_has_every_file_of_the_package_and_no_other_name(wheel: Path) -> None:
    """Code and data; beside it what tells of it, with the license."""
    names = set(contents(wheel))
    told = {name for name in names if name.startswith(f"{NAME}.dist-info/")}
    assert names - told == files_of_the_package()
    assert f"{NAME}.dist-info/licenses/LICENSE" in told


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """It has files where the checkout has links, and no secrets either."""
    sdist = built("sdist", with_secrets(tmp_path / "sources"), tmp_path / "sdist")
    folder = unpacked(sdist, tmp_path / "unpacked")
    assert not list(folder.rglob("ftg-signing-key"))
    again = built("wheel", folder, tmp_path / "again")
    assert again.name == wheel.name
    assert contents(again) == contents(wheel)


def test_one_name_is_installed(installed: Installed) -> None:
    """The import name, what tells of it, and the line of this test for the dependencies."""
    found = {path.name for path in installed.packages.iterdir()}
    assert found - {"dependencies.pth"} == {"faastraingym", f"{NAME}.dist-info"}


def test_nothing_of_the_checkout_can_be_imported(installed: Installed) -> None:
    """Neither by our name nor by that of a folder."""
    done = installed("python", "-c", "import faastraingym; print(faastraingym.__file__)")
    assert done.stdout == f"{installed.packages}/faastraingym/__init__.py\n"
    done = installed("python", "-c", "import sys; print(*sys.path, sep='\\n')")
    assert str(CHECKOUT) not in done.stdout.splitlines()
    for name in ("events", "schemas", "functions", "cli", "tests"):
        assert "ModuleNotFoundError" in installed("python", "-c", f"import {name}").stderr


def test_the_version_is_told(installed: Installed) -> None:
    assert installed("faastrain", "--version").stdout == f"faastrain {faastraingym.__version__}\n"


def test_an_environment_trains_in_an_empty_folder(installed: Installed) -> None:
    """With the shipped example; then every other command, on what that left in `.faastrain`."""
    sets = [word for value in SHORT for word in ("--set", value)]
    (installed.folder / "mine.py").write_text(OWN)
    try:
        done = installed("faastrain", "train", "CartPole-v1", "--run", "one", *sets)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert "policy SHA-256: " in done.stdout
        assert {path.name for path in installed.folder.iterdir()} >= {".faastrain"}
        status = json.loads(installed("faastrain", "status", "--json").stdout)
        assert status["functions"].keys() >= {"rollout", "reconcile"}
        for typed in ("runs", "show one", "doctor", "logs rollout --tail 1", "fetch one results"):
            done = installed("faastrain", *typed.split())
            assert done.returncode == 0, done.stdout + done.stderr
        assert (installed.folder / "results" / "report.json").is_file()
        mine = ("environment.id=mine.py:mine/CartPole-v0", "stop.target=0.0")
        more = [word for value in mine for word in ("--set", value)]
        done = installed("faastrain", "gate", "CartPole-v1", *sets, *more)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        done = installed("faastrain", "down")
    assert done.returncode == 0, done.stderr


def test_a_stack_of_ones_own_runs_beside_no_checkout(installed: Installed, tmp_path: Path) -> None:
    """Its stack.yml and its functions/ are looked for where FAASTRAIN_STACK is."""
    (tmp_path / "functions" / "greet").mkdir(parents=True)
    (tmp_path / "functions" / "greet" / "handler.py").write_text(HANDLER)
    (tmp_path / "stack.yml").write_text("functions: {greet: {image: mine/greet:1}}\n")
    told = {
        "FAASTRAIN_STACK": str(tmp_path / "stack.yml"),
        "FAASTRAIN_HOME": str(tmp_path / "home"),
    }
    ask = (
        "import json, sys, urllib.request as r; u = json.load(open(sys.argv[1]))['gateway_url'];"
        "print(r.urlopen(u + '/function/greet', b'world').read().decode())"
    )
    try:
        done = installed("faastrain", "up", **told)
        assert done.returncode == 0, done.stderr
        done = installed("python", "-c", ask, str(tmp_path / "home" / "stack.json"))
        assert done.stdout == "Hello, world\n", done.stderr
    finally:
        installed("faastrain", "down", **told)
