"""The algorithms that there are, a line each; their modules are imported when they are needed."""

import functools
from importlib import import_module
from typing import Any, Union, cast

import msgspec

from faastraingym.algorithms.api import Acting, Critic, Drawing, Learner, Rules
from faastraingym.schemas import validation
from faastraingym.schemas.specification import RunSpec

PACKAGES = {
    "a2c": "faastraingym.algorithms.a2c",
    "dqn": "faastraingym.algorithms.dqn",
    "impala": "faastraingym.algorithms.impala",
    "ppo": "faastraingym.algorithms.ppo",
    "sac": "faastraingym.algorithms.sac",
}


def name(spec: RunSpec) -> str:
    """The algorithm's name in the specification."""
    return str(type(spec.algorithm).__struct_config__.tag)


def rules(spec: RunSpec) -> Rules:
    """The checks and the plan of the run's algorithm."""
    return _rules(name(spec))


def acting(spec: RunSpec) -> Acting:
    """The run's algorithm as far as NumPy goes."""
    return cast(Acting, import_module(f"{PACKAGES[name(spec)]}.acting"))


def critic(spec: RunSpec) -> Critic | None:
    """How the run's algorithm values states, if its learner keeps a value function."""
    return cast("Critic | None", getattr(acting(spec), "critic", None))


def drawing(spec: RunSpec) -> Drawing:
    """The run's algorithm as graphs."""
    return cast(Drawing, import_module(f"{PACKAGES[name(spec)]}.graph"))


def learner(spec: RunSpec) -> Learner:
    """The run's learner, which imports JAX."""
    return cast(Learner, import_module(f"{PACKAGES[name(spec)]}.learner"))


def load_learners() -> None:
    """Import every learner, so that the first run of none waits for that."""
    for package in PACKAGES.values():
        import_module(f"{package}.learner")


@functools.cache
def specification() -> type[RunSpec]:
    """RunSpec, with the settings of any of the algorithms."""
    kinds = tuple(_rules(each).Specification for each in PACKAGES)
    complete = msgspec.defstruct(
        RunSpec.__name__,
        [("algorithm", Union[kinds])],  # noqa: UP007  of as many as there are
        bases=(RunSpec,),
        module=RunSpec.__module__,
        namespace={"__doc__": RunSpec.__doc__},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    return cast(type[RunSpec], complete)


def parse(raw: Any) -> RunSpec:
    """The validated specification.

    Raises:
        SpecificationError: unknown keys, wrong types, impossible values or combinations.
    """
    return validation.parse(raw, specification(), lambda spec: rules(spec).problems(spec))


def _rules(algorithm: str) -> Rules:
    return cast(Rules, import_module(f"{PACKAGES[algorithm]}.specification"))
