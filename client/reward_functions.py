"""Reward functions of one's own: their keys, and their deployment without faas-cli."""

from pathlib import Path

from faastraingym.client.errors import BadInput
from faastraingym.client.world import World
from faastraingym.schemas.reward_call import SECRET
from faastraingym.schemas.validation import NAME


def key(function: str, world: World) -> str:
    """The key of the function with this name; BadInput: no function can be called so."""
    from faastraingym.adapters.http.reward_functions import key_of

    if not NAME.fullmatch(function):
        raise BadInput(f"{function!r:.80} is no function's name; allowed: a-z, 0-9 and inner -")
    return key_of(world.signing_key(), function)


def deploy(file: Path, world: World) -> list[str]:
    """Deploy the functions of a stack.yml, each with its key if it lists that secret; their names.

    The embedded stack runs their code from where it lies; another one pulls their images.

    Raises:
        BadInput: the file or a function of it cannot be deployed.
        StackTrouble: no stack runs.
    """
    from faastraingym.embedded import deployments
    from faastraingym.embedded.errors import StackError
    from faastraingym.events.pipeline import flow

    if not file.is_file():
        raise BadInput(f"{file}: there is no such file; name the stack.yml of your functions")
    try:
        wanted = deployments.of_ones_own(file.resolve(), world.environment)
    except StackError as error:
        raise BadInput(" ".join(str(error).split())) from error  # YAML's own words have lines
    for deployment in wanted:
        if deployment.service in flow.DEPLOYED:
            raise BadInput(
                f"{file}: functions.{deployment.service}: the name of a function of the pipeline, "
                "which this would replace; choose another"
            )
    gateway = world.gateway()
    for deployment in wanted:
        secret = f"{SECRET}{deployment.service}"
        if secret in (deployment.secrets or []):
            gateway.keep_secret(secret, key(deployment.service, world))
        gateway.deploy(deployment)
    return [deployment.service for deployment in wanted]
