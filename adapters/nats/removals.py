"""The Removals port on JetStream."""

import asyncio
from collections.abc import Sequence

from faastraingym.adapters.nats.direct import read_all, read_one
from faastraingym.adapters.nats.jetstream import Broker
from faastraingym.adapters.nats.streams import DENY_PURGE
from faastraingym.events.delivery import requests
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology.streams import ASYNC, FACTS, USAGE

ANY_COMMAND = subjects.of_command("*")


class NatsRemovals:
    """What FTG_FACTS, FTG_USAGE and FTG_ASYNC hold of a run."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def allowed(self) -> bool:
        """Whether the log lets facts be removed."""
        return not (await self._broker.info(FACTS.name)).config.get(DENY_PURGE)

    async def unsettled(self, run: str, among: Sequence[int] = ()) -> list[int]:
        """The numbers of a run's commands that wait or are worked on: a settled one is gone."""
        if among:
            read = (read_one(self._broker, ASYNC.name, number) for number in among)
            return [stored.sequence for stored in await asyncio.gather(*read) if stored]
        stored = await read_all(self._broker, ASYNC.name, ANY_COMMAND)
        return [item.sequence for item in stored if requests.run_of(item.data) == run]

    async def remove_facts(self, subject_filter: str) -> None:
        """Remove the facts under a filter; returns when the server has."""
        await self._purge(FACTS.name, subject_filter)

    async def remove_usage(self, run: str) -> None:
        """Remove the cost of a run's invocations."""
        await self._purge(USAGE.name, subjects.of_run_usage(run))

    async def _purge(self, stream: str, subject_filter: str) -> None:
        await self._broker.api(f"STREAM.PURGE.{stream}", {"filter": subject_filter})
