"""The spaces of a run's environment, for which it is checked in a process at most once.

Those of a package and of one on JAX are in the run's manifest. Any other's come with the check of
its specification, and this process remembers them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from faastraingym.adapters.errors import AdapterError
from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.stage import manifests
from faastraingym.algorithms.environments import known, on_jax
from faastraingym.client import policy_files, target
from faastraingym.client.errors import Error, as_ours
from faastraingym.client.world import Connected, World
from faastraingym.embedded.settings import home_of
from faastraingym.events.pipeline.history import History
from faastraingym.schemas import raw
from faastraingym.schemas.errors import SchemaError

if TYPE_CHECKING:
    from faastraingym.algorithms.environments.space_info import SpaceInfo

# By the stack, whose operator chooses what is registered, and the specification's environment.
_CHECKED: dict[tuple[str, bytes], Sequence[Any]] = {}


def remember(world: World, spec: Mapping[str, Any], spaces: Sequence[Any] | None) -> None:
    """What a check of the specification found; `spaces` are the values of a SpaceInfo."""
    if spaces is not None:
        _CHECKED[_key(world, spec)] = spaces


async def of_run(world: World, stack: Connected, history: History, spec: Any) -> "SpaceInfo | None":
    """The spaces of a run, whose specification is given; None: this machine cannot build it."""
    found = _CHECKED.get(_key(world, spec))
    if found is None and (raw.packages(spec) or _is_on_jax(spec)):
        found = await _of_manifest(stack, history)
    if found is None:
        try:
            with as_ours(world.environment):
                found = (await world.validate(spec, Library(stack.bucket))).spaces
        except Error:
            return None
    remember(world, spec, found)
    return policy_files.space_info(found)


async def _of_manifest(stack: Connected, history: History) -> Sequence[Any] | None:
    """As start-run wrote them; None: it did not, or what it wrote is lost."""
    if history.started is None:
        return None
    try:
        spec = manifests.parse(await stack.objects.get(history.started.manifest))
    except (AdapterError, SchemaError):
        return None
    return known.find(spec.environment)


def _is_on_jax(spec: Any) -> bool:
    """Whether the manifest tells the spaces of an environment that is no package's, too."""
    return on_jax.is_named(str(raw.environment(spec).get("id")))


def _key(world: World, spec: Mapping[str, Any]) -> tuple[str, bytes]:
    variables = world.environment
    is_cluster = target.is_cluster(variables)
    stack = variables["OPENFAAS_URL"] if is_cluster else str(home_of(variables))
    return stack, msgspec.json.encode(raw.environment(spec), order="deterministic")
