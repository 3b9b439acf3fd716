"""The packages in the store: one suite for the fake and for S3ObjectStore on a real SeaweedFS."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from faastraingym.adapters.packages import choosing
from faastraingym.adapters.packages.folders import folders
from faastraingym.adapters.packages.library import Given, Library, Packages, found
from faastraingym.adapters.packages.packing import packed
from faastraingym.adapters.packages.wheels import Package
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.algorithms.registry import parse
from faastraingym.schemas import keys
from faastraingym.schemas.errors import PackageError, SpecificationError
from faastraingym.schemas.specification import RunSpec
from tests.fakes import InMemoryObjectStore
from tests.servers import LOGIN, WeedServer


@pytest.fixture(params=["fake", "seaweedfs"])
async def store(
    request: pytest.FixtureRequest,
) -> AsyncIterator[InMemoryObjectStore | S3ObjectStore]:
    if request.param == "fake":
        yield InMemoryObjectStore()
        return
    server: WeedServer = request.getfixturevalue("weed_server")
    await Bucket(server.url, "packages", LOGIN).ensure()
    real = S3ObjectStore(server.url, "packages", LOGIN)
    await real.delete(await real.keys(keys.ENVIRONMENTS))
    yield real
    await real.close()


@pytest.fixture
def library(store: InMemoryObjectStore | S3ObjectStore) -> Library:
    return Library(store)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages are unpacked there, and nothing of other tests is."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def version(text: str, module: str = "maze") -> Package:
    return packed(module, {f"{module}.py": text.encode()})


def spec_of(env_id: str) -> RunSpec:
    environment = {"id": env_id}
    return parse(
        {"environment": environment, "algorithm": {"name": "ppo"}, "stop": {"env_steps": 1}}
    )


async def pinned(spec: RunSpec, packages: Packages) -> RunSpec:
    return choosing.pinned(spec, await packages.records())


async def packages_of(env_id: str, packages: Packages) -> list[str]:
    """What an id stands for."""
    return [*(await pinned(spec_of(env_id), packages)).environment.package_digests]


async def test_what_was_added_is_listed_and_fetched(library: Library) -> None:
    package = version("import gymnasium")
    record = await library.add(package, 5.0)
    assert await library.records() == [record]
    assert (record.name, record.modules, record.added_at) == ("maze", ["maze"], 5.0)
    assert await library.fetch(record.sha256) == package.data
    assert found([record], "maze") == found([record], record.sha256[:8]) == [record]


async def test_the_last_one_added_is_what_a_module_stands_for(library: Library) -> None:
    old, new = version("a = 1"), version("a = 2")
    for now, package in enumerate((old, new, old)):
        await library.add(package, float(now))
    asked = spec_of("maze:Maze-v0")
    chosen = await pinned(asked, library)
    assert chosen.environment.package_digests == (old.sha256,)
    assert asked.environment.package_digests == ()
    await library.add(new, 9.0)
    assert await pinned(chosen, library) is chosen
    assert (await pinned(asked, library)).environment.packages == [new.sha256]


async def test_a_package_brings_the_packages_that_it_imports(library: Library) -> None:
    """Directly, indirectly and by its metadata; of several versions the newest, nothing else."""
    wall = version("import brick", "wall")
    brick, older = version("b = 1", "brick"), version("b = 0", "brick")
    paint = packed("paint", {"paint.py": b""})
    maze = packed("maze", {"maze.py": b"from wall import x"}, ["Paint>=0; python_version>'3'"])
    for now, package in enumerate((maze, older, brick, wall, paint, version("", "other"))):
        await library.add(package, float(now))
    first, *others = digests = await packages_of("maze:Maze", library)
    assert first == maze.sha256
    assert sorted(others) == sorted([wall.sha256, paint.sha256, brick.sha256])
    places = await folders(digests, library)
    assert (places[0] / "maze.py").read_bytes() == b"from wall import x"


async def test_nobody_added_it(library: Library) -> None:
    await library.add(version("", "other"), 0.0)
    with pytest.raises(SpecificationError) as refusal:
        await packages_of("maze:Maze-v0", library)
    assert str(refusal.value) == (
        "spec.environment.id: found 'maze:Maze-v0', but no package that was added has the module "
        "maze (added: other); the operator adds it with `faastrain env add PATH`"
    )
    digest = version("never_added").sha256
    with pytest.raises(SpecificationError, match=f"nobody added a package with .* {digest}; the"):
        choosing.check_added([digest], await library.records())
    with pytest.raises(PackageError, match=f"{digest} of the environment is not in the store"):
        await folders([digest], library)


async def test_what_was_removed_is_gone(library: Library) -> None:
    one, other = [await library.add(version(f"a = {i}"), float(i)) for i in range(2)]
    await library.remove(found(await library.records(), one.sha256))
    assert await library.records() == [other]
    with pytest.raises(PackageError, match="is not in the store"):
        await library.fetch(one.sha256)


async def test_bytes_that_are_not_what_they_are_named_after(
    library: Library, store: InMemoryObjectStore | S3ObjectStore
) -> None:
    record = await library.add(version("a = 1"), 0.0)
    await store.write(keys.package(record.sha256), version("a = 2").data, "application/zip")
    with pytest.raises(PackageError, match=f"the package {record.sha256} has the SHA-256"):
        await folders([record.sha256], library)


async def test_what_is_not_in_the_store_yet_comes_first(library: Library) -> None:
    await library.add(version("a = 1"), 1.0)
    given = Given(version("a = 2"), library, 2.0)
    assert await packages_of("maze:Maze-v0", given) == [version("a = 2").sha256]
    assert await given.fetch(version("a = 2").sha256) == version("a = 2").data
    assert await given.fetch(version("a = 1").sha256) == version("a = 1").data
