"""A policy measured by a stack: the run that a caller asks for, and the numbers that it found.

Such a run learns nothing (ADR 76): it plays a policy's episodes in many functions at once.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.client import environments
from faastraingym.client.errors import BadInput
from faastraingym.client.specifications import Composed
from faastraingym.schemas.models import PREFIX
from faastraingym.schemas.raw import evaluating

if TYPE_CHECKING:
    from faastraingym.client.policy import Policy

EPISODES = 1000  # that tell a mean return to a few hundredths of its deviation
RUNS = "runs/"  # with which the name of a run's policy begins in a specification


class Asked(NamedTuple):
    """How a policy is to be played."""

    episodes: int = EPISODES
    workers: int | None = None  # None: as few as run 2,000 steps each
    stochastic: bool = False
    record: int = 0

    def table(self) -> dict[str, Any]:
        """The specification's table `evaluation`, which takes nothing over from training."""
        found = {"episodes": self.episodes, "stochastic": self.stochastic, "record": self.record}
        return found if self.workers is None else {**found, "workers": self.workers}


class Source(NamedTuple):
    """The policy that is played: a name of the stack's, or one of this machine."""

    name: str  # as a specification and its problems have it
    policy: "Policy | None" = None  # of this machine, which the stack may not have


def source(of: object) -> Source:
    """The policy that a caller names.

    Args:
        of: a Policy; a Run; a `policy.npz` or a folder that `train` wrote; "models/NAME@ALIAS"; a
            run's name, or "runs/NAME/VERSION".

    Raises:
        BadInput: it is nothing of these, or the file has no policy.
    """
    from faastraingym.client.async_run import AsyncRun
    from faastraingym.client.policy import Policy
    from faastraingym.client.run import Run

    if isinstance(of, Run | AsyncRun):
        return Source(f"{RUNS}{of.name}")
    if isinstance(of, Policy):
        return Source(of.model or f"{RUNS}{of.report.run_id}/{of.version}", of)
    if isinstance(of, Path) or (isinstance(of, str) and is_file(of)):
        return Source(str(of), Policy.load(of))
    if isinstance(of, str):
        return Source(of if of.startswith((PREFIX, RUNS)) else f"{RUNS}{of}")
    raise BadInput(
        f"evaluate: found {of!r:.80}; allowed: a Policy, a Run, a policy.npz or its folder, "
        f"{PREFIX}NAME@ALIAS, or a run's name"
    )


def is_file(name: str) -> bool:
    """Whether a text names a policy of this machine, and not one of the stack."""
    return name.endswith(".npz") or Path(name).exists()


def composed(of: Source, evaluate: Any, env: object, seed: int, asked: Asked) -> Composed:
    """The raw specification of one run.

    Args:
        of: the policy.
        evaluate: what the specification has of it.
        env: an environment as `train` takes it; None: that in which the policy was trained.
        seed: everything random derives from it.
        asked: how it is played.

    Raises:
        BadInput: `env` is none.
    """
    raw: dict[str, Any] = {"evaluate": evaluate, "seed": seed, "evaluation": asked.table()}
    found = None if env is None else environments.resolve(env)
    if found:
        raw["environment"] = {"id": found.env_id}
    if found and found.source:  # not the code that the policy was trained with
        raw["environment"]["packages"] = []
    if of.policy is not None:  # of which the stack has no specification
        raw = evaluating(raw, of.policy.report.spec)
    name = stem(found.stem if found else of.name)
    return Composed(raw, of.name, f"evaluation-{name}", source=found.source if found else None)


def stem(name: str) -> str:
    """What a run is named after, of a policy's or an environment's name."""
    short = re.sub(r"-v\d+$", "", name.removeprefix(PREFIX).removeprefix(RUNS))
    return re.sub(r"\.npz$", "", short).replace("/", "-")


def names(base: str, count: int) -> list[str]:
    """Of as many runs that belong together."""
    return [base] if count == 1 else [f"{base}-{number}" for number in range(1, count + 1)]
