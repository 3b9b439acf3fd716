"""The requests and answers of the function `env-step`: environments over HTTP.

`POST <gateway>/function/env-step/<verb>` with `Authorization: Bearer <token>`, as msgpack
(`application/msgpack`, arrays as in schemas/arrays.py) or as JSON (arrays are nested lists).

Shapes: T steps, B environments, K environments that a reset began. Batches of a space's values:
of a Box, Discrete, MultiDiscrete or MultiBinary one array [T, B, ...]; of a Tuple a list of
batches, of a Dict a table of them by name.

`state` is opaque: whatever an answer gave, the next request brings. The same request with the same
state has the same answer, at any replica and at any time before the state expires; a state may be
stepped several times, which forks it.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from faastraingym.schemas.acting import PolicyName, Seed, Wanted
from faastraingym.schemas.specification import WrapperSpec

MOST_ENVS = 1024
MOST_STEPS = 100_000  # T x B of one request
MOST_BODY = 4 << 20  # bytes of a request
MOST_ANSWER = 32 << 20  # bytes of the arrays of an answer
MOST_ACTIONS = 500_000  # since their resets, of environments whose actions are repeated

State = Annotated[str, Meta(description="as the last answer gave it")]
Batch = Annotated[Any, Meta(description="an array, or a list or table of them, by the space")]
Info = dict[str, Any]
Bound = Annotated[
    Any, Meta(description="a number for all elements, or nested lists; null: unbounded")
]


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unknown keys are refused."""


class Make(Request, frozen=True, kw_only=True):
    """Make environments; `reset` begins their first episodes."""

    env_id: Annotated[str, Meta(description="registered with Gymnasium, as CartPole-v1")]
    kwargs: Annotated[
        dict[str, Any], Meta(description='of gymnasium.make; render_mode: "rgb_array" or none')
    ] = {}
    wrappers: Annotated[
        list[WrapperSpec], Meta(description="of Gymnasium, the first innermost")
    ] = []
    num_envs: Annotated[int, Meta(ge=1, le=MOST_ENVS, description="B")] = 1
    vector: Annotated[
        bool,
        Meta(
            description="an environment whose episode has ended resets itself in the next step, as"
            " gymnasium.vector.SyncVectorEnv's; false: it is reset by `reset`, or not stepped"
        ),
    ] = False


class Reset(Request, frozen=True, kw_only=True):
    """Begin new episodes."""

    state: State
    seed: Annotated[
        Seed | None,
        Meta(
            description="environment i is seeded with seed + i; null: each goes on with its own"
            " random generator",
        ),
    ] = None
    options: Annotated[Info | None, Meta(description="for every environment's reset")] = None
    mask: Annotated[Any, Meta(description="[B] booleans: which of them; null: all")] = None


class Step(Request, frozen=True, kw_only=True):
    """Take T steps in each environment: with `actions`, or those of a `policy`."""

    state: State
    actions: Annotated[Batch, Meta(description="[T, B, ...] of the action space, T >= 1")] = None
    policy: Annotated[
        PolicyName | None,
        Meta(
            description="acts instead, in environments that were made with vector; a name that can"
            " move, as an alias, may stand for another policy when the request is sent again"
        ),
    ] = None
    steps: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_STEPS)] | None, Meta(description="T, of a policy")
    ] = None
    episodes: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_STEPS)] | None,
        Meta(description="of a policy: until each environment has ended so many, instead of steps"),
    ] = None
    deterministic: Annotated[
        bool, Meta(description="the policy's most probable actions; false: sampled ones")
    ] = True
    seed: Annotated[Seed | None, Meta(description="of the samples")] = None
    memory: Annotated[
        Any,
        Meta(
            description="[B, M] of a recurrent policy, as the last answer had it; none: it begins"
        ),
    ] = None
    want: Wanted = []


class Render(Request, frozen=True, kw_only=True):
    """Show an environment that was made with render_mode rgb_array."""

    state: State
    index: Annotated[int, Meta(ge=0, lt=MOST_ENVS)] = 0


