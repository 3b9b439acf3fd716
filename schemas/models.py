"""What the store knows of registered models: their versions, and where their aliases point.

`models/NAME/3/manifest.msgpack` is a version, `models/NAME/aliases/champion/2.msgpack` the second
promotion of an alias. Each is written once, under a number that its first writer takes; an alias
points to where its highest number says.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from faastraingym.schemas.errors import ModelError, PayloadError
from faastraingym.schemas.references import RUN_PATTERN, Count, RunId, Sha256

PREFIX = "models/"  # before a model's name where another name could stand
ALIAS_PATTERN = r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$(?!\n)"
MAX_RECORD = 16 << 20  # bytes
FORMS = "NAME, NAME@ALIAS or NAME/VERSION"

ModelName = Annotated[str, Meta(pattern=RUN_PATTERN, description="a model's, a DNS label")]
Alias = Annotated[str, Meta(pattern=ALIAS_PATTERN, description="a DNS label that no digit begins")]
Number = Annotated[int, Meta(ge=1, le=2**31)]


class Named(NamedTuple):
    """A version as a person names it; neither alias nor version: the newest."""

    model: str
    alias: str = ""
    version: int = 0

    def __str__(self) -> str:
        more = f"@{self.alias}" if self.alias else f"/{self.version}" if self.version else ""
        return self.model + more


class Kept(Struct, frozen=True, kw_only=True):
    """An object of a model, which is named by its SHA-256: a copy, so no run can take it away."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=0, description="bytes")]


class Trained(Struct, frozen=True, kw_only=True):
    """The environment that a version was trained and evaluated in."""

    id: str
    sha256: Annotated[Sha256, Meta(description="of all that the specification says of it")]
    packages: Annotated[list[Sha256], Meta(description="of one's own code; empty: it has none")]


class ModelVersion(Struct, frozen=True, kw_only=True):
    """The manifest of one version: where it came from, and what it is good for."""

    model: ModelName
    version: Number
    run: Annotated[RunId, Meta(description="that trained it; it may have been removed since")]
    run_version: Annotated[Count, Meta(description="of that run's policy")]
    spec: Annotated[dict[str, Any], Meta(description="of that run")]
    policy: Annotated[Kept, Meta(description="byte for byte the run's")]
    networks: Annotated[Kept, Meta(description="what fine-tuning begins with; no optimizer state")]
    report: Annotated[Kept, Meta(description="the run's, JSON")]
    spaces: Annotated[
        list[Any] | None, Meta(description="values of a SpaceInfo; none: they were not known")
    ]
    environment: Trained
    returns: Annotated[list[float], Meta(description="undiscounted, of episodes after training")]
    mean: Annotated[float, Meta(description="of these returns")]
    low: Annotated[float, Meta(description="of the mean's 95 % interval, by a bootstrap")]
    high: float
    created_by: str
    created_at: Annotated[float, Meta(description="Unix time, seconds")]

    def __str__(self) -> str:
        return f"{self.model}/{self.version}"


class Promotion(Struct, frozen=True, kw_only=True):
    """One move of an alias to a version."""

    model: ModelName
    alias: Alias
    number: Annotated[Number, Meta(description="counts the alias's moves")]
    version: Annotated[Number, Meta(description="that it points to from now on")]
    previous: Annotated[int, Meta(ge=0, description="to which it pointed before; 0: to none")]
    rollback: Annotated[bool, Meta(description="it takes the promotion before back")] = False
    by: str
    at: Annotated[float, Meta(description="Unix time, seconds")]


class Trigger(Struct, frozen=True, kw_only=True):
    """A run that is asked for whenever an alias is promoted; rollbacks start none."""

    model: ModelName
    alias: Alias
    name: Annotated[str, Meta(pattern=RUN_PATTERN, description="what its runs' names begin with")]
    spec: Annotated[
        dict[str, Any], Meta(description="whose init_from or evaluate is the alias, or neither")
    ]
    by: str
    at: Annotated[float, Meta(description="Unix time, seconds")]

    @property
    def parent(self) -> str:
        """The name by which its runs begin with the promoted version."""
        return f"{PREFIX}{self.model}@{self.alias}"


class Canary(Struct, frozen=True, kw_only=True):
    """A version that answers a share of those who ask an alias, beside the one it points to."""

    model: ModelName
    alias: Alias
    move: Annotated[
        Number, Meta(description="the alias's newest one; the next one ends the canary")
    ]
    version: Number
    share: Annotated[float, Meta(ge=0, le=1, description="of requests; 0: none any more")]
    by: str
    at: Annotated[float, Meta(description="Unix time, seconds")]

    def answers(self, key: bytes) -> bool:
        """Whether it is this version that answers, of requests that are told apart by a key.

        The same key has the same answer while the share stays, and keeps it when the share grows.
        """
        drawn = int.from_bytes(hashlib.sha256(key).digest()[:8], "big")
        return drawn < self.share * 2.0**64


Record = TypeVar("Record", ModelVersion, Promotion, Trigger, Canary)


def parse(text: str) -> Named:
    """The version that a text names, with or without `models/` before it.

    Raises:
        ModelError: it names none.
    """
    found = re.fullmatch(r"([^/@]*)(?:@([^/@]*)|/([1-9][0-9]{0,8}))?", text.removeprefix(PREFIX))
    if found is None:
        raise ModelError(f"{text!r:.80} names no version of a model; write {FORMS}")
    name, alias, version = found.groups()
    return Named(check_name(name), "" if alias is None else check_alias(alias), int(version or 0))


def check_name(name: str) -> str:
    """`name`, when it is a model's; ModelError otherwise."""
    if not re.fullmatch(RUN_PATTERN, name):
        raise ModelError(
            f"{name!r:.80} is no model's name; a name is 1 to 63 of a-z, 0-9 and '-', not at its "
            "ends, as lunar-lander"
        )
    return name


def check_alias(alias: str) -> str:
    """`alias`, when it is one; ModelError otherwise."""
    if not re.fullmatch(ALIAS_PATTERN, alias):
        raise ModelError(
            f"{alias!r:.80} is no alias; an alias is 1 to 63 of a-z, 0-9 and '-', begins with a "
            "letter and ends with no '-', as champion"
        )
    return alias


def standing(moves: Sequence[Promotion]) -> list[Promotion]:
    """The promotions that no rollback took back, in order; the last one is in force."""
    found: list[Promotion] = []
    for move in moves:
        if move.rollback:
            found.pop()
        else:
            found.append(move)
    return found


def dump(record: ModelVersion | Promotion | Trigger | Canary) -> bytes:
    """The record's bytes; equal records give equal bytes."""
    return msgspec.msgpack.encode(record)


def load(data: bytes, kind: type[Record]) -> Record:
    """The record in `data`.

    Raises:
        PayloadError: there is none.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise PayloadError(f"not a {kind.__name__}: {error}") from error
