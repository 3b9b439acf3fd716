"""One tick: what every run needs, and no run at the cost of another."""

import hashlib
import json
import time
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from faastraingym.adapters.errors import Refused
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.ports import Listed, Services, Unavailable
from faastraingym.events.triggers import outside_events
from faastraingym.functions.plan_experiment.handler import handle as plan_experiment
from faastraingym.functions.reconcile.handler import handle
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    ExperimentCompleted,
    ExperimentRequested,
    ExperimentStarted,
    HearUpload,
    Message,
    PolicyUpdated,
    RestoreObject,
    RunRequested,
    RunStalled,
    StopRequested,
    TrialReported,
    UploadHeard,
    tag,
)
from tests.events.models.versions import A_VERSION
from tests.fakes import InMemoryFactLog, InMemoryObjectStore
from tests.test_experiment import EXPERIMENT
from tests.test_loop import SPEC, Platform, train


async def tick(services: Services) -> list[Message | Invocation]:
    return [*await handle.handler(None, services)]


def kinds(items: Iterable[Message | Invocation]) -> list[str]:
    return [item.function if isinstance(item, Invocation) else tag(item) for item in items]


async def begun() -> Platform:
    """A run up to its first version, whose rollouts are queued."""
    platform = Platform()
    await platform.publish(RunRequested(run="demo", spec=SPEC))
    while "policy.updated" not in platform.said:
        await platform.deliver(*platform.queue.popleft())
    return platform


async def test_a_tick_copies_the_log_and_issues_nothing_before_the_deadline() -> None:
    platform = await begun()
    assert await tick(platform.services) == []
    assert await platform.objects.keys(keys.logs("demo")) == [keys.log("demo", 0, 3)]


async def test_an_emptied_log_hears_its_facts_again_and_what_the_run_waits_for() -> None:
    platform = await begun()
    await tick(platform.services)
    emptied = Services(InMemoryFactLog(), platform.objects, platform.objects)
    again = kinds(await tick(emptied))
    assert again[:4] == ["policy.updated", "run.started", "run.requested", "run.stalled"]
    assert again[4:] == ["rollout", "rollout"]


async def test_a_run_of_which_only_the_manifest_is_left_is_requested_again() -> None:
    platform = await begun()
    emptied = Services(InMemoryFactLog(), platform.objects, platform.objects)
    request, stalled, start = await tick(emptied)
    assert request == RunRequested(run="demo", spec=request.spec)
    assert isinstance(stalled, RunStalled)
    assert kinds([start]) == ["start-run"]


async def test_a_request_is_missed_though_others_spoke_first() -> None:
    """A rollout in flight is the first to speak into an emptied log, before the run was copied."""
    platform = await begun()
    (updated,) = (r.fact for _, r in platform.facts.log if isinstance(r.fact, PolicyUpdated))
    emptied = InMemoryFactLog()
    await emptied.publish_once(updated)
    services = Services(emptied, platform.objects, platform.objects)
    again = kinds(await tick(services))
    assert again[0] == "run.requested"
    assert "start-run" in again


async def test_a_log_that_was_rolled_back_hears_what_it_lost() -> None:
    platform = await begun()
    await tick(platform.services)
    platform.facts.log.pop()
    (updated, *rest) = await tick(platform.services)
    assert isinstance(updated, PolicyUpdated)
    assert kinds(rest) == ["run.stalled", "rollout", "rollout"]


async def test_a_fact_that_was_lost_is_missed_though_as_many_others_were_said() -> None:
    """A broker that was rolled back may hear others before the first tick; they are copied, too."""
    platform = await begun()
    await platform.publish(StopRequested(run="demo"))
    await tick(platform.services)
    platform.facts.log.pop()
    await platform.facts.publish_once(RunStalled(run="demo", number=0, waiting_for=[]))
    stop, *rest = await tick(platform.services)
    assert stop == StopRequested(run="demo")
    assert kinds(rest) == ["run.stalled", "conclude-run"]
    copies = await platform.objects.keys(keys.logs("demo"))
    assert copies == [keys.log("demo", 0, 4), keys.log("demo", 4, 5)]


async def test_what_is_no_run_and_what_is_no_copy_is_passed_by() -> None:
    platform = await begun()
    platform.objects.data[keys.RUNS + "my backup/manifest.msgpack"] = b"x"
    platform.objects.data[keys.logs("demo") + "readme.txt"] = b"x"
    assert await tick(platform.services) == []


