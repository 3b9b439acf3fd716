"""The environment that a run was trained in, built in this process.

One's own comes from the packages that the run names, each verified by its SHA-256 and unpacked into
a folder of its own, first on Python's path as in the functions. Python's other places, such as the
current folder, have what its author edits: that is used only where the packages cannot be had.
"""

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import gymnasium
import msgspec

from faastraingym.adapters.packages.choosing import choose, module_of
from faastraingym.adapters.packages.folders import folders
from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.packages.sources import pack
from faastraingym.adapters.packages.unpacking import root
from faastraingym.adapters.settings import environment_modules
from faastraingym.adapters.stage.environments import register
from faastraingym.algorithms.environments import on_jax
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.registered import made_by
from faastraingym.algorithms.environments.wrappers import wrapped
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.client import checking, loop
from faastraingym.client.async_client import AsyncClient
from faastraingym.client.errors import BadInput, StackTrouble, as_ours
from faastraingym.client.opening import place_of, undrawn
from faastraingym.schemas.errors import PackageError, SpecificationError
from faastraingym.schemas.report import RunReport
from faastraingym.schemas.specification import EnvironmentSpec

Environment: TypeAlias = "gymnasium.Env[Any, Any]"


async def ready(
    client: AsyncClient, report: RunReport, tell: Callable[[str], None]
) -> EnvironmentSpec:
    """The run's environment, whose code this process can import from now on.

    Args:
        client: the stack that has the packages.
        report: of the run.
        tell: hears it where other code may be built than the run was trained with.

    Raises:
        BadInput: this process has another version of the code already.
        StackTrouble: its package is needed, and the stack does not answer or has it no more.
    """
    wanted = msgspec.convert(report.spec["environment"], EnvironmentSpec)
    with as_ours(client.world.environment):
        import_registered(client.world.environment)
        if not wanted.package_digests:
            return wanted
        try:
            _put_first(await _fetched(client, wanted), module_of(wanted.id))
        except StackTrouble as error:
            _use_what_is_here(wanted, error, tell)
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
        _put_first(await _fetched(client, wanted), module)


async def made(client: AsyncClient, report: RunReport, mode: str | None) -> Environment:
    """The run's environment: `ready`, then `build`."""
    return build(await ready(client, report, _warn), mode)


def made_here(client: AsyncClient, report: RunReport, mode: str | None) -> Environment:
    """As `made`; the caller's own thread builds it, since a window belongs to the main thread."""
    told: list[str] = []
    wanted = loop.run(ready(client, report, told.append))
    for sentence in told:
        warnings.warn(sentence, stacklevel=4)
    return build(wanted, mode)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=2)


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
            if on_jax.is_one(wanted):
                return undrawn(wanted, mode)
            inner = gymnasium.make(made_by(wanted), render_mode=mode, **wanted.kwargs)
        return wrapped(wanted, inner)
    except EnvironmentFailed as error:
        raise BadInput(str(error)) from error


async def _fetched(client: AsyncClient, wanted: EnvironmentSpec) -> list[Path]:
    unpacked = [root() / digest for digest in wanted.package_digests]
    if all(folder.is_dir() for folder in unpacked):
        return unpacked
    try:
        with as_ours(client.world.environment):
            async with client.connect() as stack:
                return await folders(wanted.package_digests, Library(stack.bucket))
    except StackTrouble as error:
        raise StackTrouble(f"the package of {wanted.id} cannot be fetched: {error}") from error


def _use_what_is_here(
    wanted: EnvironmentSpec, why: StackTrouble, tell: Callable[[str], None]
) -> None:
    """Leave the module to Python's path, which has it from elsewhere than a package.

    Raises:
        StackTrouble: Python does not find it.
    """
    place = place_of(module_of(wanted.id))
    if place is None or root() in place.parents:
        raise StackTrouble(f"{wanted.id} is not in the current folder, and {why}") from why
    if _packs_to(place, wanted.package_digests[0]):
        return
    tell(f"{wanted.id} is that of {place}, which the run was not trained with: {why}")


def _packs_to(place: Path, digest: str) -> bool:
    """Whether a module's file, or that of its folder's `__init__`, makes the package."""
    try:
        source = pack(place.parent if place.name == "__init__.py" else place)
    except PackageError:
        return False
    return source.package.sha256 == digest


def _is_here(module: str) -> bool:
    """Whether Python finds the module elsewhere than among unpacked packages."""
    place = place_of(module)
    return place is not None and root() not in place.parents


def _put_first(wanted: Sequence[Path], module: str) -> None:
    """On Python's path, before the current folder, which may have other code by the same names.

    Args:
        wanted: folders of packages.
        module: that the environment is of.

    Raises:
        BadInput: Python imported another version of one of their modules.
    """
    for folder in wanted:
        for entry in folder.iterdir():
            is_code = entry.is_dir() or entry.suffix == ".py"
            if is_code and entry.stem in sys.modules:
                _refuse_other(entry, is_the_environment=entry.stem == module)
    first = [str(folder) for folder in wanted]
    sys.path[:] = [*first, *(place for place in sys.path if place not in first)]


def _refuse_other(entry: Path, is_the_environment: bool) -> None:
    """Raise where a module that was imported is not that of a package.

    One that is installed, and that the environment only imports, is left to who installed it.
    """
    name, folder = entry.stem, entry.parent
    place = place_of(name)
    if place is None or folder in place.parents:
        return
    if root() in place.parents:
        of = f"of the package {place.relative_to(root()).parts[0][:12]}"
    elif is_the_environment and not _is_same(entry, place):
        of = f"of {place}"
    else:
        return
    raise BadInput(
        f"{name}: this process has it {of}, and the run of {folder.name[:12]}; restart Python, "
        "which cannot have both"
    )


def _is_same(entry: Path, place: Path) -> bool:
    """Whether a package's module, a file or a folder, has the bytes of the one that was imported.

    Args:
        entry: the package's.
        place: the file that was imported, of a folder its `__init__`.
    """
    if entry.is_file():
        return place.is_file() and entry.read_bytes() == place.read_bytes()
    files = [file for file in entry.rglob("*.py") if file.is_file()]
    others = [place.parent / file.relative_to(entry) for file in files]
    return all(
        other.is_file() and file.read_bytes() == other.read_bytes()
        for file, other in zip(files, others, strict=True)
    )
