"""Runs on an OpenEnv server's environment, which is killed meanwhile."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import faastraingym.remote
from faastraingym.schemas.messages import RunCompleted, RunFailed, RunRequested
from tests.docs.walk import Block, Walk, blocks
from tests.remote.openenv_server import FIELDS, listening, needs_openenv, python, serving
from tests.stack.environments import HELD
from tests.stack.facts import end, updated
from tests.stack.support import Stack

pytestmark = needs_openenv
LIMIT = 30  # steps of an episode, as the server's
STEPS = 120
WHOLE = 500.0  # seconds of a run whose server starts three times, on a busy machine
# By OpenEnv's client: transitions as JSON, one to a line.
PLAYS = """
import json, sys
from openenv.core import GenericEnvClient

with GenericEnvClient(base_url=sys.argv[1]).sync() as env:
    result = env.reset(seed=3)
    print(json.dumps(result.observation["value"]), flush=True)
    for t, action in enumerate(json.loads(sys.argv[2])):
        result = env.step({"value": action})
        told = [result.observation["value"], result.reward, result.done, result.metadata]
        print(json.dumps(told), flush=True)
        if result.done:
            print(json.dumps(env.reset(seed=100 + t).observation["value"]), flush=True)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A stack whose operator lets runs connect to servers."""
    made = Stack(
        tmp_path_factory.mktemp("openenv"),
        FTG_COMPILATION_CACHE=str(compiled),
        FTG_ENVIRONMENTS="faastraingym.remote,tests.stack.environments",
    )
    with made.running():
        yield made


def spec_of(env_id: str, **kwargs: Any) -> dict[str, Any]:
    return {
        "seed": 3,
        "environment": {
            "id": env_id,
            "num_envs": 2,
            "kwargs": {"max_episode_steps": LIMIT, **kwargs},
        },
        "rollout": {"count": 2, "num_steps": 32},
        "algorithm": {"name": "ppo", "update_epochs": 2, "num_minibatches": 2, "hidden_sizes": [8]},
        "evaluation": {"every": 4, "episodes": 4},
        "stop": {"env_steps": 1_500},
    }


async def ended(stack: Stack, run: str, spec: dict[str, Any], kills: Any = None) -> Any:
    async with stack.connect() as connected:
        await connected.facts.publish_once(RunRequested(run=run, spec=spec))
        if kills is not None:
            for version in (1, 4):
                await updated(connected.facts, run, version, WHOLE)
                kills()
        return await end(connected.facts, run, WHOLE)


async def test_the_policy_is_the_local_environments(stack: Stack, tmp_path: Path) -> None:
    """Bit for bit, though the server and all its sessions are killed twice."""
    local = await ended(stack, "local", spec_of(HELD, gate=str(tmp_path / "no-gate")))
    with serving(sessions=32) as server:

        def kills() -> None:
            server.kill()
            server.start()

        spec = spec_of(faastraingym.remote.OPENENV_ID, url=server.url, seconds=90.0, **FIELDS)
        served = await ended(stack, "served", spec, kills)
    assert isinstance(local, RunCompleted)
    assert isinstance(served, RunCompleted), served
    assert served.policy.policy.sha256 == local.policy.policy.sha256


async def test_a_run_without_its_server_is_refused(stack: Stack) -> None:
    """In the words of the environment, before anything is collected."""
    spec = spec_of(faastraingym.remote.OPENENV_ID, url="http://127.0.0.1:1", seconds=1.0, **FIELDS)
    failed = await ended(stack, "refused", spec)
    assert isinstance(failed, RunFailed)
    assert "http://127.0.0.1:1 does not answer" in f"{failed}"


def local(env_id: str, actions: list[int]) -> list[Any]:
    env = gymnasium.make(env_id)
    found: list[Any] = [env.reset(seed=3)[0].tolist()]
    for t, action in enumerate(actions):
        seen, reward, terminated, truncated, _ = env.step(action)
        ends = {"terminated": terminated, "truncated": truncated}
        found.append([seen.tolist(), reward, terminated or truncated, ends])
        if terminated or truncated:
            found.append(env.reset(seed=100 + t)[0].tolist())
    return found


def test_openenvs_client_plays_on_env_step(stack: Stack, tmp_path: Path) -> None:
    """By the file of the page, while every replica of env-step is killed: the local transitions."""
    (block,) = (one for one in blocks("docs/openenv.md") if one.title == "env_step_server.py")
    (tmp_path / block.title).write_text(block.text)
    actions = np.random.default_rng(5).integers(2, size=STEPS).tolist()
    with listening(
        lambda port: [python(), "-m", "uvicorn", "env_step_server:app", "--port", f"{port}"],
        cwd=tmp_path,
        env={**stack.environment, "ENV_ID": "CartPole-v1"},
    ) as server:
        command = [python(), "-c", PLAYS, server.url, json.dumps(actions)]
        found, killed = [], 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            for line in client.stdout:
                found.append(json.loads(line))
                if len(found) % 40 == 0:
                    killed += len(stack.replicas("env-step"))
                    stack.kill_replicas("env-step")
    assert client.returncode == 0
    assert killed >= 2
    assert found == local("CartPole-v1", actions)


def test_its_page_does_what_it_says(tmp_path: Path, compiled: Path) -> None:
    """docs/openenv.md, typed; `python` has OpenEnv, and `faastrain` is this environment's."""
    programs = (Path(python()).parent, Path(sys.executable).parent, os.environ["PATH"])
    variables = Stack(tmp_path / "none", FTG_COMPILATION_CACHE=str(compiled)).environment
    for name in ("FAASTRAIN_HOME", "FTG_ENVIRONMENTS"):
        del variables[name]
    folder = tmp_path / "reader's folder"
    folder.mkdir()
    walk = Walk(folder, {**variables, "PATH": os.pathsep.join(map(str, programs))})
    try:
        for block in blocks("docs/openenv.md"):
            if not block.text.startswith("pip install"):  # `make openenv` did
                walk.take(block)
    finally:
        walk.take(Block("sh", "", "faastrain down; kill $(cat *.pid) 2>/dev/null || true"))
