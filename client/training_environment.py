"""The environment that a run was trained in, built in this process.

One's own is looked for where Python imports from; else its packages come from the store, each
verified by its SHA-256 and unpacked into a folder of its own, last on Python's path.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import gymnasium
import msgspec

from faastraingym.adapters.packages.choosing import choose, module_of
from faastraingym.adapters.packages.folders import folders
from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.packages.unpacking import root
from faastraingym.adapters.settings import environment_modules
from faastraingym.adapters.stage.environments import register
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.registered import made_by
from faastraingym.algorithms.environments.wrappers import wrapped
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.client import checking, loop
from faastraingym.client.async_client import AsyncClient
from faastraingym.client.errors import BadInput, StackTrouble, as_ours
from faastraingym.client.opening import place_of
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import EnvironmentSpec

Environment: TypeAlias = "gymnasium.Env[Any, Any]"


async def ready(client: AsyncClient, report: RunReport) -> EnvironmentSpec:
    """The run's environment, whose code this process can import from now on.

    Raises:
        BadInput: this process has another version of the code already.
        StackTrouble: its package is needed, and the stack does not answer or has it no more.
    """
    wanted = msgspec.convert(report.spec["environment"], EnvironmentSpec)
    with as_ours(client.world.environment):
        import_registered(client.world.environment)
        if wanted.package_digests and not _is_here(module_of(wanted.id)):
            _put_on_path(await _fetched(client, wanted))
    return wanted


async def find(client: AsyncClient, env_id: str) -> None:
    """Make the code of a package's environment importable, from the store where it is not here.

    Raises:
        BadInput: nobody added it; or this process has another version of the code already.
        StackTrouble: it is needed, and the stack does not answer.
    """
    module = module_of(env_id)
    if module and not _is_here(module):
        async with client.connect() as stack:
            records = await Library(stack.bucket).records()
        try:
            wanted = EnvironmentSpec(id=env_id, packages=choose(env_id, records))
        except SpecificationError as error:
            raise BadInput(f"{env_id}: {error}") from error
        _put_on_path(await _fetched(client, wanted))


async def made(client: AsyncClient, report: RunReport, mode: str | None) -> Environment:
    """The run's environment: `ready`, then `build`."""
    return build(await ready(client, report), mode)


def made_here(client: AsyncClient, report: RunReport, mode: str | None) -> Environment:
    """As `made`; the caller's own thread builds it, since a window belongs to the main thread."""
    return build(loop.run(ready(client, report)), mode)


def import_registered(variables: Mapping[str, str]) -> None:
    """Import the modules that the stack has, or would have here.

    From now on the current folder is imported from, too, last: an author's own file lies there.
    """
    named = checking.variables(variables)
    places = named["PYTHONPATH"].split(os.pathsep)
    with suppress(OSError):  # it was removed
        places.append(os.getcwd())
    register(environment_modules(named), places)


def build(wanted: EnvironmentSpec, mode: str | None) -> Environment:
    """The environment, which draws in a mode of Gymnasium's, or not at all.

    Raises:
        BadInput: it cannot be built, or has no such mode.
    """
    try:
        with foreign(f"{wanted.id} cannot be shown"):
            inner = gymnasium.make(made_by(wanted), render_mode=mode, **wanted.kwargs)
        return wrapped(wanted, inner)
    except EnvironmentFailed as error:
        raise BadInput(str(error)) from error


async def _fetched(client: AsyncClient, wanted: EnvironmentSpec) -> list[Path]:
    try:
        with as_ours(client.world.environment):
            async with client.connect() as stack:
                return await folders(wanted.package_digests, Library(stack.bucket))
    except StackTrouble as error:
        raise StackTrouble(
            f"{wanted.id} is not in the current folder, and its package cannot be fetched: {error}"
        ) from error


def _is_here(module: str) -> bool:
    """Whether Python finds the module elsewhere than among unpacked packages."""
    place = place_of(module)
    return place is not None and root() not in place.parents


def _put_on_path(wanted: Sequence[Path]) -> None:
    """Last, so that nothing there hides a module of ours.

    Raises:
        BadInput: another version of one of their modules was imported, or would be.
    """
    for folder in wanted:
        for module in filter(str.isidentifier, (entry.stem for entry in folder.iterdir())):
            place = place_of(module)
            if place and root() in place.parents and folder not in place.parents:
                other = place.relative_to(root()).parts[0]
                raise BadInput(
                    f"{module}: this process has it of the package {other[:12]}, and the run of "
                    f"{folder.name[:12]}; restart Python, which cannot have both"
                )
    sys.path += [str(folder) for folder in wanted if str(folder) not in sys.path]
