"""What MLflow's registry says of a version of ours: pure, so every attempt says the same.

MLflow counts a model's versions itself. Which of ours one of its versions is, its tags say.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from faastraingym.schemas import keys, raw
from faastraingym.schemas.models import ModelVersion, parse

RUN = "faastraingym.run"  # also the tag of a run that a logger wrote
VERSION, POLICY = "faastraingym.version", "faastraingym.policy_sha256"
# Of an alias, in any case: MLflow says so itself of its newest version and of its numbers.
RESERVED = re.compile(r"latest|v\d+", re.IGNORECASE)

Identity = tuple[str, str]  # a version's number of ours, and its policy's SHA-256


class Held(NamedTuple):
    """A version as MLflow has it."""

    number: int  # MLflow's own
    tags: Mapping[str, str]


def experiment(spec: Any) -> str:
    """The experiment of MLflow that loggers write a run of this specification to."""
    return str(raw.environment(spec).get("id", "faastraingym"))


def identity(version: ModelVersion) -> Identity:
    """What tells a version from all others, those of another stack's model of that name too."""
    return f"{version.version}", version.policy.sha256


def known(held: Iterable[Held]) -> dict[Identity, list[int]]:
    """MLflow's numbers of our versions; the lowest comes first, and is the one that counts.

    A higher one was made at the same moment, by the delivery of another fact of the model.
    """
    numbers: dict[Identity, list[int]] = {}
    for number, tags in sorted(held, key=lambda each: each.number):
        if VERSION in tags and POLICY in tags:
            numbers.setdefault((tags[VERSION], tags[POLICY]), []).append(number)
    return numbers


def tags(version: ModelVersion) -> dict[str, str]:
    """The tags of a version; values are text."""
    number, policy = identity(version)
    return {
        VERSION: number,
        POLICY: policy,
        RUN: version.run,
        "faastraingym.run_version": f"{version.run_version}",
        "faastraingym.specification_sha256": hashlib.sha256(raw.text(version.spec)).hexdigest(),
        "faastraingym.environment": version.environment.id,
        "faastraingym.environment_sha256": version.environment.sha256,
        "faastraingym.return_mean": f"{version.mean}",
        "faastraingym.return_low": f"{version.low}",
        "faastraingym.return_high": f"{version.high}",
        "faastraingym.episodes": f"{len(version.returns)}",
        "faastraingym.parent": _parent(version.spec),
        "faastraingym.created_by": version.created_by,
    }


def description(version: ModelVersion) -> str:
    """A version in one sentence."""
    return (
        f"Version {version.run_version} of run {version.run} in {version.environment.id}: return "
        f"{version.mean:.2f} ({version.low:.2f} to {version.high:.2f}) over "
        f"{len(version.returns)} episodes."
    )


def source(version: ModelVersion, bucket: str) -> str:
    """Where the policy lies, which the store serves and MLflow does not."""
    return f"s3://{bucket}/{keys.model_object(version.model, version.policy.sha256)}"


def _parent(spec: Mapping[str, Any]) -> str:
    """The version that the run began with, as `cartpole/1`; `none`: it began with none."""
    begun = spec.get("init_from")
    return f"{parse(begun['model']).model}/{begun['version']}" if begun else "none"
