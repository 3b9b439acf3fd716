"""What the functions may have of memory: as the gateway tells, else as stack.yml will have it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from faastraingym.algorithms.limits import Limits
from faastraingym.client.errors import Error
from faastraingym.events.topology import quantities, stack_file

if TYPE_CHECKING:
    from faastraingym.client.gateway import Gateway


def of(gateway: Callable[[], "Gateway"], environment: Mapping[str, str]) -> Limits:
    """The limits of `rollout` and `update-policy`, as far as they are known."""
    try:
        told = {function.name: function.memory for function in gateway().functions()}
    except Error:  # no stack runs: one that is started will be the file's
        told = _of_file(environment)
    return Limits(*(_bytes(told.get(name, "")) for name in ("rollout", "update-policy")))


def _of_file(environment: Mapping[str, str]) -> dict[str, str]:
    try:
        loaded = stack_file.load(stack_file.path(environment), environment)
        functions = stack_file.functions(loaded)
    except stack_file.StackError:  # which `faastrain up` reports
        return {}
    return {function.name: f"{function.memory_mb}Mi" for function in functions}


def _bytes(quantity: str) -> int:
    """0 where a gateway reports in a form of its own."""
    try:
        return quantities.quantity(quantity)
    except ValueError:
        return 0
