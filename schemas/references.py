"""References: how messages name data in the object store."""

from typing import Annotated

from msgspec import Meta, Struct

# Python's `$` also matches before a final newline, which no subject may hold: hence `(?!\n)`.
RUN_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$(?!\n)"

RunId = Annotated[
    str,
    Meta(pattern=RUN_PATTERN, description="A run's name: a DNS label, and so one NATS token."),
]
REGISTRY = "models"  # stands where facts name their run, and so is no run's name
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class ObjectRef(Struct, frozen=True, kw_only=True):
    """An object written once; size and digest are checked whenever it is read."""

    bucket: str
    key: str
    size: Annotated[int, Meta(ge=0, description="bytes")]
    sha256: Sha256


class PolicyRef(Struct, frozen=True, kw_only=True):
    """A committed policy version and the learner state that it was projected from."""

    version: Count
    policy: ObjectRef
    learner: ObjectRef
    env_steps: Annotated[Count, Meta(description="environment steps learnt from so far")]
    episodes: Annotated[Count, Meta(description="episodes finished in those steps")] = 0


class TrajectoryRef(Struct, frozen=True, kw_only=True):
    """One rollout's stored trajectory: slot `index` of the batch from which `version` learns."""

    version: Count
    index: Count
    object: ObjectRef
