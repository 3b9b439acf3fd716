"""A run is removed: whatever dies in between, and whenever reconcile looks, nothing comes back."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from faastraingym.client import holdings, removing
from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import fold
from faastraingym.events.triggers import outside_events
from faastraingym.events.views.runs import known_runs, overview
from faastraingym.functions.reconcile.handler import handle as reconcile
from faastraingym.schemas import keys
from faastraingym.schemas.dead_letter import DeadLetter
from faastraingym.schemas.messages import (
    CollectRollout,
    ExperimentFailed,
    ExperimentRequested,
    InvocationCompleted,
    Membership,
    Message,
    ReportWritten,
    RunCompleted,
    RunRequested,
    RunResumed,
    StopRequested,
    UploadHeard,
    encode,
    tag,
)
from tests.client.memory import connected
from tests.fakes import GONE, InMemoryCommandQueue, InMemoryDeadLetters
from tests.schemas.samples import SAMPLES
from tests.test_loop import SPEC, Platform

FILE, BODY = "experiments/cart.json", json.dumps(SPEC).encode()
RUN = outside_events.of_upload(FILE, BODY)  # a file started it, and the file stays
OTHER = "other"
USAGE = next(one for one in SAMPLES if isinstance(one, InvocationCompleted))


class Desk:
    """A platform on which two runs have ended, and the operator's connection to it."""

    def __init__(self, log: list[Any], data: dict[str, bytes]) -> None:
        self.platform = Platform()
        self.facts, self.objects = self.platform.facts, self.platform.objects
        self.facts.log, self.objects.data = list(log), dict(data)
        self.letters, self.commands = InMemoryDeadLetters(), InMemoryCommandQueue()
        self.facts.metered = [replaced(USAGE, RUN), replaced(USAGE, OTHER)]
        for run in (RUN, OTHER):
            request = RunRequested(run=run, spec=SPEC)
            self.letters.give_up(a_letter(request))

    @property
    def stack(self) -> Connected:
        return connected(self.facts, self.objects, self.letters, self.commands)

    async def tick(self) -> list[Message | Invocation]:
        """What reconcile has to say long after everything; it is said, and what follows is done."""
        self.facts.log = [(s, r._replace(at=r.at - 36_000)) for s, r in self.facts.log]
        said = [*await reconcile.handler(None, self.platform.services)]
        for message in said:
            await self.platform.publish(message)
        await self.platform.run()
        return said

    async def remove(self, run: str = RUN) -> None:
        await removing.remove(self.stack, run, pytest.fail, patience=0)

    def of(self, run: str) -> tuple[list[str], list[str], int, int]:
        """Facts, objects, measurements and dead letters of a run."""
        return (
            [tag(r.fact) for s, r in self.facts.log if s != GONE and r.fact.run == run],
            sorted(key for key in self.objects.data if key.startswith(keys.of_run(run))),
            sum(usage.run == run for usage in self.facts.metered),
            sum(letter.run == run for letter in self.letters.kept.values()),
        )


class Dies(Exception):  # noqa: N818  the condition's own name
    """The process of the operator was killed."""


def mortal(stack: Connected, calls: int) -> tuple[Connected, Callable[[], int]]:
    """The connection of a process that is killed before the call after `calls`; and how many."""
    made = 0

    class Port:
        def __init__(self, port: Any) -> None:
            self._port = port

        def __getattr__(self, name: str) -> Any:
            async def call(*arguments: Any) -> Any:
                nonlocal made
                if made == calls:
                    raise Dies
                made += 1
                return await getattr(self._port, name)(*arguments)

            return call

    ports: Any = Connected(*map(Port, stack))
    return ports, lambda: made


def replaced(usage: InvocationCompleted, run: str) -> InvocationCompleted:
    return InvocationCompleted(
        **{n: getattr(usage, n) for n in usage.__struct_fields__} | {"run": run}
    )


