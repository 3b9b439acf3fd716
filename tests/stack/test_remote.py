"""`faastrain/Remote-v0` on a stack, whose replicas of env-step are killed; and its page, typed."""

import os
import sys
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv, VectorWrapper

import faastraingym
from faastraingym.client.client import Client
from tests.docs.walk import Walk, blocks
from tests.remote.comparing import played_together
from tests.stack.support import Stack


class Killing(VectorWrapper):  # type: ignore[misc]
    """Kills every replica of env-step before each fiftieth step."""

    def __init__(self, envs: VectorEnv, stack: Stack) -> None:
        super().__init__(envs)
        self._stack, self._steps, self.killed = stack, 0, 0

    def step(self, actions: Any) -> Any:
        self._steps += 1
        if self._steps % 50 == 0:
            self.killed += len(self._stack.replicas("env-step"))
            self._stack.kill_replicas("env-step")
        return super().step(actions)


def test_transitions_are_the_local_ones_though_every_replica_is_killed(battered: Stack) -> None:
    """1,600 transitions by hash, with resets by a mask; the state is put back, or repeated."""
    client = Client(home=battered.home)
    for env_id in ("CartPole-v1", "FrozenLake-v1"):
        envs: Any = faastraingym.remote_env(env_id, num_envs=8, client=client)
        remote, local = Killing(envs, battered), gymnasium.make_vec(env_id, 8, "sync")
        assert played_together(remote, 200) == played_together(local, 200)
        assert remote.killed >= 4
        remote.close()


def test_its_page_does_what_it_says(battered: Stack, tmp_path: Path) -> None:
    """docs/remote_environments.md, typed; the file for Stable-Baselines3 is written alone."""
    (tmp_path / ".faastrain").symlink_to(battered.home)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    walk = Walk(tmp_path, {**battered.environment, "PATH": programs})
    typed = blocks("docs/remote_environments.md")
    assert [block.language for block in typed] == ["sh", *["python", "text"] * 2, "python"]
    for block in typed:
        walk.take(block)
