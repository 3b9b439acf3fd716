"""Whether an experiment can be run: its specification, and the environment of its base run."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from faastraingym.algorithms.experiments import specification
from faastraingym.algorithms.experiments.settings import in_base
from faastraingym.events.experiments import names
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import RunSpec, to_dict


class Checked(Protocol):
    """A run specification that can be run."""

    @property
    def spec(self) -> RunSpec:
        """Completed."""


async def checked(
    name: str, raw: dict[str, Any], check: Callable[[Any], Awaitable[Checked]]
) -> dict[str, Any]:
    """The raw specification, its base run with the packages and the model that it stands for.

    Args:
        name: the experiment's.
        raw: an experiment's.
        check: of a raw run specification, as `adapters.processes.checking.Checker` does.

    Raises:
        SpecificationError: it cannot be run; one sentence per problem.
    """
    spec = specification.parse(raw)
    if problem := names.problem(name, spec):
        raise SpecificationError([problem])
    try:
        base = (await check(spec.run)).spec
    except SpecificationError as refusal:
        raise SpecificationError([*map(in_base, refusal.problems)]) from refusal
    return with_base(raw, to_dict(base))


def with_base(raw: dict[str, Any], completed: dict[str, Any]) -> dict[str, Any]:
    """With what names stand for now: packages of the environment, a model's version, a dataset.

    Everything else stays as it was written, so that a setting may choose another algorithm.
    """
    is_named = {
        "environment": completed["environment"].get("packages"),
        "init_from": completed.get("init_from"),
    }
    fixed = {key: completed[key] for key, is_one in is_named.items() if is_one}
    algorithm = raw["run"]["algorithm"]
    if algorithm.get("init_from"):
        fixed["algorithm"] = {**algorithm, "init_from": completed["algorithm"]["init_from"]}
    return {**raw, "run": {**raw["run"], **fixed}} if fixed else raw
