"""Bodies within a budget: where they lie, who is refused, and what is given back."""

import asyncio
import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faastraingym.embedded.contract import http
from faastraingym.embedded.contract.bodies import MOST_ANSWER, Answer, Incoming, Spooled, whole
from faastraingym.embedded.contract.budget import OWN, Budget
from faastraingym.embedded.errors import ProviderError
from faastraingym.schemas.messages import MAX_MESSAGE_BYTES

LIMIT = 16 << 20


def arriving(budget: Budget, size: int | None) -> Incoming:
    return Incoming(budget, LIMIT, http.too_large, size)


async def put(body: Incoming | Spooled, piece: bytes) -> None:
    if (writing := body.append(piece)) is not None:
        await writing


async def settled(budget: Budget) -> None:
    """Return when the writer has done what it was told."""
    await asyncio.get_running_loop().run_in_executor(budget.writer, int)


def held(budget: Budget) -> tuple[int, int, int]:
    return budget.memory, budget.shared, budget.spooled


def files(folder: Path) -> list[os.stat_result]:
    """Open files without a name that were made in `folder`; other tests' servers have some, too."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            name = str(descriptor.readlink())
            if name.startswith(f"{folder}/") and name.endswith("(deleted)"):
                found.append(descriptor.stat())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("said", [OWN, None])
async def test_what_is_small_needs_no_budget(tmp_path: Path, said: int | None) -> None:
    """Or large ones could lock it out."""
    budget = Budget(tmp_path, memory=0, spool=0)
    body = arriving(budget, said)
    await put(body, b"x" * OWN)
    assert body.body() == b"x" * OWN
    assert held(budget) == (OWN, 0, 0)
    body.close()
    assert held(budget) == (0, 0, 0)


async def test_messages_share_memory_and_lie_in_files_when_it_is_spent(tmp_path: Path) -> None:
    budget = Budget(tmp_path, memory=MAX_MESSAGE_BYTES)
    first, second = arriving(budget, MAX_MESSAGE_BYTES), arriving(budget, MAX_MESSAGE_BYTES)
    for body in (first, second):
        for _ in range(4):
            await put(body, b"x" * (MAX_MESSAGE_BYTES // 4))
    assert isinstance(first.body(), bytes)
    assert isinstance(second.body(), Spooled)
    assert whole(first.body()) == whole(second.body())
    assert held(budget) == (MAX_MESSAGE_BYTES,) * 3
    first.close()
    second.close()
    assert held(budget) == (0, 0, 0)


@pytest.mark.parametrize("said", [LIMIT, None])
async def test_what_is_long_or_may_be_lies_in_a_file_without_a_name(
    tmp_path: Path, said: int | None
) -> None:
    """Mode 0600, and nothing in the folder even while it is open."""
    budget = Budget(tmp_path)
    body = arriving(budget, said)
    await put(body, b"a" * OWN)
    await put(body, b"b" * OWN)
    assert budget.spooled == 2 * OWN
    assert budget.memory == 0
    assert os.listdir(tmp_path) == []
    (file,) = files(tmp_path)
    assert file.st_mode & 0o777 == 0o600
    kept = body.body()
    assert isinstance(kept, Spooled)
    assert b"".join(kept.pieces()) == b"".join(kept.pieces()) == b"a" * OWN + b"b" * OWN
    body.close()
    await settled(budget)
    assert (files(tmp_path), budget.spooled) == ([], 0)


async def test_a_long_one_without_room_is_503_and_counted(tmp_path: Path) -> None:
    budget, told = Budget(tmp_path, spool=3 * OWN), list[str]()
    budget.on_refusal = told.append
    first, second = arriving(budget, LIMIT), arriving(budget, LIMIT)
    for _ in range(3):
        await put(first, b"x" * OWN)
    with pytest.raises(ProviderError, match="that all share") as caught:
        await put(second, b"x")
    assert (caught.value.status, caught.value.retry_after) == (503, 5)
    assert told == ["bodies"]
    first.close()
    await put(second, b"x")
    assert budget.spooled == 1


async def test_a_disk_that_takes_nothing_is_503_and_counted(tmp_path: Path) -> None:
    budget, told = Budget(tmp_path / "absent"), list[str]()
    budget.on_refusal = told.append
    body = arriving(budget, LIMIT)
    with pytest.raises(ProviderError, match="No such file") as caught:
        await put(body, b"x")
    assert caught.value.status == 503
    assert told == ["disk"]
    body.close()
    assert held(budget) == (0, 0, 0)


async def test_over_its_limit_it_is_413(tmp_path: Path) -> None:
    body = Incoming(Budget(tmp_path), 10, http.too_large)
    await put(body, b"x" * 10)
    with pytest.raises(ProviderError, match="larger than 10 bytes") as caught:
        await put(body, b"x")
    assert caught.value.status == 413


async def test_an_answer_over_its_limit_is_refused_with_502(tmp_path: Path) -> None:
    """And what it took is given back at once."""
    budget = Budget(tmp_path)
    answer, piece = Answer(budget), b"x" * (1 << 20)
    taken = [answer.take(piece) for _ in range((MOST_ANSWER >> 20) + 2)]
    assert [*map(bool, taken)] == [True] * (MOST_ANSWER >> 20) + [False] * 2
    assert answer.refusal is not None
    assert (answer.refusal.status, budget.spooled) == (502, 0)


async def test_a_body_that_nobody_has_any_more_gives_its_room_back(tmp_path: Path) -> None:
    """Its asker may be gone before anybody could close it."""
    budget = Budget(tmp_path)
    body = Spooled(budget)
    await put(body, b"x" * OWN)
    assert budget.spooled == OWN
    await settled(budget)
    del body
    assert budget.spooled == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 2 * OWN), max_size=8),
    says=st.booleans(),
    memory=st.integers(0, 4 * OWN),
    spool=st.integers(0, 12 * OWN),
)
async def test_whatever_arrives_is_kept_or_refused_within_the_budget(
    tmp_path: Path, sizes: list[int], says: bool, memory: int, spool: int
) -> None:
    budget = Budget(tmp_path, memory, spool)
    body = arriving(budget, sum(sizes) if says else None)
    sent, refused = b"", 0
    try:
        for number, size in enumerate(sizes):
            piece = bytes([number]) * size
            await put(body, piece)
            sent += piece
            assert budget.shared <= memory
            assert budget.spooled <= spool
            assert budget.memory <= max(OWN, memory)
        assert whole(body.body()) == sent
    except ProviderError as refusal:
        refused = refusal.status
    assert refused in (0, 503)
    body.close()
    assert held(budget) == (0, 0, 0)


class Busy:
    """A writer whose lock is held by whoever the collector interrupts."""

    def submit(self, *_: object) -> None:
        raise AssertionError("whoever asks waits for ever")


async def test_the_collector_of_a_forgotten_body_waits_for_nobody(tmp_path: Path) -> None:
    """It may come while a body is being handed to the writer, whose lock is then held."""
    budget = Budget(tmp_path)
    body = Spooled(budget)
    await body.append(b"x" * OWN)
    budget.writer = Busy()  # type: ignore[assignment]
    forgotten: list[object] = [body]
    forgotten.append(forgotten)
    del body, forgotten
    gc.collect()
    assert budget.spooled == 0
