"""Checks of environments that came in a package: what their author reads."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.packages.packing import packed
from faastraingym.adapters.processes.checking import Checked, Checker
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.package_record import PackageRecord
from tests.adapters.processes.test_checking import checker_of, stood
from tests.fakes import InMemoryObjectStore

LINE = """
import gymnasium
import numpy as np


class Line(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (SIZE,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(SIZE, np.float32), {}

    def step(self, action):
        return np.zeros(SIZE, np.float32), REWARD, False, False, {}


gymnasium.register("games/Line-v0", Line, max_episode_steps=20)
"""


def line(size: int = 3, reward: str = "1.0") -> str:
    return LINE.replace("SIZE", str(size)).replace("REWARD", reward)


@pytest.fixture
async def checker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Checker]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = checker_of({})
    yield made
    await made.close()


async def library_of(*sources: str, requires: tuple[str, ...] = ()) -> tuple[Library, list[str]]:
    """A store with these versions of the module `line`, and their digests."""
    library = Library(InMemoryObjectStore())
    made = [packed("line", {"line.py": text.encode()}, requires) for text in sources]
    added = [await library.add(package, float(i)) for i, package in enumerate(made)]
    return library, [record.sha256 for record in added]


def raw(env_id: str, *packages: str, **kwargs: Any) -> dict[str, Any]:
    environment = {"id": env_id, "num_envs": 1, "kwargs": kwargs}
    if packages:
        environment["packages"] = list(packages)
    algorithm = {"name": "ppo", "num_minibatches": 1}
    return {"environment": environment, "algorithm": algorithm, "stop": {"env_steps": 1000}}


async def test_two_versions_have_their_own_spaces(checker: Checker) -> None:
    """What a learner needs of them goes into the manifest."""
    library, (three, four) = await library_of(line(3), line(4))
    for digest, size in ((three, 3), (four, 4), (three, 3)):
        checked = await checker.check(raw("line:games/Line-v0", digest), library)
        assert checked.spaces is not None
        assert checked.spaces[0] == size  # a SpaceInfo's observation_size
        assert checked.spec.environment.package_digests == (digest,)
    newest = await checker.choose(raw("line:games/Line-v0"), library)
    assert newest.spec.environment.packages == [four]


async def test_a_class_is_an_environment_with_a_limit(checker: Checker) -> None:
    library, (digest,) = await library_of(line())
    checked = await checker.check(raw("line:Line", digest, max_episode_steps=9), library)
    assert checked.spec.environment.id == "line:Line"
    with pytest.raises(SpecificationError, match=r"set environment\.kwargs\.max_episode_steps"):
        await checker.check(raw("line:Line", digest), library)


@pytest.mark.parametrize(
    ("source", "env_id", "problem"),
    [
        (
            line(),
            "line:Lines",
            "spec.environment.id: line:Lines: line registers no id 'Lines' and has no class of "
            "this name that derives from gymnasium.Env; its environments: Line, games/Line-v0",
        ),
        (
            line(reward="float('nan')"),
            "line:games/Line-v0",
            "spec.environment.id: line:games/Line-v0: step's reward has nan; allowed: finite",
        ),
        (
            line(reward="1 / 0"),
            "line:games/Line-v0",
            "could not be stepped: ZeroDivisionError: division by zero (line.py, line 15)",
        ),
        (
            "\nimport shapely_of_nobody.shapes",
            "line:Line",
            "spec.environment.id: shapely_of_nobody is not installed, and line:Line imports it "
            "(line.py, line 2); `faastrain env add` its wheel if it is pure Python, else install "
            "it where the functions run",
        ),
        (
            line(),
            "line.inner:Line",
            "spec.environment.id: line.inner is not in its package, and line.inner:Line imports "
            "it; add the file, or correct the name",
        ),
        ("raise SystemExit('no licence')", "line:Line", "could not be imported: SystemExit: no l"),
        ("import os; os._exit(3)", "line:Line", "while it was built, reset and stepped"),
    ],
)
async def test_a_mistake_is_told_in_the_author_s_file(
    checker: Checker, source: str, env_id: str, problem: str
) -> None:
    library, (digest,) = await library_of(source)
    with pytest.raises(SpecificationError) as refusal:
        await checker.check(raw(env_id, digest), library)
    (told,) = refusal.value.problems
    assert problem in told
    assert digest not in told


async def test_one_that_never_ends_is_told_with_its_place_in_the_author_s_file() -> None:
    source = line(reward="threading.Event().wait()")
    library, (digest,) = await library_of(source.replace("import ", "import threading, ", 1))
    asked, place = raw("line:games/Line-v0", digest), "step (line.py, line 15)"
    told = await stood(lambda checker: checker.check(asked, library), place)
    assert told.endswith(f": it stood in {place}")


async def test_a_file_that_trains_when_it_is_imported_is_told_of_the_guard() -> None:
    library, (digest,) = await library_of("import threading\nthreading.Event().wait()")
    asked, place = raw("line:Line", digest), "<module> (line.py, line 2)"
    told = await stood(lambda checker: checker.check(asked, library), place)
    assert told.endswith(
        f": it stood in {place}; functions import the file, so what it runs itself, as `train`, "
        'belongs below `if __name__ == "__main__":`'
    )


async def test_an_observation_out_of_its_box_is_told_with_the_check(checker: Checker) -> None:
    source = line().replace("return np.zeros(SIZE".replace("SIZE", "3"), "return 2 + np.zeros(3", 1)
    library, (digest,) = await library_of(source)
    (told,) = (await checker.check(raw("line:games/Line-v0", digest), library)).advice
    assert told.startswith("line:games/Line-v0: reset's observation has 2.0, outside of the bounds")


async def test_what_is_not_installed_is_refused_by_name(checker: Checker) -> None:
    needs = ("numpy>=1", "shapely-of-nobody>=2", "gymnasium<0.1", "late; python_version<'3'")
    library, (digest,) = await library_of(line(), requires=needs)
    with pytest.raises(SpecificationError) as refusal:
        await checker.check(raw("line:games/Line-v0", digest), library)
    first, second = refusal.value.problems
    assert first.startswith(
        "spec.environment.packages: shapely-of-nobody>=2 is neither installed nor added, and line "
        "needs it; `faastrain env add` its wheel if it is pure Python, else install it where"
    )
    assert second.startswith("spec.environment.packages: gymnasium<0.1 is not 1.")
    assert ", which is there, and line needs it; " in second


async def test_an_added_wheel_meets_a_requirement(checker: Checker) -> None:
    library, _ = await library_of(f"import walls\n{line()}", requires=("Walls",))
    await library.add(packed("walls", {"walls.py": b""}), 0.0)
    chosen = await checker.choose(raw("line:games/Line-v0"), library)
    assert len(chosen.spec.environment.package_digests) == 2


async def test_nobody_s_package_is_refused_though_it_was_unpacked_here(checker: Checker) -> None:
    """The list is what the operator stored, not what a disk still has."""
    library, (digest,) = await library_of(line())
    asked = raw("line:games/Line-v0", digest)
    await checker.check(asked, library)
    await library.remove(await library.records())
    with pytest.raises(SpecificationError, match=f"nobody added a package with .* {digest}"):
        await checker.check(asked, library)


async def test_an_id_with_a_module_and_no_package_imports_nothing(checker: Checker) -> None:
    library, _ = await library_of(line())
    with pytest.raises(SpecificationError, match="which would import a module; allowed: the id of"):
        await checker.check(raw("os:Line"), library)
    with pytest.raises(SpecificationError, match=r"has the module os \(added: line\)"):
        await checker.choose(raw("os:Line"), library)


class Counted:
    """A library that counts how often its records are read."""

    def __init__(self, library: Library) -> None:
        self.fetch, self._library, self.times = library.fetch, library, 0

    async def records(self) -> list[PackageRecord]:
        self.times += 1
        return await self._library.records()


@pytest.mark.parametrize("how", [Checker.check, Checker.choose])
async def test_the_records_are_read_once(
    checker: Checker, how: Callable[..., Awaitable[Checked]]
) -> None:
    """For what names its packages and for what does not; not at all for what has none."""
    library, (digest,) = await library_of(line())
    counted = Counted(library)
    await how(checker, raw("line:games/Line-v0", digest), counted)
    assert counted.times == 1
    await how(checker, raw("CartPole-v1"), counted)
    assert counted.times == 1
    await checker.choose(raw("line:games/Line-v0"), counted)
    assert counted.times == 2
