"""Whether an experiment can be run: its specification, and the environment of its base run."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from faastraingym.algorithms.experiments import specification
from faastraingym.algorithms.experiments.settings import in_base
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.experiment import Population
from faastraingym.schemas.specification import RunSpec, to_dict


class Checked(Protocol):
    """A run specification that can be run."""

    @property
    def spec(self) -> RunSpec:
        """Completed."""


async def checked(
    raw: dict[str, Any], check: Callable[[Any], Awaitable[Checked]]
) -> dict[str, Any]:
    """The raw specification, its base run with the packages that its environment stands for.

    Everything else stays as it was written, so that a setting may take another algorithm.

    Args:
        raw: an experiment's.
        check: of a raw run specification, as `adapters.processes.checking.Checker` does.

    Raises:
        SpecificationError: it cannot be run; one sentence per problem.
    """
    spec = specification.parse(raw)
    if isinstance(spec.scheduler, Population):
        raise SpecificationError(
            [
                "spec.scheduler.name: found population, but no run begins from a copy of another "
                "yet; allowed: none, halving, hyperband, median, plateau"
            ]
        )
    try:
        base = (await check(spec.run)).spec
    except SpecificationError as refusal:
        raise SpecificationError([*map(in_base, refusal.problems)]) from refusal
    if not base.environment.package_digests:
        return raw
    environment = {**spec.run["environment"], "packages": to_dict(base)["environment"]["packages"]}
    return {**raw, "run": {**spec.run, "environment": environment}}
