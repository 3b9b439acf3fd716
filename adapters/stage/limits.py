"""The memory limits of other functions, as start-run reads them."""

from collections.abc import Mapping

from faastraingym.adapters.errors import SettingsError
from faastraingym.algorithms.limits import Limits
from faastraingym.events.topology.quantities import quantity

VARIABLES = ("FTG_ROLLOUT_MEMORY", "FTG_LEARNER_MEMORY")  # quantities, as in stack.yml


def told(environment: Mapping[str, str]) -> Limits:
    """By VARIABLES; 0 where one is not set.

    Raises:
        SettingsError: one is no quantity.
    """
    return Limits(*(_bytes(environment, name) for name in VARIABLES))


def variables(limits: Limits) -> dict[str, str]:
    """As `told` reads them."""
    return dict(zip(VARIABLES, map(str, limits), strict=True))


def _bytes(environment: Mapping[str, str], name: str) -> int:
    try:
        return quantity(environment.get(name) or "0")
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from error
