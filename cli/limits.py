"""What the functions may have of memory: as the gateway tells, else as stack.yml will have it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from algorithms.limits import Limits
from cli.errors import CommandError
from embedded.settings import CHECKOUT
from events import quantities, routes

if TYPE_CHECKING:
    from cli.gateway import Gateway


def of(gateway: Callable[[], "Gateway"], environment: Mapping[str, str]) -> Limits:
    """The limits of `rollout` and `update-policy`, as far as they are told."""
    try:
        told = {function.name: function.memory for function in gateway().functions()}
    except CommandError:  # no stack runs: one that is started will be the file's
        told = _of_file(environment)
    return Limits(*(_bytes(told.get(name, "")) for name in ("rollout", "update-policy")))


def _of_file(environment: Mapping[str, str]) -> dict[str, str]:
    file = Path(environment.get("FAASTRAIN_STACK") or CHECKOUT / "stack.yml")
    try:
        functions = routes.functions(routes.load(file, environment))
    except routes.StackError:  # which `faastrain up` tells of
        return {}
    return {function.name: f"{function.memory_mb}Mi" for function in functions}


def _bytes(quantity: str) -> int:
    """0 where a gateway tells in a form of its own."""
    try:
        return quantities.quantity(quantity)
    except ValueError:
        return 0
