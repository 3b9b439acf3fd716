"""Many rollouts in flight: one version promises them all at once."""

import asyncio

from benchmarks.report import Row
from events.streams import ASYNC
from schemas.messages import PolicyUpdated, RewardsReady
from schemas.specification import to_dict
from tests.stack.specs import undisturbed

from .runs import Bench, Ended, losses, messages, none, seconds, train
from .sizes import Size, tiny

NAME = "in flight"


async def measure(at: Bench, size: Size) -> list[Row]:
    """Nothing lost, each fact once, and the same bytes as in one process."""
    count, versions = size.in_flight, size.in_flight_versions
    spec = tiny(count, versions)
    lengths: list[int] = []
    looking = asyncio.create_task(_look(at, lengths))
    run = await train(at, "in-flight", spec)
    looking.cancel()
    usage = await at.connected.facts.usage("in-flight")
    updates = [call.seconds for call in usage if call.function == "update-policy"]
    differs = run.sha256 != await undisturbed(to_dict(spec))
    whole = f"{count} rollouts a version, {versions} versions"
    return [
        Row(benchmark=NAME, what=whole, unit="s", samples=[seconds(run)]),
        Row(benchmark=NAME, what="most commands in the queue", samples=[float(max(lengths))]),
        Row(benchmark=NAME, what="rollouts of one version", unit="1/s", samples=_rates(run)),
        Row(benchmark=NAME, what="update-policy, fan-out included", unit="s", samples=updates),
        *await losses(at, NAME, run),
        none(NAME, "SHA-256 other than undisturbed", differs),
    ]


async def _look(at: Bench, lengths: list[int]) -> None:
    while True:
        lengths.append(await messages(at, ASYNC))
        await asyncio.sleep(0.05)


def _rates(run: Ended) -> list[float]:
    """Rollouts a second, by version: from the policy to the threshold."""
    begun = {r.fact.policy.version: r.at for r in run.records if isinstance(r.fact, PolicyUpdated)}
    ready = {r.fact.policy.version: r.at for r in run.records if isinstance(r.fact, RewardsReady)}
    return [run.spec.rollout.count / (at - begun[version]) for version, at in ready.items()]
