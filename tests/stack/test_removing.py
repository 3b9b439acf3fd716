"""Runs are removed from the real stack, and nothing brings them back."""

import asyncio
import re
import shutil
import urllib.request

import nats

from faastraingym.adapters.nats.broker import connect
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import FactLog
from faastraingym.events.topology.streams import FACTS
from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from faastraingym.schemas.messages import tag
from tests.stack.facts import PATIENCE, report, until, updated
from tests.stack.specs import SHORT, held, undisturbed
from tests.stack.support import Gate, Stack
from tests.stack.test_triggers import BODY, buried, got, policy, post, put

FILE = "experiments/goes.json"
RUN = outside_events.of_upload(FILE, BODY)  # a file started it, and the file stays
STAYS = (["run.removed"], [keys.removal(RUN)], 0)


async def left(stack: Stack, run: str) -> tuple[list[str], list[str], int]:
    """Facts, objects and measurements of a run; that its file was read is the inbox's."""
    async with stack.connect() as connected:
        facts = await connected.facts.read(*subjects.of_run(run))
        stored = await connected.bucket.keys(keys.of_run(run))
        usage = await connected.facts.usage(run)
    kinds = [tag(record.fact) for record in facts if tag(record.fact) != "upload.heard"]
    return kinds, stored, len(usage)


async def tick(stack: Stack) -> None:
    """Once the servers that were killed are there again."""

    async def is_done() -> bool:
        return await asyncio.to_thread(stack.post, "/function/reconcile", b"") == 200

    await until(is_done)


def metrics(stack: Stack) -> str:
    url = f"{stack.up().exporter_url}/metrics"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  our own exporter
        return str(answer.read().decode())


def shown(stack: Stack) -> tuple[list[str], list[bool]]:
    """The runs that are listed; and which of the two the exporter shows."""
    told = metrics(stack)
    return (
        sorted(row["run_id"] for row in stack.json("runs")),
        [f'run="{run}"' in told for run in (RUN, "stays")],
    )


async def test_of_two_runs_one_is_removed(own: Stack) -> None:
    """By a dry run first; then upload, notification, event, ticks and servers' deaths follow."""
    put(own, FILE, BODY)
    assert await policy(own, RUN) == await undisturbed(SHORT)
    await tick(own)  # the file is known to have been read
    assert own.json("train", own.file(SHORT), "--run", "stays", "--no-files")["status"]
    assert shown(own) == (sorted([RUN, "stays"]), [True, True])
    stays, before = await left(own, "stays"), await left(own, RUN)

    (told,) = own.json("rm", RUN, "--dry-run")
    assert {kind: amount["number"] for kind, amount in told["facts"].items()} == {
        kind: before[0].count(kind) for kind in before[0]
    }
    assert sum(amount["number"] for amount in told["objects"].values()) == len(before[1])
    manifest = own.s3().stat_object("faastraingym", keys.manifest(RUN))
    assert told["objects"]["manifest"] == {"number": 1, "bytes": manifest.size}
    assert await left(own, RUN) == before

    done = own.cli("rm", RUN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"removed run {RUN}: {len(before[0])} facts, {len(before[1])} ")
    assert await left(own, RUN) == STAYS
    await tick(own)
    own.kill("nats-server")
    own.kill("weed")
    await _nothing_comes_back(own)
    assert await left(own, "stays") == stays
    followed = own.cli("follow", RUN)
    assert followed.returncode == 3
    assert f"{RUN} was removed" in followed.stderr

    put(own, FILE, BODY)  # the same file, and its notification
    assert b"was removed" in await got(own, keys.refusal(FILE))
    await tick(own)
    own.s3().remove_object("faastraingym", keys.refusal(FILE))
    await tick(own)
    assert own.cli("start", own.file(SHORT), "--run", RUN).returncode == 3
    await _nothing_comes_back(own)
    again = own.json("train", own.file(SHORT), "--run", "again", "--no-files")
    assert again["policy"]["sha256"] == await undisturbed(SHORT)
    assert await left(own, "stays") == stays

    own.down()
    shutil.rmtree(own.home / "nats" / "store")
    own.up()
    async with own.connect() as connected:
        await report(connected, "stays")
    await tick(own)
    await tick(own)
    assert [row["run_id"] for row in own.json("runs") if row["run_id"] == RUN] == []
    assert (await left(own, RUN))[:2] == STAYS[:2]


