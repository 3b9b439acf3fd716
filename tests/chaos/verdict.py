"""What must hold of a run, an experiment and a stack after everything. Pure.

Each sentence is a breach.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from tests.stack.specs import DEMO, Calm, is_of

# A deadline that passed, a rollout that was late: that is what faults are for; what `reconcile`
# saw in the inbox.
BESIDES = ("ftg.run.stalled.", "ftg.rollout.reissued.", "ftg.upload.heard.")
EXACT = (
    "status",
    "reason",
    "versions",
    "env_steps",
    "episodes",
    "policy.sha256",
    "best_return",
    "evaluation.mean",
    "evaluation.std",
    "evaluation.episodes",
)
NAMES = ("run", "runs")  # of what an experiment says: its own and its runs', which subjects hold


class Found(NamedTuple):
    """What a run, or an experiment, has come to."""

    said: Mapping[str, int]  # how many messages lie under each subject of its facts, and its runs'
    reports: Mapping[str, Mapping[str, Any]]  # by run: its own, or those of an experiment's runs
    chosen: Mapping[str, Mapping[str, Any]]  # an experiment's, as in Calm, in the log's order


def of_run(run: str, found: Found, calm: Calm) -> list[str]:
    """How a run, or an experiment, differs from the undisturbed one."""
    return [*_of_said(run, found, calm), *_of_reports(run, found, calm), *_chosen(run, found, calm)]


def _of_said(run: str, found: Found, calm: Calm) -> Iterator[str]:
    there = {
        anonymous(subject, run): count
        for subject, count in found.said.items()
        if not subject.startswith(BESIDES)
    }
    yield from (f"{run}: {s} was said {n} times" for s, n in there.items() if n != 1)
    yield from (f"{run}: {s} was never said" for s in sorted(calm.subjects - there.keys()))
    yield from (f"{run}: {s} was said besides" for s in sorted(there.keys() - calm.subjects))


def _of_reports(run: str, found: Found, calm: Calm) -> Iterator[str]:
    reports = {anonymous(one, run): (one, report) for one, report in found.reports.items()}
    for name, undisturbed in calm.reports.items():
        if name not in reports:
            yield f"{run}: the report of {name} is missing"
            continue
        one, report = reports[name]
        yield from _differing(one, report, undisturbed, EXACT)


def _chosen(run: str, found: Found, calm: Calm) -> Iterator[str]:
    """Settings, verdicts, reasons, parents, winner; all of a rung before any of the next."""
    there = {anonymous(subject, run): fact for subject, fact in found.chosen.items()}
    for subject in (one for one in calm.chosen if one in there):  # the others were never said
        paths = [path for path in calm.chosen[subject] if path not in NAMES]
        yield from _differing(f"{run}: {subject}", there[subject], calm.chosen[subject], paths)
    rungs = [fact["rung"] for fact in there.values() if "rung" in fact]
    for before, rung in pairwise(rungs):
        if rung < before:
            yield f"{run}: it decided at rung {rung} after rung {before}"


def _differing(
    what: str, there: Mapping[str, Any], undisturbed: Mapping[str, Any], paths: Collection[str]
) -> Iterator[str]:
    for path in paths:
        found, wanted = _at(there, path), _at(undisturbed, path)
        if found != wanted:
            yield f"{what}: {path} is {found}, undisturbed {wanted}"


def of_resumed(half: Mapping[str, Any], whole: Mapping[str, Any], calm: Calm) -> list[str]:
    """How a run that was resumed differs from the whole; `half` is its report until then."""
    undisturbed = calm.reports[DEMO]
    budget, steps = _at(undisturbed, "env_steps"), _at(half, "env_steps")
    breaches = [] if steps < budget else [f"half: it had {steps} of {budget} steps already"]
    paths = ("status", "versions", "env_steps", "policy.sha256")
    return [*breaches, *_differing("half, then resumed", whole, undisturbed, paths)]


def of_servers(
    before: Collection[str], after: Collection[str], dead_letters: int, blamed: Collection[str]
) -> list[str]:
    """What is wrong with the servers of a stack.

    Args:
        before: its consumers, when nothing had happened yet.
        after: its consumers now.
        dead_letters: deliveries that were given up.
        blamed: deliveries that came late and were held to be faulty.
    """
    breaches = [f"the consumer {name} was leaked" for name in sorted({*after} - {*before})]
    breaches += [f"the consumer {name} is gone" for name in sorted({*before} - {*after})]
    breaches += [f"{dead_letters} deliveries were given up"] if dead_letters else []
    return breaches + [f"a late copy was blamed: {words}" for words in blamed]


def of_processes(orphans: Collection[str]) -> list[str]:
    """What should not run any more."""
    return [f"the process {orphan} outlived its stack" for orphan in orphans]


def anonymous(subject: str, run: str) -> str:
    """The subject, or the name, of a run or of an experiment's run, as the undisturbed one's."""
    tokens = subject.split(".")
    return ".".join(f"{DEMO}{t[len(run) :]}" if is_of(t, run) else t for t in tokens)


def _at(report: Mapping[str, Any], path: str) -> Any:
    value: Any = report
    for key in path.split("."):
        value = value[key] if isinstance(value, Mapping) else None
    return value
