"""Iterations and their critical paths: pure.

An iteration lasts from one `policy.updated` to the next. Its critical path is what the end waited
for, fact after fact: the commands being sent, the rollout that came last, the aggregation that said
`rewards.ready`, the plan, the update. The parts of a path follow each other without gaps.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.ports import Recorded
from faastraingym.events.telemetry.identity import key_of
from faastraingym.events.views.invocations import SENT, Part, Visit
from faastraingym.schemas.messages import (
    CollectRollout,
    PolicyUpdated,
    RewardsReady,
    RolloutCompleted,
    RunStarted,
    UpdatePolicy,
    tag,
)

SENDING = "sending"  # the update's last act is the next iteration's first
STEPS = (SENDING, "rollout", "aggregate-rewards", "plan-update", "update-policy")


class Step(NamedTuple):
    """One function's stretch of the critical path, what lies before it included."""

    name: str
    parts: tuple[Part, ...]


class Iteration(NamedTuple):
    """From policy version `version` to the next; Unix seconds."""

    version: int
    begin: float
    end: float
    path: tuple[Step, ...]

    @property
    def parts(self) -> list[Part]:
        """The whole path."""
        return [part for step in self.path for part in step.parts]


class _Leg(NamedTuple):
    """Visits of one step, and when the path leaves them."""

    visits: list[Visit]
    until: float


def iterations(said: Sequence[Recorded], visits: Iterable[Visit]) -> list[Iteration]:
    """The run's iterations, but those in which it had ended and was resumed."""
    history = fold(said)
    at = {key_of(record.fact): record.at for record in said}
    index = _index(visits)
    pauses = [leg.end_at for leg in history.legs.values() if leg.end_at]
    found = []
    for version in sorted(history.rewards):
        begin, end = (at.get((tag(PolicyUpdated), v, None)) for v in (version, version + 1))
        if begin is None or end is None or any(begin <= pause < end for pause in pauses):
            continue
        legs = _legs(history, version, at, index)
        found.append(Iteration(version, begin, end, _path(begin, end, legs)))
    return found


Index = dict[tuple[str, int | None], list[Visit]]
Times = dict[tuple[str, int | None, int | None], float]


def _index(visits: Iterable[Visit]) -> Index:
    index: Index = {}
    for visit in visits:
        index.setdefault(visit.key[:2], []).append(visit)
    return index


def _legs(history: History, version: int, at: Times, index: Index) -> list[_Leg]:
    begin = at[tag(PolicyUpdated), version, None]
    ready = at[tag(RewardsReady), version, None]
    end = at[tag(PolicyUpdated), version + 1, None]
    last, completed = _last(history.rewards[version], at)
    rollout = _until(index.get((tag(CollectRollout), last[0]), []), completed, last[1])
    aggregate = _until(index.get((tag(RolloutCompleted), last[0]), []), ready)
    update = _until(index.get((tag(UpdatePolicy), version), []), end)
    begun = update[0].begin if update else end
    plan = _until(_planning(index, version), begun)
    before = index.get((tag(UpdatePolicy), version - 1), []) if version else _first(index)
    sending = _until(before, begin)
    started = rollout[0].begin if rollout else completed
    return [
        _Leg(sending, min(_end(sending, begin), max(started, begin))),
        _Leg(rollout, completed),
        _Leg(aggregate, ready),
        _Leg(plan, min(_end(plan, ready), begun)),
        _Leg(update, end),
    ]


def _planning(index: Index, version: int) -> list[Visit]:
    """Visits that heard what the step from `version` is planned from, and planned."""
    heard = [
        v for kind in (RewardsReady, PolicyUpdated) for v in index.get((tag(kind), version), [])
    ]
    heard.sort(key=lambda visit: visit.begin)
    planned = [v for v in heard if v.status != 200 or any(p.kind in SENT for p in v.parts)]
    return planned or heard


def _first(index: Index) -> list[Visit]:
    return index.get((tag(RunStarted), None), [])


def _last(ready: RewardsReady, at: Times) -> tuple[tuple[int, int], float]:
    """The rollout of a batch that came last, as (version, index), and when."""
    came = {
        (ref.version, ref.index): at.get((tag(RolloutCompleted), ref.version, ref.index), 0.0)
        for ref in ready.batch
    }
    last = max(came, key=lambda slot: came[slot], default=(ready.policy.version, 0))
    return last, came.get(last, 0.0)


def _until(visits: Sequence[Visit], until: float, index: int | None = None) -> list[Visit]:
    """The visit that did what was done at `until`, and attempts before it that failed."""
    asked = [v for v in visits if v.begin < until and index in (None, v.key[2])]
    well = [v for v in asked if v.status == 200]
    did = next((v for v in well if v.end >= until), well[-1] if well else None)
    return [v for v in asked if v is did or (v.status != 200 and (not did or v.end <= did.begin))]


def _end(visits: Sequence[Visit], default: float) -> float:
    return visits[-1].end if visits else default


def _path(begin: float, end: float, legs: Sequence[_Leg]) -> tuple[Step, ...]:
    steps, cursor = [], begin
    for name, leg in zip(STEPS, legs, strict=True):
        known = [part for visit in leg.visits for part in (*visit.before, *visit.parts)]
        until = min(leg.until, end)
        parts = _between(cursor, until, known)
        steps.append(Step(name, tuple(parts)))
        cursor = max(cursor, until)
    return tuple(steps)


def _between(cursor: float, until: float, known: Iterable[Part]) -> list[Part]:
    """`known` between two moments, without overlaps, and what it leaves open."""
    found = []
    for part in known:
        begin, end = max(part.begin, cursor), min(part.end, until)
        if end <= begin:
            continue
        if begin > cursor:
            found.append(Part("unmetered", cursor, begin))
        found.append(Part(part.kind, begin, end))
        cursor = end
    if until > cursor:
        found.append(Part("unmetered", cursor, until))
    return found