async def _nothing_comes_back(stack: Stack) -> None:
    for _ in range(2):
        await tick(stack)
        assert shown(stack) == (["stays"], [False, True])
        assert (await left(stack, RUN))[:2] == STAYS[:2]


async def test_an_event_that_comes_again_starts_nothing(own: Stack) -> None:
    """By HTTP it is told so, by NATS it becomes a dead letter."""
    named = {"Content_Type": "application/json", "Idempotency_Key": "nightly"}
    assert post(own, BODY, **named) == {"runs": [{"run_id": "nightly", "new": True}]}
    await policy(own, "nightly")
    assert own.cli("rm", "nightly").returncode == 0
    status = own.post(
        "/function/start-run",
        BODY,
        Authorization=f"Bearer {own.credentials().trigger_token}",
        **named,
    )
    assert status == 409
    url, login, _, _ = own.nats("trigger")
    client = await nats.connect(url, user=login.user, password=login.password)
    await client.publish("ftg-start.nightly", BODY)
    await client.close()
    letter = await asyncio.to_thread(buried, own, "was removed")
    assert letter["run"] == "nightly"
    assert own.json("runs") == []
    assert own.cli("rm", "nightly").returncode == 0
    assert own.json("dead", "list") == []


async def test_a_run_that_goes_on_is_refused_and_what_was_begun_is_waited_for(
    own: Stack, gate: Gate
) -> None:
    """It is stopped while its rollouts stand still: they end, and what they wrote goes as well."""
    own.start("held", held(gate))
    async with own.connect() as connected:
        await updated(connected.facts, "held")
        refused = own.cli("rm", "held")
        assert refused.returncode == 3
        assert "run held goes on; first `faastrain stop held`" in refused.stderr
        await until(lambda: _are_begun(connected.facts))
        assert own.cli("stop", "held").returncode == 0
        await report(connected, "held")
    removing = own.popen("rm", "held")
    assert removing.stderr is not None
    waits = await asyncio.to_thread(removing.stderr.readline)
    assert re.match(r"waiting for \d commands? of held, which functions still work on", waits)
    gate.open()
    said, complained = await asyncio.to_thread(removing.communicate, timeout=PATIENCE)
    assert removing.returncode == 0, complained
    assert said.startswith("removed run held: ")
    await tick(own)
    kinds, stored, _ = await left(own, "held")
    assert (kinds, stored) == (["run.removed"], [keys.removal("held")])
    assert own.json("runs") == []


async def _are_begun(facts: FactLog) -> bool:
    """The update's cost is told after it has queued the rollouts, which stand still then."""
    return bool(await facts.usage("held", "update-policy"))


async def test_a_log_of_an_early_version_is_made_anew_from_the_store(own: Stack) -> None:
    """As docs/upgrading.md says: until then the command is refused, and nothing is changed."""
    trained = own.json("train", own.file(SHORT), "--run", "early", "--no-files")
    url, login, role, prefix = own.nats()
    owner = await connect(url, login, role, prefix)
    config = (await owner.info(FACTS.name)).config
    await owner.api(f"STREAM.UPDATE.{FACTS.name}", {**config, "deny_purge": True})
    await owner.close()
    before = await left(own, "early")
    refused = own.cli("rm", "early")
    assert refused.returncode == 4
    assert "docs/upgrading.md says how to make it anew" in refused.stderr
    assert await left(own, "early") == before
    own.down()
    shutil.rmtree(own.home / "nats" / "store")
    own.up()
    async with own.connect() as connected:
        told = await report(connected, "early")
    assert told["policy"] == trained["policy"]
    assert own.cli("rm", "early").returncode == 0
    assert (await left(own, "early"))[:2] == (["run.removed"], [keys.removal("early")])
