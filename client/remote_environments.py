"""`faastraingym.remote_env`: environments that the stack steps, for a loop of one's own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from faastraingym.client import target
from faastraingym.client.arguments import checked
from faastraingym.client.client import Client
from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.remote.errors import RemoteError
from faastraingym.schemas.env_step import MOST_ENVS

if TYPE_CHECKING:
    from faastraingym.remote import RemoteEnv, RemoteVectorEnv

OF_THE_STACK = ("unavailable", "unauthenticated", "too-many", "defect")  # not the caller's mistakes


@checked
def remote_env(
    env_id: str,
    *,
    num_envs: Annotated[int, Meta(ge=1, le=MOST_ENVS)] | None = None,
    render_mode: str | None = None,
    wrappers: Sequence[dict[str, Any]] = (),
    seconds: Annotated[float, Meta(gt=0)] = 60.0,
    client: Client | None = None,
    **kwargs: Any,
) -> "RemoteEnv | RemoteVectorEnv":
    """An environment that a running stack steps, as Gymnasium's; it is `faastrain/Remote-v0`.

    Args:
        env_id: registered with Gymnasium in the stack, as "CartPole-v1", or an added package's, as
            "my_package:MyEnv-v0".
        num_envs: how many step together, as a `gymnasium.vector.VectorEnv`; None: one, as a
            `gymnasium.Env`.
        render_mode: "rgb_array": `render` gives [H, W, 3] uint8; None: nothing is drawn.
        wrappers: of Gymnasium, the first innermost: tables of `name` and `kwargs`.
        seconds: for one request, which is repeated meanwhile until it is answered.
        client: the stack; by default the embedded one of FAASTRAIN_HOME or `./.faastrain`.
        **kwargs: of the environment itself.

    Returns:
        The environment. Its methods raise `faastraingym.remote.RemoteError`.

    Raises:
        BadInput: there is no such environment, or it does not take these arguments.
        StackTrouble: no stack runs or answers, or it does not know the token.
    """
    from faastraingym.remote import RemoteEnv, RemoteVectorEnv

    variables = (client or Client()).aio.world.environment
    url, token = target.caller(variables)
    how: dict[str, Any] = {
        "render_mode": render_mode, "wrappers": wrappers, "seconds": seconds, **kwargs
    }  # fmt: skip
    try:
        if num_envs is None:
            return RemoteEnv(url, env_id, token, **how)
        return RemoteVectorEnv(url, env_id, token, num_envs=num_envs, **how)
    except RemoteError as error:
        kind = StackTrouble if error.kind in OF_THE_STACK else BadInput
        raise kind(f"{env_id}: {error}") from error
