"""What a caller names as an environment: an id, or code of one's own, which is packed here."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.adapters.packages import choosing
from faastraingym.client.errors import BadInput
from faastraingym.schemas import raw as raw_spec

if TYPE_CHECKING:
    from faastraingym.adapters.packages.sources import Source


class Named(NamedTuple):
    """An environment's id, and its code where it is one's own."""

    env_id: str
    source: "Source | None" = None

    @property
    def stem(self) -> str:
        """What a run of it is named after: the module of a package's."""
        return self.env_id.partition(":")[0]


def resolve(env: object) -> Named:
    """The environment that is named by an id, by a class, or by `FILE.py:NAME`.

    Raises:
        BadInput: neither, or its code cannot be packed; says what to do.
    """
    from faastraingym.adapters.packages.sources import pack
    from faastraingym.schemas.errors import PackageError

    if isinstance(env, str) and not is_code(env):
        return Named(env)
    if not isinstance(env, str | Path | type):
        raise BadInput(f"{type(env).__name__}: is {_else(env)}; name one of them")
    try:
        source = pack(env)
    except PackageError as error:
        raise BadInput(str(error)) from error
    if source.env_id.endswith(":"):
        raise BadInput(f"{env}: name the environment in it, too, as {env}:MyEnv")
    return Named(source.env_id, source)


def _else(env: object) -> str:
    """What it is, if that is neither an environment's id nor its class."""
    known = getattr(getattr(env, "spec", None), "id", None)  # of an environment that is built
    kind = type(getattr(env, "unwrapped", env)).__name__
    if known:
        return (
            f"an environment, of which functions build their own by the id {known!r} or by a class"
        )
    is_built = hasattr(env, "observation_space")
    return (
        f"an environment, of which functions build their own by its class {kind} or by an id"
        if is_built
        else "neither an environment's id nor its class"
    )


def is_code(name: str) -> bool:
    """Whether a name is code's here: `my_env.py:MyEnv`, `./folder:MyEnv-v0`, a wheel."""
    place, colon, _ = name.rpartition(":")
    return (place or name).endswith((".py", ".whl")) or bool(colon and "/" in place)


def is_own(raw: Any) -> bool:
    """Whether a specification's environment is one's own code, here or in the store."""
    env_id = raw_spec.environment(raw).get("id")
    return isinstance(env_id, str) and bool(choosing.module_of(env_id))


def taken(raw: Any, folder: Path) -> "tuple[Any, Source | None]":
    """A raw specification whose environment has its id in the stack, and the code that has it.

    Args:
        raw: the specification; its environment's id may name code, as `my_env.py:MyEnv`.
        folder: where such code lies, if its place is relative.

    Raises:
        BadInput: the code cannot be packed.
    """
    env_id = raw_spec.environment(raw).get("id")
    if not isinstance(env_id, str) or not is_code(env_id):
        return raw, None
    place, _, name = env_id.rpartition(":")
    lies = folder / place
    named = resolve(f"{lies}:{name}" if place and lies.exists() else env_id)
    environment = {**raw["environment"], "id": named.env_id}
    environment.pop("packages", None)
    return raw | {"environment": environment}, named.source
