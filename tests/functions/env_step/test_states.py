"""Large states are objects: bounded, told apart by hour and SHA-256, and expired where lost."""

import pytest

from faastraingym.functions.env_step.states import MOST_INSIDE, MOST_STATE, found, kept, packages_of
from faastraingym.functions.env_step.tokens import HOUR, LIFE
from faastraingym.schemas import keys
from faastraingym.schemas.answers import AnswerError
from tests.fakes import InMemoryObjectStore

NOW = 1_000_000.0
LARGE = bytes(MOST_INSIDE + 1)


@pytest.mark.parametrize(
    ("size", "objects"), [(0, 0), (MOST_INSIDE, 0), (MOST_INSIDE + 1, 1), (MOST_STATE, 1)]
)
async def test_a_state_comes_back_whatever_its_size(size: int, objects: int) -> None:
    store = InMemoryObjectStore()
    content = b"s" * size
    told = await kept(content, store, NOW)
    assert (await found(told, store), len(store.data)) == (content, objects)
    assert len(told) < MOST_INSIDE + 64


async def test_what_a_token_has_of_it_is_equal_within_an_hour() -> None:
    store = InMemoryObjectStore()
    begun = NOW // HOUR * HOUR
    assert len({await kept(LARGE, store, begun + s) for s in (0, 1, HOUR - 1)}) == 1
    await kept(LARGE, store, begun + HOUR)
    hours = [key.removeprefix(keys.STATES).partition("/")[0] for key in sorted(store.data)]
    assert hours == [f"{int(begun // HOUR) + LIFE + 1 + more}" for more in (0, 1)]


@pytest.mark.parametrize("content", [b"a state", LARGE])
@pytest.mark.parametrize("count", [0, 1, 3])
async def test_a_token_names_the_packages_before_the_state(content: bytes, count: int) -> None:
    store, digests = InMemoryObjectStore(), [f"{number:064x}" for number in range(count)]
    told = await kept(content, store, NOW, digests)
    assert packages_of(told) == digests
    assert await found(told, store) == content


async def test_a_larger_one_is_refused() -> None:
    words = f"has {MOST_STATE + 1} bytes; allowed: at most {MOST_STATE}"
    with pytest.raises(AnswerError, match=words) as refusal:
        await kept(bytes(MOST_STATE + 1), InMemoryObjectStore(), NOW)
    assert refusal.value.complaint.kind == "too-large"


@pytest.mark.parametrize("harm", ["removed", "altered"])
async def test_one_that_the_store_has_lost_has_expired(harm: str) -> None:
    store = InMemoryObjectStore()
    told = await kept(LARGE, store, NOW)
    (key,) = store.data
    if harm == "removed":
        await store.delete([key])
    else:
        store.data[key] = b"other bytes"
    with pytest.raises(AnswerError) as refusal:
        await found(told, store)
    assert refusal.value.complaint.kind == "expired"
