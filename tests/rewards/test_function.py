"""What a reward function answers to those who are not the pipeline, and of itself."""

import time
from pathlib import Path

import pytest

from faastraingym.adapters.http.signing import sign
from faastraingym.rewards.function import _memory
from faastraingym.schemas import reward_call
from faastraingym.schemas.reward_call import SECRET, RewardAnswer, RewardCall
from tests.reward_servers import NAME, example, told

BODY = reward_call.dump(
    RewardCall(run="", version=0, environment="CartPole-v1", gamma=0.9, trajectories=[])
)


def signed(secrets: Path, body: bytes) -> dict[str, str]:
    key = (secrets / f"{SECRET}{NAME}").read_bytes()
    return {"x-ftg-signature": sign(key, NAME, body, time.time())}


async def test_who_asks_for_nothing_learns_that_it_is_there(tmp_path: Path) -> None:
    with told("http://127.0.0.1:9", tmp_path):
        status, headers, body = await example().handle(BODY, signed(tmp_path, BODY))
    assert (status, headers["x-ftg-memory-mb"]) == (200, "256")
    assert reward_call.load(body, RewardAnswer).rewards == []


async def test_who_has_no_key_or_speaks_otherwise_is_refused(tmp_path: Path) -> None:
    handle = example().handle
    with told("http://127.0.0.1:9", tmp_path):
        status, _, text = await handle(BODY, {})
        assert (status, text) == (401, b"no X-Ftg-Signature that reads t=<Unix seconds>,v1=<hex>")
        status, _, text = await handle(b"else", signed(tmp_path, b"else"))
        assert (status, text[:13]) == (400, b"not a payload")
        headers = signed(tmp_path, BODY)
        (tmp_path / f"{SECRET}{NAME}").unlink()
        status, _, text = await handle(BODY, headers)
    assert status == 401
    assert text.startswith(b"the secret ftg-reward-key-centred cannot be read (No such file or")


@pytest.mark.parametrize(
    ("limit", "told"),
    [("256Mi", "256"), ("2Gi", "2048"), ("512M", "488"), ("1.5G", "1431"), ("", ""), ("x", "")],
)
def test_it_tells_its_memory_limit_in_mebibytes(limit: str, told: str) -> None:
    assert _memory({"FTG_MEMORY_LIMIT": limit}).get("x-ftg-memory-mb", "") == told
