"""Removing a run: what stands against it, what goes and what stays. Pure (ADR 68)."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from faastraingym.events.pipeline import subjects
from faastraingym.events.pipeline.history import History
from faastraingym.events.ports import Listed, Recorded
from faastraingym.schemas import keys
from faastraingym.schemas import messages as m

# The first tells that there is to be no such run; the second that a file of the inbox was read.
STAYS = (m.RunRemoved, m.UploadHeard)


class Amount(Struct, frozen=True, kw_only=True):
    """How many there are, and their bytes."""

    number: int = 0
    bytes: int = 0


class Holdings(Struct, frozen=True, kw_only=True):
    """What a stack holds of a run, or of an experiment with its runs, and loses with it."""

    run_id: str  # or the experiment's name
    runs: list[str] | None = None  # an experiment's, which go with it
    facts: dict[str, Amount]  # by type
    objects: dict[str, Amount]  # by kind: the folder, or the file's name before its first dot
    measurements: Amount  # of invocations
    dead_letters: Amount

    @property
    def amount(self) -> Amount:
        """All of it."""
        parts = [*self.facts.values(), *self.objects.values(), self.measurements, self.dead_letters]
        return _sum(parts)


def refusal(run: str, history: History) -> str:
    """Why the run cannot be removed now, and what to do; empty: it can be."""
    if history.over:
        return ""
    if history.requested is None:
        return f"there is no run {run!r}; `faastrain runs` lists all"
    if history.end:
        return f"the report of run {run} is being written; `faastrain follow {run}` waits for it"
    if history.newest.stop:
        return f"run {run} is stopping; `faastrain follow {run}` waits for its end"
    return f"run {run} goes on; first `faastrain stop {run}`"


def filters(run: str) -> list[str]:
    """A filter for each type of fact that goes."""
    going = [kind for kind in m.FACTS if kind not in STAYS]
    return [
        subjects.of_kind(kind, run) if kind.identity == ("run",) else subjects.below(kind, run)
        for kind in going
    ]


def objects(run: str, listed: Iterable[Listed]) -> list[Listed]:
    """The objects of a run that go, the manifest first: without it no function can work."""
    going = [one for one in listed if one.key != keys.removal(run)]
    return sorted(going, key=lambda one: one.key != keys.manifest(run))


def holdings(
    run: str,
    facts: Sequence[Recorded],
    listed: Sequence[Listed],
    usage: Sequence[m.Message],
    letters: Sequence[int],
) -> Holdings:
    """What goes; `letters` are the bytes of each dead letter's payload."""
    going = [record.fact for record in facts if not isinstance(record.fact, STAYS)]
    return Holdings(
        run_id=run,
        facts=_by([(m.tag(fact), len(m.encode(fact))) for fact in going]),
        objects=_by([(_kind(run, one.key), one.size) for one in objects(run, listed)]),
        measurements=_sum([_one(len(m.encode(one))) for one in usage]),
        dead_letters=_sum(map(_one, letters)),
    )


def together(held: Holdings, of_runs: Sequence[Holdings]) -> Holdings:
    """What goes with an experiment: what is held of itself, and of its runs."""
    parts = [held, *of_runs]
    return Holdings(
        run_id=held.run_id,
        runs=[one.run_id for one in of_runs],
        facts=_joined([part.facts for part in parts]),
        objects=_joined([part.objects for part in parts]),
        measurements=_sum([part.measurements for part in parts]),
        dead_letters=_sum([part.dead_letters for part in parts]),
    )


def _kind(run: str, key: str) -> str:
    return key.removeprefix(keys.of_run(run)).partition("/")[0].partition(".")[0]


def _by(sizes: Iterable[tuple[str, int]]) -> dict[str, Amount]:
    return _joined([{name: _one(size)} for name, size in sizes])


def _joined(parts: Iterable[dict[str, Amount]]) -> dict[str, Amount]:
    found: dict[str, Amount] = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = _sum([found.get(name, Amount()), amount])
    return dict(sorted(found.items()))


def _one(size: int) -> Amount:
    return Amount(number=1, bytes=size)


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = Amount()
    for one in amounts:
        total = replace(total, number=total.number + one.number, bytes=total.bytes + one.bytes)
    return total
