"""The DeadLetters port: one suite for the fake and for NatsDeadLetters on a real nats-server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from faastraingym.adapters.nats.broker import connect
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.dead_letters import NatsDeadLetters
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import DeadLetters
from faastraingym.schemas import dead_letter
from faastraingym.schemas.dead_letter import DeadLetter, Omitted
from tests.adapters.facts import new_run
from tests.fakes import InMemoryDeadLetters
from tests.servers import LOGIN, NatsServer


class Cemetery(NamedTuple):
    """The port, and how the queue-worker fills it."""

    letters: DeadLetters
    give_up: Callable[[DeadLetter], Awaitable[None]]


@pytest.fixture(params=["fake", "nats"])
async def cemetery(request: pytest.FixtureRequest) -> AsyncIterator[Cemetery]:
    if request.param == "fake":
        fake = InMemoryDeadLetters()

        async def bury_there(letter: DeadLetter) -> None:
            fake.give_up(letter)

        yield Cemetery(fake, bury_there)
        return
    server: NatsServer = request.getfixturevalue("nats_server")
    broker = await connect(server.url, LOGIN)
    await ensure_streams(broker, {})
    bus = NatsBus(broker)

    async def give_up(letter: DeadLetter) -> None:
        kind = subjects.UNSIGNED if letter.omitted else ""
        await bus.give_up(letter.function, dead_letter.encode(letter), kind)

    yield Cemetery(NatsDeadLetters(broker), give_up)
    await broker.close()


def letter(function: str = "rollout") -> DeadLetter:
    """One that no other test buries."""
    return DeadLetter(
        function=function,
        subject=f"ftg-async.{function}",
        call_id=new_run(),
        payload=b"\x00\xff",
        attempts=5,
        status=500,
        error="Traceback\nValueError: no",
        at=1.5,
        signature="t=1,v1=00",
    )


async def numbers(cemetery: Cemetery, *wanted: DeadLetter) -> list[int]:
    """Those of these letters, in the order in which they are listed."""
    return [kept.id for kept in await cemetery.letters.all() if kept.letter in wanted]


async def test_all_gives_every_letter_the_oldest_first(cemetery: Cemetery) -> None:
    """Of all functions, each with a number of its own."""
    buried = [letter("rollout"), letter("evaluate"), letter("rollout")]
    for each in buried:
        await cemetery.give_up(each)
    found = [kept for kept in await cemetery.letters.all() if kept.letter in buried]
    assert [kept.letter for kept in found] == buried
    assert [kept.id for kept in found] == sorted({kept.id for kept in found})


async def test_a_letter_is_found_by_its_number(cemetery: Cemetery) -> None:
    """And by no other."""
    first, second = letter(), letter()
    await cemetery.give_up(first)
    await cemetery.give_up(second)
    number, other = await numbers(cemetery, first, second)
    for wanted, there in ((number, first), (other, second)):
        found = await cemetery.letters.get(wanted)
        assert found is not None
        assert found == (wanted, there)
    assert await cemetery.letters.get(other + 1_000_000) is None


async def test_a_dropped_letter_is_gone_and_no_other(cemetery: Cemetery) -> None:
    """Dropping it again, or one that never was, is told; its number is not given away."""
    first, second, third = letter(), letter(), letter()
    await cemetery.give_up(first)
    await cemetery.give_up(second)
    number, other = await numbers(cemetery, first, second)
    assert await cemetery.letters.drop(number)
    assert await cemetery.letters.get(number) is None
    assert await numbers(cemetery, first, second) == [other]
    assert not await cemetery.letters.drop(number)
    assert not await cemetery.letters.drop(other + 1_000_000)
    await cemetery.letters.drop(other)
    await cemetery.give_up(third)
    (last,) = await numbers(cemetery, third)
    assert last > other


async def test_more_than_a_page_is_read(cemetery: Cemetery) -> None:
    """1100: JetStream's page has 1024; of one function not so many are kept."""
    many = [letter("rollout" if i % 2 else "evaluate") for i in range(1100)]
    for each in many:
        await cemetery.give_up(each)
    assert len(await numbers(cemetery, *many)) == 1100


async def test_a_headline_is_kept_too(cemetery: Cemetery) -> None:
    """Of what nobody signed, and of a callback."""
    left = replace(letter(), payload=b"", omitted=Omitted(size=180_000, sha256="0" * 64))
    await cemetery.give_up(left)
    (number,) = await numbers(cemetery, left)
    assert await cemetery.letters.drop(number)


async def test_a_record_that_is_no_letter_is_shown_and_can_be_dropped(
    nats_server: NatsServer,
) -> None:
    """What another version wrote, say: its bytes are the payload, the error says why."""
    broker = await connect(nats_server.url, LOGIN)
    await ensure_streams(broker, {})
    letters, mark = NatsDeadLetters(broker), new_run().encode()
    await NatsBus(broker).give_up("rollout", mark)
    (found,) = [kept for kept in await letters.all() if kept.letter.payload == mark]
    assert "not a dead letter" in found.letter.error
    assert await letters.drop(found.id)
    await broker.close()
