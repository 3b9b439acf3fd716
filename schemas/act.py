"""What callers ask `act`: actions of a policy for observations; and what it answers.

Arrays are Any here: which dtype and shape each has to have, the policy's spaces tell.
"""

import re
from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, Meta, Struct

from faastraingym.schemas import models
from faastraingym.schemas.acting import FORMS, PolicyName, Seed, Wanted
from faastraingym.schemas.errors import ModelError
from faastraingym.schemas.keys import RUNS
from faastraingym.schemas.models import Named
from faastraingym.schemas.references import RUN_PATTERN, Sha256

MAX_ROWS = 4096  # observations of one request
MOST_BODY = 2 << 20  # bytes of one


class OfRun(NamedTuple):
    """A policy of a run; without version: the newest that is stored."""

    run: str
    version: int | None = None

    def __str__(self) -> str:
        return f"{RUNS}{self.run}" + ("" if self.version is None else f"/{self.version}")


class ActRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Observations of B environments, and the policy that is to act in them."""

    policy: PolicyName
    observations: Annotated[
        Any,
        Meta(
            description="[B, ...] as the environment gives them, 1 to 4096 rows; of a Dict space a "
            "map of such arrays, of a Tuple space a list"
        ),
    ]
    action_masks: Annotated[
        Any,
        Meta(description="[B, M], 1 for a valid action: what the environment tells in `info`"),
    ] = None
    memory: Annotated[
        Any,
        Meta(
            description="[B, M] of a recurrent policy, as the answer before had it; a row of zeros "
            "begins an episode, and so does none"
        ),
    ] = None
    deterministic: Annotated[
        bool, Meta(description="the most probable actions; false: sampled ones")
    ] = True
    seed: Annotated[
        Seed | None,
        Meta(description="of the sample: the same request has the same answer"),
    ] = None
    key: Annotated[
        Annotated[str, Meta(max_length=256)] | None,
        Meta(
            description="requests of one key, as of an episode, are answered by one version while "
            "an alias has a canary; null: each is drawn by its bytes"
        ),
    ] = None
    want: Wanted = []


class ActAnswer(Struct, frozen=True, kw_only=True):
    """Actions of B environments; what nobody wanted is left out."""

    policy: Annotated[str, Meta(description="that acted: models/NAME/VERSION or runs/RUN/VERSION")]
    sha256: Annotated[Sha256, Meta(description="of that policy's bytes")]
    actions: Annotated[Any, Meta(description="[B, ...], as the environment takes them")]
    log_probs: Annotated[
        Any, Meta(description="[B] float32: of the actions before they were clipped to bounds")
    ] = UNSET
    values: Annotated[Any, Meta(description="[B] float32: V(s), or max_a Q(s, a)")] = UNSET
    memory: Annotated[Any, Meta(description="[B, M] float32: for the next request")] = UNSET


def parse(text: str) -> Named | OfRun:
    """The policy that a text names.

    Raises:
        ModelError: it names none.
    """
    if text.startswith(models.PREFIX):
        return models.parse(text)
    run, slash, version = text.removeprefix(RUNS).partition("/")
    is_version = re.fullmatch(r"0|[1-9][0-9]{0,8}", version) is not None
    if not text.startswith(RUNS) or not re.fullmatch(RUN_PATTERN, run) or is_version < bool(slash):
        raise ModelError(f"{text!r:.80} names no policy; write {FORMS}")
    return OfRun(run, int(version) if slash else None)


def moves(named: Named | OfRun) -> bool:
    """Whether the name may stand for another policy later."""
    return named.version is None if isinstance(named, OfRun) else not named.version
