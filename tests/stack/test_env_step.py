"""env-step on a stack: over HTTP, with its replica killed between steps; and its page, typed."""

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from tests.docs.walk import Walk, blocks
from tests.stack.facts import PATIENCE
from tests.stack.support import Stack
from tests.stack.test_act import registered


def ask(stack: Stack, verb: str, **fields: Any) -> Any:
    """The answer to a request by JSON."""
    request = urllib.request.Request(  # noqa: S310  our own gateway
        f"{stack.up().gateway_url}/function/env-step/{verb}",
        json.dumps(fields).encode(),
        {
            "Authorization": f"Bearer {stack.credentials().caller_token}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        return json.load(answer)


def test_an_episode_survives_the_death_of_its_replica(battered: Stack) -> None:
    """FrozenLake is repeated by another, CartPole put back; both are the local ones all along."""
    for env_id in ("CartPole-v1", "FrozenLake-v1"):
        local = gymnasium.make(env_id)
        made = ask(battered, "make", env_id=env_id)
        found = ask(battered, "reset", state=made["state"], seed=3)
        expected, _ = local.reset(seed=3)
        dtype = local.observation_space.dtype
        assert np.array(found["observations"][0], dtype).tobytes() == np.asarray(expected).tobytes()
        for number in range(6):
            if number == 3:
                battered.kill_replicas("env-step")
            expected, reward, terminated, truncated, _ = local.step(number % 2)
            found = ask(battered, "step", state=found["state"], actions=[[number % 2]])
            seen = np.array(found["observations"][0][0], dtype)
            assert seen.tobytes() == np.asarray(expected).tobytes()
            ends = (found["terminated"], found["truncated"])
            assert (found["rewards"], *ends) == ([[reward]], [[terminated]], [[truncated]])
            if terminated or truncated:
                break


async def test_a_policy_takes_the_steps_whichever_replica_answers(battered: Stack) -> None:
    """Of a registered model; and a step by its actions gives the same."""
    async with battered.connect() as connected:
        await registered(connected)
    made = ask(battered, "make", env_id="CartPole-v1", num_envs=3, vector=True)
    begun = ask(battered, "reset", state=made["state"], seed=3)
    asked = {
        "state": begun["state"],
        "policy": "models/cartpole/1",
        "steps": 40,
        "deterministic": False,
        "seed": 5,
        "want": ["log_probs"],
    }
    found = ask(battered, "step", **asked)
    assert (found["policy"], np.shape(found["log_probs"])) == ("models/cartpole/1", (40, 3))
    battered.kill_replicas("env-step")
    assert ask(battered, "step", **asked) == found
    stepped = ask(battered, "step", state=begun["state"], actions=found["actions"])
    assert stepped == {name: found[name] for name in stepped}


def test_who_shows_no_token_is_refused(battered: Stack) -> None:
    """By the function, and where it would wait by the gateway."""
    for path in ("/function/env-step/make", "/async-function/env-step/make"):
        status = battered.post(path, b"{}", Content_Type="application/json")
        assert status == 401


def test_its_page_does_what_it_says(battered: Stack, tmp_path: Path) -> None:
    """docs/env_step.md, typed."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    told = {
        "PATH": programs,
        "GATEWAY": battered.up().gateway_url,
        "TOKEN": battered.credentials().caller_token,
    }
    walk, typed = Walk(tmp_path, told), blocks("docs/env_step.md")
    assert [block.language for block in typed] == ["sh", "text"] * 2
    for block in typed:
        walk.take(block)