def a_letter(message: Message) -> DeadLetter:
    return DeadLetter(
        function="start-run",
        subject=subjects.of(message),
        call_id="1",
        payload=encode(message),
        attempts=5,
        status=500,
        error="Traceback",
        at=0.0,
        run=message.run,
    )


@pytest.fixture(scope="module")
def ended() -> tuple[list[Any], dict[str, bytes]]:
    """What log and store hold of two runs that have ended: trained once."""
    import asyncio

    platform = Platform()

    async def both() -> None:
        platform.objects.data[FILE] = BODY
        etag = (await platform.objects.listed(FILE))[0].etag
        for run in (RUN, OTHER):
            await platform.publish(RunRequested(run=run, spec=SPEC))
            await platform.run()
        await platform.publish(UploadHeard(run=RUN, key=FILE, etag=etag))

    asyncio.run(both())
    return platform.facts.log, platform.objects.data


@pytest.fixture
def desk(ended: tuple[list[Any], dict[str, bytes]]) -> Desk:
    return Desk(*ended)


STAYS = (["upload.heard", "run.removed"], [keys.removal(RUN)], 0, 0)


async def test_all_of_a_run_goes_and_nothing_of_another(desk: Desk) -> None:
    """What stays tells that it was removed, and that its file was read."""
    other = desk.of(OTHER)
    told = await holdings.held(desk.stack, RUN)
    facts, objects, usage, letters = desk.of(RUN)
    assert sum(amount.number for amount in told.facts.values()) == len(facts) - 1  # upload.heard
    assert sum(amount.number for amount in told.objects.values()) == len(objects)
    held = {key: len(desk.objects.data[key]) for key in objects}
    assert sum(amount.bytes for amount in told.objects.values()) == sum(held.values())
    assert told.objects["manifest"].bytes == held[keys.manifest(RUN)]
    assert (told.measurements.number, told.dead_letters.number) == (usage, letters) == (1, 1)
    assert {"policies", "learner", "trajectories", "report", "learning_curve", "log"} <= {
        *told.objects
    }
    await desk.remove()
    assert desk.of(RUN) == STAYS
    assert desk.of(OTHER) == other
    assert [row.run_id for row in await overview(desk.facts, 0.0)] == [OTHER]
    assert await desk.tick() == []
    assert (desk.of(RUN), desk.of(OTHER)) == (STAYS, other)


async def test_wherever_the_process_dies_the_run_never_trains_again(
    ended: tuple[list[Any], dict[str, bytes]],
) -> None:
    """Before every call that it makes; reconcile ticks then, and the same call ends the work."""
    whole, calls = mortal(Desk(*ended).stack, -1)
    await removing.remove(whole, RUN, pytest.fail)
    assert calls() > 25
    for number in range(calls()):
        desk = Desk(*ended)
        other, before = desk.of(OTHER), desk.of(RUN)
        dying, _ = mortal(desk.stack, number)
        with pytest.raises(Dies):
            await removing.remove(dying, RUN, pytest.fail)
        assert await desk.tick() == [], number
        assert RUN in [row.run_id for row in await overview(desk.facts, 0.0)] or number
        if number == 0:
            assert desk.of(RUN) == before
        await desk.remove()
        assert await desk.tick() == [], number
        assert (desk.of(RUN), desk.of(OTHER)) == (STAYS, other), number


async def test_a_tick_between_every_two_calls_finds_nothing_to_do(desk: Desk) -> None:
    ticks: list[Any] = []

    class Port:
        def __init__(self, port: Any) -> None:
            self._port = port

        def __getattr__(self, name: str) -> Any:
            async def call(*arguments: Any) -> Any:
                ticks.append(await desk.tick())
                return await getattr(self._port, name)(*arguments)

            return call

    watched: Any = Connected(*map(Port, desk.stack))
    await removing.remove(watched, RUN, pytest.fail)
    assert not any(ticks)
    assert len(ticks) > 25
    assert desk.of(RUN) == STAYS


