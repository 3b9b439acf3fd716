"""What is planned, and when nothing is."""

import pytest
from msgspec.structs import replace

from faastraingym.adapters.stage import manifests
from faastraingym.events.pipeline.commands import invocation
from faastraingym.events.pipeline.planning import plan
from faastraingym.events.ports import FactLog, Recorded, Services, Unavailable
from faastraingym.functions.plan_update.handler import handle
from faastraingym.schemas import keys
from faastraingym.schemas.messages import Message, PolicyUpdated
from tests.events import facts
from tests.events.facts import ready, specification, updated
from tests.fakes import InMemoryFactLog, InMemoryObjectStore

SPEC = specification()  # version 3 is the last


async def test_a_resumption_waits_for_the_whole_log() -> None:
    """While facts are said again, from half of them the wrong rollouts would follow."""
    objects = InMemoryObjectStore()
    services = Services(InMemoryFactLog(), objects, objects)
    manifest = await objects.put(keys.manifest(facts.RUN), manifests.dump(facts.RUN, SPEC))
    with pytest.raises(Unavailable, match="is being restored"):
        await handle.handler(replace(facts.resumed(1), manifest=manifest), services)


LAGGING = specification(rollout={"count": 2, "max_policy_lag": 1})
READY = ready(1, lag=1)  # collected by version 0, for version 1 to learn from
UPDATE = plan(LAGGING, facts.policy(1), READY)


async def planned(*said: Message, log: FactLog | None = None) -> list[list[Message]]:
    """What each of several facts leads to once all are said."""
    objects = InMemoryObjectStore()
    services = Services(log or InMemoryFactLog(), objects, objects)
    manifest = await objects.put(keys.manifest(facts.RUN), manifests.dump(facts.RUN, LAGGING))
    for fact in said:
        await services.facts.publish_once(fact)
    received = [replace(fact, manifest=manifest) for fact in said]
    return [[*await handle.handler(fact, services)] for fact in received]


async def test_with_a_lag_version_and_rewards_are_planned_from_whichever_comes_last() -> None:
    """Alone neither leads to anything; both to the same, so that one of them may be lost."""
    assert await planned(updated(1)) == await planned(READY) == [[]]
    first, second = await planned(updated(1), READY)
    assert first[0] == UPDATE
    assert len(first) == len(second) == 3


class Behind(InMemoryFactLog):
    """A log that is read from a replica which has not heard of versions yet."""

    async def read(self, *subject_filters: str) -> list[Recorded]:
        read = await super().read(*subject_filters)
        return [record for record in read if not isinstance(record.fact, PolicyUpdated)]

    async def count(self, subject_filter: str) -> int:
        return len(await super().read(subject_filter))


async def test_with_a_lag_what_was_said_but_not_read_is_waited_for() -> None:
    """Else each of the two might miss the other, and nobody would plan."""
    with pytest.raises(Unavailable, match="published, not read"):
        await planned(updated(1), READY, log=Behind())


class Growing(InMemoryFactLog):
    """A log into which a fact comes right after somebody has looked for the first time."""

    def __init__(self, coming: Message) -> None:
        super().__init__()
        self._coming: Message | None = coming

    async def read(self, *subject_filters: str) -> list[Recorded]:
        read = await super().read(*subject_filters)
        if self._coming:
            coming, self._coming = self._coming, None
            await self.publish_once(coming)
        return read


@pytest.mark.parametrize(("first", "second"), [(updated(1), READY), (READY, updated(1))])
async def test_with_a_lag_a_fact_that_comes_meanwhile_is_planned_from_at_once(
    first: Message, second: Message
) -> None:
    """Nothing is lacking, so nobody answers 503; whoever hears the second one plans the same."""
    log = Growing(second)
    answers = [(await planned(fact, log=log))[0] for fact in (first, second)]
    ids = [[invocation(command).call_id for command in answer] for answer in answers]
    assert len(ids[0]) == 3
    assert ids[0] == ids[1]


@pytest.mark.parametrize("promised", [True, False])
async def test_the_policy_of_a_version_whose_evaluation_is_still_to_come_is_not_removed(
    promised: bool,
) -> None:
    """The fact that promised the evaluation is looked up, for the specification does not tell."""
    spec = specification(retention={"versions": 2}, stop={"env_steps": 900})
    objects, log = InMemoryObjectStore(), InMemoryFactLog()
    services = Services(log, objects, objects)
    manifest = await objects.put(keys.manifest(facts.RUN), manifests.dump(facts.RUN, spec))
    await log.publish_once(
        updated(3, rollouts=0, evaluate=promised)
    )  # the budget's last, until resumed
    removed = [keys.learner(facts.RUN, 3), keys.policy(facts.RUN, 3)]
    objects.data |= dict.fromkeys(removed, b"")
    await handle.handler(replace(ready(5), manifest=manifest), services)
    assert [key for key in removed if key in objects.data] == removed[1:] * promised
