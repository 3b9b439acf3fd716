"""What each role's login may do on the real nats-server, and that it may do nothing else."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.nats import broker
from faastraingym.adapters.nats.accounts import PREFIX
from faastraingym.adapters.nats.bus import NatsBus
from faastraingym.adapters.nats.direct import read_all
from faastraingym.adapters.nats.fact_log import NatsFactLog
from faastraingym.adapters.nats.jetstream import ApiError, Broker
from faastraingym.adapters.nats.streams import ensure_streams
from faastraingym.events.pipeline import flow, subjects
from faastraingym.events.pipeline.commands import Invocation
from faastraingym.events.topology import roles
from faastraingym.events.topology.roles import (
    ANY,
    EXPORTER,
    GATEWAY,
    OPERATOR,
    PROCESSES,
    QUEUE_WORKER,
    ROLES,
    SUPERVISOR,
)
from faastraingym.events.topology.streams import ASYNC, DEAD, FACTS, USAGE
from faastraingym.schemas.messages import FACTS as KINDS
from faastraingym.schemas.messages import Message, WarmUp, tag
from tests.embedded.servers.conftest import Servers
from tests.schemas.samples import SAMPLES
from tests.stack.facts import until

LOGINS = sorted({*ROLES, "ping"})
FUNCTIONS = [name for name in LOGINS if name not in PROCESSES]
SAYABLE = {type(sample): sample for sample in SAMPLES if isinstance(sample, KINDS)}


@asynccontextmanager
async def connected(servers: Servers, role: str) -> AsyncIterator[Broker]:
    """A connection with a role's login."""
    connection = await broker.connect(servers.nats_url, servers.logins.nats[role], role, PREFIX)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def owner(servers: Servers) -> AsyncIterator[Broker]:
    """The supervisor, with the streams as they are in a stack."""
    async with connected(servers, SUPERVISOR) as connection:
        await ensure_streams(connection, {})
        yield connection


def named(fact: Message, run: str) -> Message:
    """The fact, of another run."""
    return msgspec.structs.replace(fact, run=run)


async def allowed(attempt: Coroutine[Any, Any, Any]) -> bool:
    """Whether the server did it."""
    try:
        await attempt
    except AdapterError:
        return False
    return True


# Who says what; beside them `reconcile`, which says again what was lost, and the owner.
SAY = {
    "run.requested": {OPERATOR, "start-run", "plan-experiment"},
    "run.resumed": {OPERATOR, "plan-experiment"},
    "run.stop-requested": {OPERATOR, "plan-experiment"},
    "run.started": {"start-run"},
    "policy.updated": {"update-policy"},
    "rollout.completed": {"rollout"},
    "rollout.reissued": {QUEUE_WORKER},
    "rewards.ready": {"aggregate-rewards"},
    "episodes.evaluated": {"evaluate"},
    "evaluation.completed": {"evaluate", "aggregate-rewards"},
    "run.stalled": set(),
    "upload.heard": set(),
    "invocation.dead-lettered": {QUEUE_WORKER},
    "run.completed": {"conclude-run"},
    "run.failed": {"start-run", "conclude-run"},
    "run.unreported": {"conclude-run"},
    "report.written": {"conclude-run"},
    "model.registered": {OPERATOR},
    "model.promoted": {OPERATOR},
    "experiment.requested": {OPERATOR, "start-run"},
    "experiment.started": {"start-run"},
    "trial.requested": {"plan-experiment"},
    "trial.reported": {"conclude-run"},
    "trial.decided": {"plan-experiment"},
    "experiment.stop-requested": {OPERATOR},
    "experiment.completed": {"plan-experiment"},
    "experiment.failed": {"start-run", "plan-experiment", "conclude-run"},
    "run.removed": {OPERATOR},
}


def may_say(role: str, kind: type[Message]) -> bool:
    return role in SAY[tag(kind)] | {"reconcile", SUPERVISOR}


@pytest.mark.parametrize("role", LOGINS)
async def test_a_role_says_its_facts_and_no_others(
    servers: Servers, owner: Broker, role: str
) -> None:
    """Every kind of fact is tried; the log has what was allowed, and nothing of the rest."""
    async with connected(servers, role) as connection:
        facts = NatsFactLog(connection)
        for kind, fact in SAYABLE.items():
            said = await allowed(facts.publish_once(named(fact, f"said-by-{role}")))
            assert (tag(kind), said) == (tag(kind), may_say(role, kind))
    log = await NatsFactLog(owner).read(*subjects.of_run(f"said-by-{role}"))
    assert {tag(r.fact) for r in log} == {tag(k) for k in KINDS if may_say(role, k)}