async def test_a_broker_that_lost_everything_hears_of_the_removal_alone(
    ended: tuple[list[Any], dict[str, bytes]],
) -> None:
    """Wherever the operator died: before the removal has its copy, the run is there as before."""
    whole, calls = mortal(Desk(*ended).stack, -1)
    await removing.remove(whole, RUN, pytest.fail)
    for number in range(calls() + 1):
        desk = Desk(*ended)
        dying, _ = mortal(desk.stack, number)
        with suppress(Dies):
            await removing.remove(dying, RUN, pytest.fail)
        desk.facts.log.clear()
        desk.platform.said.clear()
        said = about(RUN, await desk.tick())
        if number < 2:
            history = fold(await desk.facts.read(*subjects.of_run(RUN)))
            assert isinstance(history.end, RunCompleted), number
        else:
            assert [tag(one) for one in said] == ["run.removed", "upload.heard"], number
            assert desk.of(RUN)[0] == ["run.removed", "upload.heard"], number
        other = fold(await desk.facts.read(*subjects.of_run(OTHER)))
        assert isinstance(other.end, RunCompleted), number


async def test_a_broker_that_was_rolled_back_to_the_run_hears_of_the_removal(desk: Desk) -> None:
    """It was half way then, and its manifest is gone: it is not made again."""
    log = list(desk.facts.log)
    await desk.remove()
    half = [tag(r.fact) for _, r in log].index("rewards.ready")
    desk.facts.log = log[:half]
    desk.platform.said.clear()
    told = about(RUN, await desk.tick())
    assert [tag(one) for one in told] == ["run.removed", "upload.heard"]
    assert (await known_runs(desk.facts))[RUN] is False
    assert about(RUN, await desk.tick()) == []
    await desk.remove()
    assert sorted(desk.of(RUN)[0]) == sorted(STAYS[0])


async def test_a_store_that_was_rolled_back_brings_no_run_back(desk: Desk) -> None:
    data = dict(desk.objects.data)
    await desk.remove()
    desk.objects.data = data
    assert await desk.tick() == []
    await desk.remove()
    assert desk.of(RUN) == STAYS


async def test_whatever_is_delivered_again_starts_nothing(desk: Desk) -> None:
    """Every fact of the run, to all who hear it: start-run keeps still, the others lack its log."""
    facts = [r.fact for _, r in desk.facts.log if r.fact.run == RUN]
    await desk.remove()
    for fact in facts:
        desk.platform.queue.clear()
        for line in [invocation(fact)] if isinstance(fact, RunRequested) else []:
            assert await desk.platform.answers(line.function, encode(fact)) == []
    resumed = RunResumed(
        run=RUN, manifest=manifest(facts), segment=1, env_steps=10_000, target=None
    )
    await desk.facts.publish_once(resumed)  # by one who had looked before
    assert await desk.tick() == []


def about(run: str, said: list[Message | Invocation]) -> list[Message]:
    """The messages of a run, those of commands, too."""
    messages = [one.message if isinstance(one, Invocation) else one for one in said]
    return [message for message in messages if message.run == run]


def manifest(facts: list[Message]) -> Any:
    return next(fact for fact in facts if tag(fact) == "run.started").manifest


async def test_a_name_is_never_used_again(desk: Desk) -> None:
    """Though the log would take the request: start-run, who starts every run, knows better."""
    await desk.remove()
    await desk.platform.publish(RunRequested(run=RUN, spec=SPEC))
    await desk.platform.run()
    assert desk.platform.said == ["run.requested"]
    assert await desk.tick() == []
    await desk.remove()
    assert desk.of(RUN) == STAYS


