"""Many rollouts in flight: one version promises them all at once."""

from benchmarks.report import Row
from faastraingym.schemas.messages import PolicyUpdated, RewardsReady
from faastraingym.schemas.specification import to_dict
from tests.stack.environments import HELD
from tests.stack.specs import undisturbed
from tests.stack.support import Gate

from .runs import Bench, Ended, ended, losses, none, queued, request, seconds
from .sizes import Size, tiny

NAME = "in flight"


async def measure(at: Bench, size: Size) -> list[Row]:
    """Nothing lost, each fact once, and the same bytes as in one process."""
    count, versions = size.in_flight, size.in_flight_versions
    gate = Gate(at.stack.home / "in-flight")
    environment = {"id": HELD, "num_envs": 1, "kwargs": {"gate": str(gate.path)}}
    spec = tiny(count, versions, environment=environment)
    await request(at, "in-flight", spec)
    await queued(at, count)
    gate.open()
    run = await ended(at, "in-flight", spec)
    usage = await at.connected.facts.usage("in-flight")
    updates = [call.seconds for call in usage if call.function == "update-policy"]
    differs = run.sha256 != await undisturbed(to_dict(spec))
    whole = f"{count} rollouts a version, {versions} versions"
    held = f"the first {count} all in flight before one goes on"
    return [
        Row(benchmark=NAME, what=whole, unit="s", samples=[seconds(run)], note=held),
        Row(benchmark=NAME, what="rollouts of one version", unit="1/s", samples=_rates(run)),
        Row(benchmark=NAME, what="update-policy, fan-out included", unit="s", samples=updates),
        *await losses(at, NAME, run),
        none(NAME, "SHA-256 other than undisturbed", differs),
    ]


def _rates(run: Ended) -> list[float]:
    """Rollouts a second, by version: from the policy to the threshold."""
    begun = {r.fact.policy.version: r.at for r in run.records if isinstance(r.fact, PolicyUpdated)}
    ready = {r.fact.policy.version: r.at for r in run.records if isinstance(r.fact, RewardsReady)}
    return [run.spec.rollout.count / (at - begun[version]) for version, at in ready.items()]
