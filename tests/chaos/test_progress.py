"""What is said is counted: by run, by experiment, by topic."""

import asyncio

from faastraingym.adapters.nats.broker import connect
from tests.chaos.progress import Progress
from tests.servers import LOGIN, NatsServer


async def test_an_experiment_has_its_own_facts_and_those_of_its_runs(
    nats_server: NatsServer,
) -> None:
    broker = await connect(nats_server.url, LOGIN)
    progress = Progress(broker)
    await progress.listen()

    async def say(*subjects: str) -> None:
        for subject in subjects:
            await broker.client.publish(subject)
        await broker.client.flush()

    await say(
        "ftg.experiment.requested.chaos-1",
        "ftg.run.requested.chaos-1-0-5",
        "ftg.run.requested.chaos-1-0-5",  # a copy counts once
        "ftg.report.written.chaos-1-0-5.0",
        "ftg.run.requested.chaos-10",
    )
    await progress.until(lambda: progress.count() == 4)
    assert progress.count("chaos-1") == 3
    assert progress.count("chaos-10") == 1
    assert progress.is_over("chaos-1-0-5")
    assert not progress.is_over("chaos-1")

    decided = asyncio.create_task(progress.more(1, "trial.decided"))
    await say("ftg.trial.requested.chaos-1.0")
    await progress.until(lambda: progress.count() == 5)
    assert not decided.done()
    await say("ftg.trial.decided.chaos-1.0.0", "ftg.experiment.completed.chaos-1")
    await decided
    await progress.until(lambda: progress.is_over("chaos-1"))
    await broker.close()
