"""Environments of rows that are a file's, or a module's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import pytest

from benchmarks import loop
from benchmarks.learn import own, rows
from faastraingym.adapters.packages.sources import pack
from faastraingym.adapters.packages.unpacking import root
from tests.benchmarks.learn.test_rows import ROW
from tests.spaces import forget

CODE = """
import gymnasium
from gymnasium.envs.classic_control.cartpole import CartPoleEnv


class SlowPole(CartPoleEnv):
    tau = 0.01


gymnasium.register("SlowPole-v0", entry_point=SlowPole, max_episode_steps=9)
"""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A row of an environment in a folder beside."""
    (tmp_path / "code").mkdir()
    (tmp_path / "rows").mkdir()
    (tmp_path / "code" / "slow_pole.py").write_text(CODE)
    made = tmp_path / "rows" / "some.toml"
    made.write_text(ROW.replace("CartPole-v1", "../code/slow_pole.py:SlowPole-v0"))
    places = [*sys.path]
    yield made
    sys.path[:] = places
    sys.modules.pop("slow_pole", None)
    gymnasium.registry.pop("SlowPole-v0", None)
    forget()


def test_a_file_s_environment_is_named_as_the_stack_names_it(file: Path) -> None:
    environment = rows.read(file).spec(1).environment
    packed = pack(file.parents[1] / "code" / "slow_pole.py").package
    assert environment.id == "slow_pole:SlowPole-v0"
    assert environment.package_digests == (packed.sha256,)


def test_a_row_trains_the_code_that_its_specification_names(file: Path) -> None:
    row = rows.read(file)
    row.admit()
    version = next(loop.versions(row.spec(1)))
    assert version.env_steps > 0
    assert Path(sys.modules["slow_pole"].__file__ or "").parent.parent == root()
    assert gymnasium.spec("SlowPole-v0").max_episode_steps == 9


def test_other_code_is_another_row_s_results(file: Path) -> None:
    before = rows.read(file).identity
    assert rows.read(file).identity == before
    code = file.parents[1] / "code" / "slow_pole.py"
    code.write_text(CODE.replace("0.01", "0.005"))
    assert rows.read(file).identity != before


def test_code_that_is_not_there_is_named_with_the_row(file: Path) -> None:
    (file.parents[1] / "code" / "slow_pole.py").unlink()
    with pytest.raises(ValueError, match=r"some\.toml: .*slow_pole\.py: no such file"):
        rows.read(file)


def test_modules_that_are_not_installed_are_told() -> None:
    assert own.absent(["json", "no_such_grid"]) == [
        "no_such_grid is not installed; .venv/bin/pip install no_such_grid"
    ]
