"""A specification is checked as start-run does it: by the modules and limits that the stack has.

Modules are found where a replica finds them: among what is installed, and beside functions/. A
running stack keeps those that it was started with.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from faastraingym.adapters.settings import ENVIRONMENTS, environment_modules
from faastraingym.algorithms.limits import Limits
from faastraingym.client import target
from faastraingym.client.errors import Error, StackTrouble
from faastraingym.events.topology import quantities, stack_file

if TYPE_CHECKING:
    from faastraingym.adapters.packages.library import Packages
    from faastraingym.adapters.processes.checking import Checked
    from faastraingym.client.gateway import Gateway
    from faastraingym.embedded.state import StackState


async def validate(raw: object, packages: "Packages", environment: Mapping[str, str]) -> "Checked":
    """The specification in `raw`, with the packages that its environment stands for.

    Raises:
        SpecificationError: it cannot be run.
        StackTrouble: FTG_ENVIRONMENTS names other modules than those of the stack that runs.
    """
    from faastraingym.adapters.processes.checking import Checker
    from faastraingym.adapters.settings import FUNCTION_LIMITS
    from faastraingym.algorithms.registry import parse
    from faastraingym.client import gateway

    parse(raw)  # its words come before all others
    known = map(str, memory(lambda: gateway.of(environment), environment))
    limited = dict(zip(FUNCTION_LIMITS, known, strict=True))
    checker = Checker(variables(environment) | limited)
    try:
        found: Checked
        checks = checker.choose(raw, packages)
        found, _ = await asyncio.gather(checks, asyncio.to_thread(_import_clients))
    finally:
        await checker.close()
    return found


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a check.

    Raises:
        StackTrouble: FTG_ENVIRONMENTS names other modules than those of the stack that runs.
        SettingsError: it names none.
    """
    from faastraingym.embedded.settings import import_paths

    known_here = {**environment}
    root = stack_file.path(environment).resolve().parent
    state = None if target.is_cluster(environment) else target.running(environment)
    if state is not None:
        _refuse_others(known_here, state)
        known_here[ENVIRONMENTS] = state.environments
        root = Path(state.stack_file).parent
    return known_here | {
        "PYTHONPATH": os.pathsep.join(map(str, import_paths(root)))
    }  # as a replica's


def _refuse_others(told: Mapping[str, str], state: "StackState") -> None:
    """Of a variable that is set now, and not as it was."""
    wanted, has = environment_modules(told), environment_modules({ENVIRONMENTS: state.environments})
    if wanted and wanted != has:
        raise StackTrouble(
            f"FTG_ENVIRONMENTS is {','.join(wanted)}, but the running stack was started with "
            f"{','.join(has) or 'none'}; `faastrain down` first"
        )


def memory(gateway: Callable[[], "Gateway"], environment: Mapping[str, str]) -> Limits:
    """The limits of `rollout` and `update-policy`, as far as they are known."""
    try:
        limits = {function.name: function.memory for function in gateway().functions()}
    except Error:  # no stack runs: one that is started will be the file's
        limits = _of_file(environment)
    return Limits(*(_bytes(limits.get(name, "")) for name in ("rollout", "update-policy")))


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


def _import_clients() -> None:
    """What connecting takes next: half a second of another core, while the check takes one."""
    from faastraingym.adapters.s3 import object_store  # noqa: F401
    from faastraingym.client import streams  # noqa: F401
