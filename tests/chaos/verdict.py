"""What must hold of a run and of a stack after everything; each sentence is a breach. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from tests.stack.specs import Calm

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


def of_run(run: str, said: Mapping[str, int], report: Mapping[str, Any], calm: Calm) -> list[str]:
    """How a run differs from one that nothing happened to.

    Args:
        run: its name.
        said: how many messages lie under each subject of its facts.
        report: its report.
        calm: the undisturbed run.
    """
    there = {
        _anonymous(subject, run): count
        for subject, count in said.items()
        if not subject.startswith(BESIDES)
    }
    breaches = [f"{run}: {s} was said {n} times" for s, n in there.items() if n != 1]
    breaches += [f"{run}: {s} was never said" for s in sorted(calm.subjects - there.keys())]
    breaches += [f"{run}: {s} was said besides" for s in sorted(there.keys() - calm.subjects)]
    for path in EXACT:
        found, wanted = _at(report, path), _at(calm.report, path)
        if found != wanted:
            breaches.append(f"{run}: {path} is {found}, undisturbed {wanted}")
    return breaches


def of_resumed(half: Mapping[str, Any], whole: Mapping[str, Any], calm: Calm) -> list[str]:
    """How a run that was resumed differs from the whole; `half` is its report until then."""
    budget, steps = _at(calm.report, "env_steps"), _at(half, "env_steps")
    breaches = [] if steps < budget else [f"half: it had {steps} of {budget} steps already"]
    for path in ("status", "versions", "env_steps", "policy.sha256"):
        found, wanted = _at(whole, path), _at(calm.report, path)
        if found != wanted:
            breaches.append(f"half, then resumed: {path} is {found}, undisturbed {wanted}")
    return breaches


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


def _anonymous(subject: str, run: str) -> str:
    """The subject as the undisturbed run's."""
    return ".".join("demo" if token == run else token for token in subject.split("."))


def _at(report: Mapping[str, Any], path: str) -> Any:
    value: Any = report
    for key in path.split("."):
        value = value[key] if isinstance(value, Mapping) else None
    return value
