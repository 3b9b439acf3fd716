"""The trajectories of a replay sample, from the store or from a warm replica's cache."""

import asyncio
from collections.abc import Sequence

from faastraingym.adapters.stage.payloads import load
from faastraingym.algorithms import shape_checks
from faastraingym.algorithms.replay.window import Place
from faastraingym.events.pipeline import subjects
from faastraingym.events.ports import Services, Unavailable
from faastraingym.schemas.messages import RewardsReady
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import RunSpec


async def fetch(
    spec: RunSpec, run: str, places: Sequence[Place], services: Services
) -> dict[Place, Trajectory]:
    """The trajectories at `places`, whose objects the log names, all fetched at once.

    Unavailable: the log does not name one of them yet. PayloadError: one does not fit the run.
    """
    asked = sorted({place.version for place in places})
    facts = await services.facts.read(*(subjects.of_kind(RewardsReady, run, v) for v in asked))
    named: dict[Place, ObjectRef] = {}
    for fact in (record.fact for record in facts):
        if isinstance(fact, RewardsReady):
            named |= {Place(fact.version, ref.index): ref.object for ref in fact.batch}
    missing = [place for place in places if place not in named]
    if missing:
        raise Unavailable(f"the log of run {run} names no trajectory of {missing[0]} yet")
    stored = await asyncio.gather(*(services.objects.get(named[place]) for place in places))
    found = [shape_checks.trajectory(spec, load(data, Trajectory)) for data in stored]
    return dict(zip(places, found, strict=True))