async def test_a_name_is_not_used_again_though_the_broker_has_lost_what_it_knew(desk: Desk) -> None:
    """Before reconcile has said it again: the store tells start-run."""
    await desk.remove()
    desk.facts.log.clear()
    await desk.platform.publish(RunRequested(run=RUN, spec=SPEC))
    await desk.platform.run()
    assert desk.platform.said == ["run.requested"]
    assert [tag(one) for one in about(RUN, await desk.tick())] == ["run.removed", "upload.heard"]
    await desk.remove()
    assert sorted(desk.of(RUN)[0]) == sorted(STAYS[0])


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (["run.requested"], "goes on; first `faastrain stop"),
        (["run.requested", "run.stop-requested"], "is stopping; `faastrain follow"),
        (["run.requested", "run.completed"], "the report of run .* is being written"),
        (["upload.heard"], "there is no run"),
    ],
)
async def test_a_run_that_goes_on_is_refused(desk: Desk, facts: list[str], why: str) -> None:
    desk.facts.log = [(s, r) for s, r in desk.facts.log if tag(r.fact) in facts]
    if "run.stop-requested" in facts:
        await desk.facts.publish_once(StopRequested(run=RUN))
    with pytest.raises(BadInput, match=why):
        await holdings.held(desk.stack, RUN)


async def test_a_run_of_an_experiment_that_goes_on_is_refused(desk: Desk) -> None:
    """The experiment would ask for it again."""
    member = Membership(name="sweep", trial=0, seed=1)
    request = RunRequested(run="sweep-0-1", spec=SPEC, experiment=member)
    report = next(one for one in SAMPLES if isinstance(one, ReportWritten))
    ended = msgspec.structs.replace(report, run="sweep-0-1", segment=0)
    for fact in (ExperimentRequested(run="sweep", spec={}), request, ended):
        await desk.facts.publish_once(fact)
    with pytest.raises(BadInput, match="one of experiment sweep, which goes on; first `faastrain"):
        await holdings.held(desk.stack, "sweep-0-1")
    await desk.facts.publish_once(ExperimentFailed(run="sweep", reason="of the test"))
    assert (await holdings.held(desk.stack, "sweep-0-1")).facts["report.written"].number == 1


async def test_what_there_is_not_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="there is no run 'x'"):
        await holdings.held(desk.stack, "x")


async def test_a_log_of_an_early_version_is_said(desk: Desk) -> None:
    stack = desk.stack
    stack.removals.allows = False  # type: ignore[attr-defined]
    with pytest.raises(StackTrouble, match=r"docs/upgrading\.md"):
        await holdings.held(stack, RUN)


async def test_work_that_began_is_waited_for(desk: Desk) -> None:
    """A rollout beyond the threshold, for one; what it wrote goes, too."""
    command = next(one for one in SAMPLES if isinstance(one, CollectRollout))
    late = Invocation("rollout", CollectRollout(**fields(command) | {"run": RUN}))
    await desk.commands.invoke(late, b"", "")
    with pytest.raises(StackTrouble, match=r"1 command of .* did not end; nothing brings"):
        await removing.remove(desk.stack, RUN, lambda _: None, patience=0)
    assert desk.of(RUN)[1] != [keys.removal(RUN)]
    notices: list[str] = []

    def settle(notice: str) -> None:
        notices.append(notice)
        desk.objects.data[keys.trajectory(RUN, 9, 9)] = b"late"
        desk.commands.done.add(late.work)

    await removing.remove(desk.stack, RUN, settle)
    assert notices == [f"waiting for 1 command of {RUN}, which functions still work on"]
    assert desk.of(RUN) == STAYS


async def test_what_comes_later_still_is_litter_that_the_same_command_removes(desk: Desk) -> None:
    """Of a replica that nobody waited for: the queue-worker that had asked it was killed."""
    await desk.remove()
    late = next(r.fact for _, r in desk.facts.log if tag(r.fact) == "rollout.completed")
    late = type(late)(**fields(late) | {"run": RUN})
    await desk.facts.publish_once(late)
    desk.objects.data[keys.trajectory(RUN, 9, 9)] = b"late"
    assert await desk.tick() == []
    assert (await holdings.held(desk.stack, RUN)).amount.number == 2
    await desk.remove()
    assert desk.of(RUN) == STAYS
    assert (await holdings.held(desk.stack, RUN)).amount.number == 0


def fields(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__struct_fields__}