async def test_a_run_that_cannot_be_read_holds_up_no_other() -> None:
    """Its manifest is lost and so is its log; the other one's facts are said again."""
    platform = await begun()
    await tick(platform.services)
    platform.objects.data[keys.manifest("broken")] = b"\xc1"
    emptied = Services(InMemoryFactLog(), platform.objects, platform.objects)
    assert "policy.updated" in kinds(await tick(emptied))


async def test_a_finished_run_is_left_alone() -> None:
    platform = await train(Platform())
    copies = await platform.objects.keys(keys.logs("demo"))
    assert len(copies) == 1
    assert await tick(platform.services) == []
    assert await platform.objects.keys(keys.logs("demo")) == copies


async def test_a_run_whose_objects_are_being_made_again_has_not_stalled() -> None:
    """However long it takes: what is missing is asked for, and no stall is counted."""
    platform = await begun()
    platform.facts.log = [
        (subject, record._replace(at=record.at - 3600.0)) for subject, record in platform.facts.log
    ]
    assert kinds(await tick(platform.services)) == ["run.stalled", "rollout", "rollout"]
    del platform.objects.data[keys.policy("demo", 0)]
    (asked,) = await tick(platform.services)
    assert isinstance(asked, Invocation)
    assert isinstance(asked.message, RestoreObject)
    assert asked.message.object.key == keys.policy("demo", 0)
    del platform.objects.data[keys.manifest("demo")]
    assert kinds(await tick(platform.services)) == ["start-run"]


FILE, BODY = "experiments/cart.json", json.dumps(SPEC).encode()


def inbox(**files: bytes) -> Services:
    store = InMemoryObjectStore()
    store.data = {f"experiments/{name}.json": data for name, data in files.items()}
    return Services(InMemoryFactLog(), store, store)


async def test_a_file_that_started_no_run_is_heard() -> None:
    """By start-run, which is told key and name; once the run is asked for, the log knows both."""
    services = inbox(cart=BODY)
    (command,) = await tick(services)
    assert command == HearUpload(run=outside_events.of_upload(FILE, BODY), key=FILE)
    await services.facts.publish_once(RunRequested(run=command.run, spec=SPEC))
    told = UploadHeard(run=command.run, key=FILE, etag=hashlib.sha256(BODY).hexdigest())
    assert [m for m in await tick(services) if isinstance(m, UploadHeard)] == [told]


async def test_what_the_log_knows_is_not_read_again() -> None:
    """Nor is what has its error beside it; new content is."""
    services = inbox(known=BODY, bad=b"{", gone=b"")
    store = services.bucket
    assert isinstance(store, InMemoryObjectStore)
    known, etag = "experiments/known.json", hashlib.sha256(BODY).hexdigest()
    await services.facts.publish_once(UploadHeard(run="known", key=known, etag=etag))
    for name in ("bad", "gone"):
        error = keys.refusal(f"experiments/{name}.json")
        store.data[error], store.modified[error] = b"what is wrong", 1.0
    store.read = None  # type: ignore[assignment,method-assign]
    assert await tick(services) == []
    del store.read
    store.data[known] += b" "
    assert [type(one) for one in await tick(services)] == [HearUpload]


@pytest.mark.parametrize("error", [Refused("no"), Unavailable("503")])
async def test_one_key_that_the_store_refuses_holds_up_nothing(error: Exception) -> None:
    """Nor one that it cannot read."""
    services = inbox(evil=b"", cart=BODY)
    store, read = services.bucket, services.bucket.read

    async def refusing(key: str, limit: int, etag: str = "") -> bytes | None:
        if "evil" in key:
            raise error
        return await read(key, limit, etag)

    store.read = refusing  # type: ignore[method-assign]
    assert [one.key for one in await tick(services) if isinstance(one, HearUpload)] == [FILE]


async def test_an_inbox_that_may_not_be_listed_holds_up_no_run() -> None:
    """As with the policies of an earlier version."""
    platform = await begun()

    async def refusing(prefix: str) -> list[Listed]:
        raise Refused("AccessDenied")

    platform.objects.listed = refusing  # type: ignore[method-assign]
    assert await tick(platform.services) == []
    assert await platform.objects.keys(keys.logs("demo")) == [keys.log("demo", 0, 3)]


SWEEP = {**EXPERIMENT, "seeds": [3], "at_once": 1}


