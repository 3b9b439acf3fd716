"""Masks of invalid actions, as who asks a policy for actions gives them."""

from typing import Any

import numpy as np

from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.leaves import at
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.errors import Misfit
from faastraingym.client.errors import BadInput


def valid(
    given: Any, observation: Any, info: SpaceInfo, environment: str, rows: int | None
) -> dict[str, np.ndarray]:
    """The valid actions, [B, M] bool, by the path of the mask; none: the policy knows no masks.

    Args:
        given: `action_masks` of `predict`; None: they are in the observation.
        observation: of the environment, or a batch of them.
        info: the spaces of the policy.
        environment: its id.
        rows: of the batch; None: it is one observation.

    Raises:
        BadInput: masks are missing, or are not needed, or none are, or one forbids every action.
    """
    leaf = info.mask
    if leaf is None:
        if given is None:
            return {}
        raise BadInput(f"action_masks: the policy of {environment} knows none; leave it out")
    if given is None and info.mask_is_in_info:
        raise BadInput(
            f'{environment} tells which actions are valid; give action_masks = info["{masks.KEY}"] '
            "of what `reset` or `step` returned"
        )
    words = leaf.words if given is None else "action_masks"
    try:
        found = at(observation, leaf.path) if given is None else given
        several = [found] if rows is None else list(found)
        read = np.array([masks.boolean(mask, sum(leaf.choices), words) for mask in several])
    except Misfit as misfit:
        raise BadInput(str(misfit)) from misfit
    except (LookupError, TypeError, ValueError) as error:
        raise BadInput(f"{words} is not there, or is no mask for each observation") from error
    if len(read) != (rows or 1):
        raise BadInput(f"{words}: found {len(read)} masks; allowed: {rows}, one per observation")
    if not masks.allows(read, leaf).all():
        raise BadInput(f"{words} forbids every action; allow at least one")
    return {leaf.path: read}
