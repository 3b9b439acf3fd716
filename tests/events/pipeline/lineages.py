"""Runs whose objects are made again, for the tests of lineage and of restoration."""

from msgspec.structs import replace

from faastraingym.events.pipeline.ascent import Ascent, Lost
from faastraingym.events.pipeline.lineage import Lineage
from faastraingym.schemas import keys
from faastraingym.schemas.messages import Message, RestoreObject
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.specification import RunSpec
from tests.events import facts
from tests.events.facts import an_object, collected, history, ready, specification, updated

SPEC = specification(reward=[{"kind": "normalize"}])


SAID = history(
    facts.REQUESTED, facts.STARTED, updated(0), ready(0), updated(1), collected(1, 0), ready(1)
)


DIVIDED = specification(evaluation={"pieces": 3})


PLAYED = history(facts.STARTED, updated(1), *(facts.piece(1, k) for k in (1, 0, 2)))


def lost(key: str) -> ObjectRef:
    return ObjectRef(bucket="b", key=key, size=3, sha256="f" * 64)


def asking(ref: ObjectRef, towards: int | None = None) -> RestoreObject:
    return RestoreObject(run="r", object=ref, origin=facts.STARTED, towards=towards)


def rewarded(version: int, lag: int = 0):
    """Rewards that are an object."""

    return replace(ready(version, lag=lag), rewards=an_object(keys.rewards("r", version)))


def names(refs) -> set[str]:
    """Keys without what all of them have."""
    return {ref.key.removeprefix("runs/r/").removesuffix(".msgpack") for ref in refs}


def run(versions: int, spec: RunSpec, lag: int = 0) -> Lineage:
    """A run up to a version whose trajectories are collected."""
    said: list[Message] = [facts.REQUESTED, facts.STARTED]
    for version in range(versions + 1):
        behind = min(version, lag)
        said += [updated(version), *(collected(version, index, behind) for index in (0, 1))]
        said += [rewarded(version, behind) if spec.reward else ready(version, lag=behind)]
    return Lineage(history(*said), spec)


def everything(versions: int, made: Lineage) -> dict[str, Lost]:
    """All objects up to the newest version's."""
    newest = made.history.rewards[versions]
    goals = [facts.policy(versions).learner, *(ref.object for ref in newest.batch)]
    return made.missing([*goals, *([newest.rewards] if newest.rewards else [])], there=())


def frontier(made: Lineage, wanted: list[ObjectRef], there: set[str]) -> list[Lost]:
    """What can be made first."""
    return Ascent(wanted, made.missing(wanted, there), there).frontier()