async def test_an_experiment_that_missed_the_end_of_a_run_is_told_and_planned_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    platform = Platform()
    await platform.publish(ExperimentRequested(run="sweep", spec=SWEEP))
    while platform.queue:
        function, body = platform.queue.popleft()
        said = await platform.answers(function, body)
        for message in said:
            if not isinstance(message, TrialReported):  # conclude-run died before it was published
                await platform.publish(message)
    assert platform.said[-1] == "report.written"
    now = time.time() + 100.0
    monkeypatch.setattr(time, "time", lambda: now)
    told, again = await tick(platform.services)
    assert isinstance(told, TrialReported)
    assert isinstance(again, Invocation)
    assert again.function == "plan-experiment"
    await platform.publish(told)
    await platform.run()
    assert platform.said[-1] == "experiment.completed"
    assert await tick(platform.services) == []


async def test_an_experiment_that_was_lost_before_the_first_tick_is_restored() -> None:
    """The store knows its first run; who asked for that, and why, only the experiment's own log."""
    platform = Platform()
    await platform.publish(ExperimentRequested(run="sweep", spec=SWEEP))
    while "run.started" not in platform.said:
        await platform.deliver(*platform.queue.popleft())
    emptied = Services(InMemoryFactLog(), platform.objects, platform.objects)
    restored = [one for one in await tick(emptied) if isinstance(one, Message)]
    assert {subjects.of(fact) for fact in restored} >= {
        "ftg.experiment.requested.sweep",
        "ftg.experiment.started.sweep",
        "ftg.run.requested.sweep-0-3",
    }
    for fact in restored:
        await emptied.facts.publish_once(fact)
    (started,) = [fact for fact in restored if isinstance(fact, ExperimentStarted)]
    (again,) = await plan_experiment.handler(started, emptied)
    assert subjects.of(again) == "ftg.trial.requested.sweep.0"


async def test_an_experiment_is_restored_from_the_copies_of_its_log() -> None:
    platform = Platform()
    await platform.publish(ExperimentRequested(run="sweep", spec=SWEEP))
    await platform.run()
    emptied = Services(InMemoryFactLog(), platform.objects, platform.objects)
    for message in await tick(emptied):
        if not isinstance(message, Invocation):
            await emptied.facts.publish_once(message)
    known = [record.fact for record in await emptied.facts.read("ftg.experiment.>")]
    assert isinstance(known[0], ExperimentCompleted)
    assert isinstance(known[-1], ExperimentRequested)
    assert [item for item in await tick(emptied) if tag_of(item) != "run.stalled"] == []


def tag_of(item: Message | Invocation) -> str:
    return tag(item.message if isinstance(item, Invocation) else item)


async def test_facts_of_models_that_the_log_lacks_are_published() -> None:
    """A promoter was killed before its fact, or the broker lost it; a model is taken for no run."""
    services = inbox()
    registry = Registry(services.objects, services.bucket)
    await registry.add(A_VERSION)
    first, second = await registry.registered(A_VERSION), replace(A_VERSION, version=2)
    await services.facts.publish_once(first)
    assert await tick(services) == []
    await registry.add(second)
    assert await tick(services) == [await registry.registered(second)]


@pytest.mark.parametrize("error", [None, Refused("AccessDenied"), Unavailable("500")])
async def test_models_that_cannot_be_read_stop_nothing_else(error: Exception | None) -> None:
    """No record, none that the disk can read, or no right to it, as of an earlier version."""
    services = inbox(cart=BODY)
    read = services.bucket.read
    await services.bucket.write(keys.model("broken", 1), b"no record", "application/msgpack")

    async def refusing(key: str, limit: int, etag: str = "") -> bytes | None:
        if error and key.startswith(keys.MODELS):
            raise error
        return await read(key, limit, etag)

    services.bucket.read = refusing  # type: ignore[method-assign]
    assert [type(each) for each in await tick(services)] == [HearUpload]


async def test_states_of_environments_are_removed_once_their_tokens_have_expired() -> None:
    """Those of one hour in a tick, the oldest; nothing beside them."""
    platform = Platform()
    store, hour = platform.objects, int(time.time() // 3600)
    old, older, going = (keys.environment_state(hour + ago, "0" * 64) for ago in (-2, -3, 0))
    beside = f"{keys.STATES}else/{'0' * 64}.msgpack"
    for key in (old, older, going, beside):
        await store.put(key, b"a state")
    await tick(platform.services)
    assert {*store.data} == {old, going, beside}
    await tick(platform.services)
    await tick(platform.services)
    assert {*store.data} == {going, beside}