@pytest.mark.parametrize("role", [name for name in LOGINS if name != SUPERVISOR])
async def test_answers_cannot_be_sent_where_a_role_may_not_speak(
    servers: Servers, owner: Broker, role: str
) -> None:
    """JetStream answers to whatever subject it is told: between accounts that forges nothing."""
    rights = roles.of(role)
    questions = [f"{PREFIX}.{verb}" for verb in rights.asks] + list(rights.sends)
    questions += [subjects.of_topic(topic) for topic in rights.says if topic != ANY]
    async with connected(servers, role) as connection:
        for number, pattern in enumerate(questions):
            subject = pattern.replace("*", f"bait-{role}").replace(">", f"bait-{role}.{number}")
            for forged in (f"ftg.policy.updated.bait.{number}", subjects.of_command("bait", "x")):
                await connection.publish(subject, b'{"seq": 1}', reply=forged)
        await connection.client.flush()
    forged_facts = await NatsFactLog(owner).count("ftg.policy.updated.bait.>")
    forged_commands = await _messages(owner, ASYNC.name, subjects.of_command("bait"))
    assert (forged_facts, forged_commands) == (0, 0)


# What JetStream is asked, and who may: everybody else is refused.
READERS = {*FUNCTIONS, QUEUE_WORKER, OPERATOR, EXPORTER, "observer"}
QUESTIONS: dict[str, tuple[Any, set[str]]] = {
    "STREAM.INFO.FTG_FACTS": (None, READERS),
    "STREAM.INFO.FTG_ASYNC": (None, {QUEUE_WORKER, OPERATOR, EXPORTER, "observer"}),
    "CONSUMER.CREATE.FTG_ASYNC.thief": ({"name": "thief"}, {QUEUE_WORKER}),
    "CONSUMER.CREATE.FTG_FACTS.thief": ({"name": "thief"}, {QUEUE_WORKER, OPERATOR, "observer"}),
    "CONSUMER.DELETE.FTG_FACTS.thief": (None, set()),
    "CONSUMER.LIST.FTG_ASYNC": (None, {EXPORTER}),
    "CONSUMER.LIST.FTG_USAGE": (None, set()),
    "STREAM.CREATE.ELSEWHERE": ({"subjects": ["elsewhere"]}, set()),
    "STREAM.UPDATE.FTG_USAGE": ({"subjects": ["ftg-usage.>"]}, {QUEUE_WORKER}),
    "STREAM.PURGE.FTG_FACTS": ({"filter": "ftg.run.requested.nobody"}, {OPERATOR}),
    "STREAM.PURGE.FTG_USAGE": ({"filter": "ftg-usage.nobody.*"}, {OPERATOR}),
    "STREAM.PURGE.FTG_ASYNC": (None, set()),
    "STREAM.MSG.DELETE.FTG_FACTS": ({"seq": 1}, set()),
    "STREAM.MSG.DELETE.FTG_DEAD": ({"seq": 1}, {OPERATOR}),
    "STREAM.MSG.DELETE.FTG_USAGE": ({"seq": 1}, set()),
    "STREAM.MSG.GET.FTG_ASYNC": ({"seq": 1}, set()),
    "STREAM.DELETE.FTG_USAGE": (None, set()),
}


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize("verb", QUESTIONS)
async def test_who_may_ask_jetstream_what(
    servers: Servers, owner: Broker, verb: str, role: str
) -> None:
    """Read, follow, deliver, make streams: whoever may not gets no answer of JetStream."""
    await owner.request(subjects.of_dead_letter("x"), b"a letter")
    question, roles_allowed = QUESTIONS[verb]
    stream, name = verb.split(".")[2 if ".MSG." not in verb else 3], verb.split(".")[-1]
    body = {"stream_name": stream, "config": question} if "CONSUMER.CREATE" in verb else question
    body = {**question, "name": name} if verb.startswith(("STREAM.C", "STREAM.U")) else body
    async with connected(servers, role) as connection:
        answered = await _is_answered(connection, verb, body)
    assert answered == (role in roles_allowed or role == SUPERVISOR)


READ_COSTS = {"conclude-run", "reconcile", QUEUE_WORKER, OPERATOR, EXPORTER, "observer", SUPERVISOR}


@pytest.mark.parametrize("role", LOGINS)
async def test_who_may_read_what_a_run_cost(servers: Servers, owner: Broker, role: str) -> None:
    """Who reports it, who repairs a report of a trial, and who shows it."""
    assert owner.client.is_connected
    async with connected(servers, role) as connection:
        assert await allowed(NatsFactLog(connection).usage("a-run")) == (role in READ_COSTS)