class Close(Request, frozen=True, kw_only=True):
    """Forget what is kept for a state; without it that is forgotten when it expires."""

    state: State


class Answer(Struct, frozen=True, kw_only=True):
    """The base of answers."""


class Box(Struct, frozen=True, kw_only=True, tag_field="kind", tag="Box"):
    """gymnasium.spaces.Box"""

    low: Bound = None
    high: Bound = None
    shape: list[int]
    dtype: str = "float32"


class Discrete(Struct, frozen=True, kw_only=True, tag_field="kind", tag="Discrete"):
    """gymnasium.spaces.Discrete"""

    n: int
    start: int = 0
    dtype: str = "int64"


class MultiDiscrete(Struct, frozen=True, kw_only=True, tag_field="kind", tag="MultiDiscrete"):
    """gymnasium.spaces.MultiDiscrete; `nvec` and `start` are nested lists, or `start` a number."""

    nvec: list[Any]
    start: Any = 0
    dtype: str = "int64"


class MultiBinary(Struct, frozen=True, kw_only=True, tag_field="kind", tag="MultiBinary"):
    """gymnasium.spaces.MultiBinary"""

    shape: list[int]


class Tuple(Struct, frozen=True, kw_only=True, tag_field="kind", tag="Tuple"):
    """gymnasium.spaces.Tuple"""

    spaces: list["Space"]


class Dict(Struct, frozen=True, kw_only=True, tag_field="kind", tag="Dict"):
    """gymnasium.spaces.Dict, in its own order."""

    spaces: dict[str, "Space"]


Space = Box | Discrete | MultiDiscrete | MultiBinary | Tuple | Dict


class Made(Answer, frozen=True, kw_only=True):
    """Of one environment, whatever B is."""

    state: State
    observation_space: Space
    action_space: Space
    metadata: Annotated[Info, Meta(description="as render_modes, render_fps")]
    max_episode_steps: int | None


class Begun(Answer, frozen=True, kw_only=True):
    """Of `reset`: of the K environments that were reset, in their order; without a mask K = B."""

    state: State
    observations: Annotated[Batch, Meta(description="[K, ...]")]
    infos: Annotated[list[Info], Meta(description="[K], each as its environment gave it")]


class Stepped(Answer, frozen=True, kw_only=True):
    """Of `step`: [T, B, ...] each; of a policy's also its actions, and what was wanted.

    Of `infos`, what has a wire form is there: arrays, numbers, texts, and lists and tables of them.
    A vector's client adds the B of a step up by gymnasium.vector.VectorEnv._add_info.
    """

    state: State
    observations: Annotated[Batch, Meta(description="[T, B, ...]")]
    rewards: Annotated[Any, Meta(description="[T, B] float64")]
    terminated: Annotated[Any, Meta(description="[T, B] bool")]
    truncated: Annotated[Any, Meta(description="[T, B] bool")]
    infos: Annotated[list[list[Info]], Meta(description="[T][B], each as its environment gave it")]
    policy: Annotated[
        str | UnsetType, Meta(description="that acted: models/NAME/VERSION or runs/RUN/VERSION")
    ] = UNSET
    sha256: Annotated[str | UnsetType, Meta(description="of that policy's bytes")] = UNSET
    actions: Annotated[Any, Meta(description="[T, B, ...], as the environments took them")] = UNSET
    log_probs: Annotated[
        Any, Meta(description="[T, B] float32: of the actions before they were clipped to bounds")
    ] = UNSET
    values: Annotated[Any, Meta(description="[T, B] float32")] = UNSET
    memory: Annotated[Any, Meta(description="[B, M] float32: for the next request")] = UNSET


class Rendered(Answer, frozen=True, kw_only=True):
    """Of `render`."""

    frame: Annotated[Any, Meta(description="[H, W, 3] uint8")]


class Closed(Answer, frozen=True, kw_only=True):
    """Of `close`: nothing."""


Verb = Literal["make", "reset", "step", "render", "close"]
