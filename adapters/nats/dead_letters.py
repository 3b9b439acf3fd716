"""The DeadLetters port on JetStream."""

from faastraingym.adapters.nats.direct import Stored, read_all, read_one
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import StoredDeadLetter
from faastraingym.events.topology.streams import DEAD
from faastraingym.schemas import dead_letter
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.errors import MessageError


class NatsDeadLetters:
    """Dead letters in the stream FTG_DEAD; a dead letter's number is its sequence there."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def all(self) -> list[StoredDeadLetter]:
        """Every one, the oldest first."""
        stored = await read_all(self._broker, DEAD.name, subjects.DEAD_LETTERS)
        return [_kept(item) for item in stored]

    async def get(self, number: int) -> StoredDeadLetter | None:
        """One, if the stream still has it."""
        stored = await read_one(self._broker, DEAD.name, number)
        return _kept(stored) if stored else None

    async def drop(self, number: int) -> bool:
        """Remove it; False when there is no such one."""
        # JetStream's error for a missing message is also that for a store that fails.
        if await read_one(self._broker, DEAD.name, number) is None:
            return False
        await self._broker.api(f"STREAM.MSG.DELETE.{DEAD.name}", {"seq": number})
        return True


def _kept(stored: Stored) -> StoredDeadLetter:
    """An unreadable record is returned too, so that it can be dropped."""
    try:
        letter = dead_letter.decode(stored.data)
    except MessageError as error:
        letter = DeadLetter(
            function="",
            subject="",
            call_id="",
            payload=stored.data,
            attempts=0,
            status=0,
            error=str(error),
            at=stored.at,
        )
    return StoredDeadLetter(stored.sequence, letter)
