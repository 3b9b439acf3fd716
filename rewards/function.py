"""A function of trajectories as the handler that the template python3-faastrain serves.

The answer to the pipeline:

    200  the rewards
    400  no request of the pipeline's
    401  its signature is missing, wrong or old
    500  the author's own code failed; the text has its error, the log its traceback
    503  a trajectory cannot be read now
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from faastraingym.rewards.reading import Unreadable, read
from faastraingym.rewards.signature import Unsigned, verify
from faastraingym.schemas import reward_call
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import Trajectory
from faastraingym.schemas.reward_call import MEMORY, MSGPACK, SECRET, RewardAnswer, RewardCall

Response = tuple[int, dict[str, str], bytes]
UNITS = {"Mi": 1.0, "Gi": 1024.0, "M": 1e6 / 2**20, "G": 1e9 / 2**20}  # of a quantity, in MiB

logger = logging.getLogger(__name__)


class Batch(NamedTuple):
    """What one update will learn from."""

    trajectories: list[Trajectory]
    run: str
    version: int  # that learns
    environment: str
    gamma: float


def function(
    compute: Callable[[Batch], Sequence[np.ndarray]],
) -> Callable[[bytes, Mapping[str, str]], Awaitable[Response]]:
    """Make a handler of `compute`.

    It gives an array for each trajectory of its batch, in order: [T, B], a reward for each step of
    each environment. The same batch must have the same rewards, or else two runs of one
    specification differ.
    """

    async def handle(body: bytes, headers: Mapping[str, str]) -> Response:
        return await asyncio.to_thread(_answer, compute, body, headers, os.environ)

    return handle


def _answer(
    compute: Callable[[Batch], Sequence[np.ndarray]],
    body: bytes,
    headers: Mapping[str, str],
    environment: Mapping[str, str],
) -> Response:
    name = environment.get("FTG_FUNCTION", "")
    try:
        signature = headers.get(reward_call.SIGNATURE.lower())
        verify(_key(environment, name), name, body, signature, time.time())
        asked = reward_call.load(body, RewardCall)
        trajectories = read(asked.trajectories)
    except Unsigned as error:
        return _said(401, error)
    except PayloadError as error:
        return _said(400, error)
    except Unreadable as error:
        return _said(503, error)
    batch = Batch(trajectories, asked.run, asked.version, asked.environment, asked.gamma)
    try:
        found = [np.asarray(one, np.float32) for one in compute(batch)] if trajectories else []
    except Exception as error:  # the boundary: the author's own code
        logger.exception("the reward function failed")
        return _said(500, error)
    told = {"content-type": MSGPACK} | _memory(environment)
    return 200, told, reward_call.dump(RewardAnswer(rewards=found))


def _said(status: int, error: Exception) -> Response:
    text = str(error) if status < 500 or status == 503 else f"{type(error).__name__}: {error}"
    return status, {"content-type": "text/plain; charset=utf-8"}, text.encode(errors="replace")


def _key(environment: Mapping[str, str], name: str) -> str:
    """The function's key; Unsigned: it has none."""
    file = Path(environment.get("FTG_SECRETS") or "/var/openfaas/secrets") / f"{SECRET}{name}"
    try:
        return file.read_text().strip()
    except OSError as error:
        raise Unsigned(f"the secret {file.name} cannot be read ({error.strerror})") from error


def _memory(environment: Mapping[str, str]) -> dict[str, str]:
    """The header by which the pipeline tells GB-seconds, if FTG_MEMORY_LIMIT says the limit."""
    text = environment.get("FTG_MEMORY_LIMIT", "")
    number, unit = text.rstrip("MGi"), text.lstrip("0123456789.")
    try:
        return {MEMORY.lower(): f"{float(number) * UNITS[unit]:.0f}"}
    except (ValueError, KeyError):
        return {}
