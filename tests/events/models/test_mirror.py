"""MLflow's registry follows ours, on a fake and on a real server: killed, repeated, at once."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from faastraingym.adapters.http.mlflow import Mlflow, connected, tracking
from faastraingym.events.models import mirror, mlflow
from faastraingym.events.models.registry import Registry
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.models import ModelVersion, Promotion
from tests.adapters.http.test_mlflow import ask, target
from tests.events.models.versions import A_MOVE, A_VERSION
from tests.fakes import InMemoryObjectStore
from tests.mlflow_servers import FakeMlflow

__all__ = ["target"]
BUCKET = "b"
_NUMBERS = itertools.count()


class Killed(Exception):  # noqa: N818
    """A replica is gone."""


class Watched:
    """A Target that counts its calls, and is killed before or after the one of a number."""

    def __init__(self, target: Mlflow, kill: int = -1, after: bool = False) -> None:
        self._target, self._kill, self._after, self.calls = target, kill, after, []
        self.before: dict[str, Callable[[], Awaitable[object]]] = {}

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any) -> Any:
            number = len(self.calls)
            self.calls.append(name)
            if number == self._kill and not self._after:
                raise Killed
            if name in self.before:
                await self.before.pop(name)()
            answer = await getattr(self._target, name)(*arguments)
            if number == self._kill:
                raise Killed
            return answer

        return call


@pytest.fixture
def registry() -> Registry:
    objects = InMemoryObjectStore()
    return Registry(objects, objects)


@pytest.fixture
def model() -> str:
    """A name that no other test has."""
    return f"model-{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
async def fake(fake_mlflow: FakeMlflow) -> AsyncIterator[Mlflow]:
    async with connected(tracking(fake_mlflow.url)) as made:
        yield made


def version(model: str, number: int, policy: str = "") -> ModelVersion:
    kept = replace(A_VERSION.policy, sha256=policy or f"{number:064}")
    return replace(A_VERSION, model=model, version=number, policy=kept)


async def filled(registry: Registry, model: str, versions: int) -> None:
    """So many versions, and as many moves of the champion, each to the next one."""
    for number in range(1, versions + 1):
        await registry.add(version(model, number))
        await registry.add(move(model, number))


def move(model: str, number: int) -> Promotion:
    return replace(A_MOVE, model=model, number=number, version=number)


async def told(registry: Registry, target: mirror.Target, model: str) -> None:
    await mirror.promoted(registry, target, model, "champion", BUCKET)


async def held(target: Mlflow, model: str) -> list[tuple[int, str]]:
    """MLflow's numbers, and ours."""
    return sorted((n, tags["faastraingym.version"]) for n, tags in await target.versions(model))


async def aliases(url: str, model: str) -> dict[str, str]:
    found = await ask(url, "GET", f"registered-models/get?name={model}")
    listed = found["registered_model"].get("aliases", [])
    return {each["alias"]: each["version"] for each in listed}


async def test_mlflow_has_what_we_have_and_a_second_time_changes_nothing(
    registry: Registry, target: Mlflow, model: str, mlflow_url: str
) -> None:
    """All versions, in our order, whichever fact comes first; then what is new."""
    await filled(registry, model, 2)
    await told(registry, target, model)
    assert await held(target, model) == [(1, "1"), (2, "2")]
    assert await aliases(mlflow_url, model) == {"champion": "2"}
    await registry.add(version(model, 3))
    for _ in range(2):
        await mirror.registered(registry, target, model, BUCKET)
    assert await held(target, model) == [(1, "1"), (2, "2"), (3, "3")]
    assert await aliases(mlflow_url, model) == {"champion": "2"}
    again = Watched(target)
    await told(registry, again, model)
    assert again.calls == ["versions", "set_alias"]
    (found,) = [each for each in await target.versions(model) if each.number == 3]
    assert found.tags == mlflow.tags(version(model, 3))


async def test_four_deliveries_at_the_same_moment_make_each_version_once(
    registry: Registry, target: Mlflow, model: str, mlflow_url: str
) -> None:
    await filled(registry, model, 2)
    async with connected(tracking(mlflow_url)) as other:
        both = (target, other)
        await asyncio.gather(*(told(registry, each, model) for each in both * 2))
    found = await held(target, model)
    assert [ours for _, ours in found] == ["1", "2"]
    assert await aliases(mlflow_url, model) == {"champion": f"{found[1][0]}"}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kill", range(8))
async def test_a_replica_that_is_killed_leaves_nothing_that_the_next_does_not_make_good(
    registry: Registry, fake: Mlflow, fake_mlflow: FakeMlflow, model: str, kill: int, after: bool
) -> None:
    """Before or after any of its eight calls."""
    await filled(registry, model, 2)
    dying = Watched(fake, kill, after)
    with pytest.raises(Killed):
        await told(registry, dying, model)
    await told(registry, fake, model)
    assert await held(fake, model) == [(1, "1"), (2, "2")]
    assert await aliases(fake_mlflow.url, model) == {"champion": "2"}


async def test_the_calls_that_it_takes(registry: Registry, fake: Mlflow, model: str) -> None:
    """Those that the test before counts."""
    await filled(registry, model, 2)
    watched = Watched(fake)
    await told(registry, watched, model)
    made = ["run_id", "create_version"] * 2
    assert watched.calls == ["versions", "create_model", *made, "versions", "set_alias"]


async def test_an_older_promotion_that_comes_late_moves_nothing_back(
    registry: Registry, target: Mlflow, model: str, mlflow_url: str
) -> None:
    """Though the newer one was set between its look and its own set."""
    await filled(registry, model, 1)
    late = Watched(target)

    async def newer() -> None:
        await registry.add(version(model, 2))
        await registry.add(move(model, 2))
        await told(registry, target, model)

    late.before["set_alias"] = newer
    await told(registry, late, model)
    assert await aliases(mlflow_url, model) == {"champion": "2"}


async def test_another_stack_s_version_of_that_number_is_another_one(
    registry: Registry, target: Mlflow, model: str, mlflow_url: str
) -> None:
    """As that of a home that was deleted: the alias points to the version that is here."""
    await filled(registry, model, 1)
    await told(registry, target, model)
    anew = InMemoryObjectStore()
    second = Registry(anew, anew)
    await second.add(version(model, 1, "f" * 64))
    await second.add(move(model, 1))
    await told(second, target, model)
    assert await held(target, model) == [(1, "1"), (2, "1")]
    assert await aliases(mlflow_url, model) == {"champion": "2"}


async def test_an_alias_that_mlflow_keeps_for_itself_is_said_once_the_version_is_there(
    registry: Registry, fake: Mlflow, model: str
) -> None:
    await registry.add(version(model, 1))
    await registry.add(replace(A_MOVE, model=model, alias="latest"))
    with pytest.raises(RunFault, match=f"the alias 'latest' for itself; promote {model}/1 under"):
        await mirror.promoted(registry, fake, model, "latest", BUCKET)
    assert await held(fake, model) == [(1, "1")]