@pytest.mark.parametrize("role", [OPERATOR, "observer"])
async def test_a_follower_takes_no_delivery_from_a_function(
    servers: Servers, owner: Broker, role: str
) -> None:
    """It may have consumers of its own, but neither pull nor change those of functions."""
    async with connected(servers, QUEUE_WORKER) as worker, connected(servers, role) as follower:
        heard = await NatsBus(worker).facts_for("start-run", ["run.requested"])
        await owner.request(f"ftg.run.requested.for-{role}", b"x")
        stolen = await follower.client.subscribe("stolen")
        before = await _consumer(owner, "fact-start-run")
        pull = f"{PREFIX}.CONSUMER.MSG.NEXT.FTG_FACTS.fact-start-run"
        await follower.publish(pull, b'{"batch": 1}', reply="stolen")
        config = before["config"] | {"filter_subjects": ["ftg.run.failed.>"]}
        change = msgspec.json.encode({"stream_name": FACTS.name, "config": config})
        create = f"{PREFIX}.CONSUMER.CREATE.FTG_FACTS.fact-start-run"
        await follower.publish(create, change, reply="stolen")
        await follower.client.flush()
        after = await _consumer(owner, "fact-start-run")
        assert after["config"]["filter_subjects"] == ["ftg.run.requested.>"]
        assert (after["num_ack_pending"], stolen.pending_msgs) == (0, 0)
        for delivery in await heard.next(99):
            await delivery.ack()
        await heard.close()


async def test_each_delivers_what_it_is_there_for(servers: Servers, owner: Broker) -> None:
    """The gateway queues, the queue-worker takes, settles and buries, the operator reads that."""
    await owner.api(f"STREAM.PURGE.{ASYNC.name}")  # what others were allowed
    async with (
        connected(servers, GATEWAY) as gateway,
        connected(servers, QUEUE_WORKER) as worker,
        connected(servers, OPERATOR) as operator,
    ):
        await NatsBus(gateway).enqueue("rollout", b"{}", "once")
        commands = await NatsBus(worker).commands_for("rollout")
        (delivery,) = await commands.next(1)
        await NatsBus(worker).give_up("rollout", b"buried")
        await delivery.ack()
        await commands.close()

        async def is_settled() -> bool:
            """An ack is not answered."""
            return await _messages(owner, ASYNC.name, subjects.of_command("rollout")) == 0

        await until(is_settled)
        letters = await read_all(operator, DEAD.name, subjects.of_dead_letter("rollout"))
    assert [letter.data for letter in letters] == [b"buried"]


MAKERS = {"start-run", "rollout", "aggregate-rewards", "update-policy", "evaluate"}
STAGES = {*FUNCTIONS} - {*flow.ANSWERING, "reconcile", "ping"}
# Who commands whom; beside them those who may command anybody.
COMMAND = {
    **dict.fromkeys(MAKERS, STAGES),  # to make again what is lost, or to be warm
    "rollout": STAGES | {QUEUE_WORKER},  # which issues late ones a second time
    "plan-update": {"start-run", "plan-update", "update-policy"},
    "conclude-run": {"start-run", "plan-update"},
    "plan-experiment": set[str](),
    "reconcile": set[str](),
    "ping": set[str](),
}


@pytest.mark.parametrize("role", LOGINS)
async def test_a_role_commands_those_whom_it_has_work_for(
    servers: Servers, owner: Broker, role: str
) -> None:
    """Every function is tried; the queue has what was allowed, and nothing of the rest."""
    async with connected(servers, role) as connection:
        queue = NatsBus(connection)
        for function in COMMAND:
            command = Invocation(function, WarmUp(run=f"commanded-by-{role}"))
            queued = await allowed(queue.invoke(command, b"body", "signature"))
            anybody = role in {"reconcile", GATEWAY, OPERATOR, SUPERVISOR}
            assert (function, queued) == (function, anybody or role in COMMAND[function])
            subject = subjects.of_command(function, command.work)
            assert await _messages(owner, ASYNC.name, subject) == queued
    await owner.api(f"STREAM.PURGE.{ASYNC.name}")


@pytest.mark.parametrize("role", [name for name in LOGINS if name != SUPERVISOR])
async def test_a_function_meters_itself_and_nobody_else(
    servers: Servers, owner: Broker, role: str
) -> None:
    """But the queue-worker, for who died, and aggregate-rewards, for functions of one's own.

    Metering is not acknowledged: the stream is looked at.
    """
    run = f"metered-by-{role}"
    async with connected(servers, role) as connection:
        for name in {"evaluate", role}:
            await connection.publish(f"ftg-usage.{run}.{name}", b"x")
        await connection.client.flush()
    itself = await _messages(owner, USAGE.name, f"ftg-usage.{run}.{role}")
    others = await _messages(owner, USAGE.name, f"ftg-usage.{run}.>") - itself
    assert itself == (role in {*FUNCTIONS, QUEUE_WORKER})
    assert others == (role in (QUEUE_WORKER, "aggregate-rewards"))


async def _is_answered(connection: Broker, verb: str, body: Any) -> bool:
    try:
        await connection.api(verb, body)
    except ApiError:
        return True  # JetStream heard it and did not like it
    except AdapterError:
        return False
    return True


async def _consumer(owner: Broker, name: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(await owner.api(f"CONSUMER.INFO.FTG_FACTS.{name}"))
    return found


async def _messages(owner: Broker, stream: str, pattern: str) -> int:
    answer = await owner.api(f"STREAM.INFO.{stream}", {"subjects_filter": pattern})
    found = msgspec.json.decode(answer)["state"].get("subjects", {})
    return sum(found.values())
