"""`remote_env`: the stack of a home, and what is told of one that refuses."""

from collections.abc import Iterator
from pathlib import Path

import gymnasium
import msgspec
import numpy as np
import pytest

import faastraingym
from faastraingym.adapters.http.callers import CALLER_TOKENS
from faastraingym.client.client import Client
from faastraingym.embedded.state import StackFiles
from faastraingym.remote import RemoteEnv, RemoteVectorEnv
from faastraingym.schemas.answers import AnswerError, Failure
from faastraingym.schemas.arrays import pack
from tests.client.test_target import stack_at
from tests.remote.local_server import TOKEN, Server, serving


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[Client, Server]]:
    """A stack's home, whose gateway is a server of env-step's protocol."""
    state = stack_at(tmp_path)
    (tmp_path / "secrets" / CALLER_TOKENS).write_text(f"local {TOKEN}\n")
    files = StackFiles(tmp_path)
    with serving() as server, files.living():
        files.save(msgspec.structs.replace(state, gateway_url=server.url))
        yield Client(home=tmp_path), server


def test_an_environment_of_a_stack_steps_as_a_local_one(stack: tuple[Client, Server]) -> None:
    env = faastraingym.remote_env("CartPole-v1", client=stack[0], render_mode="rgb_array")
    local = gymnasium.make("CartPole-v1")
    assert isinstance(env, RemoteEnv)
    assert np.array_equal(env.reset(seed=1)[0], local.reset(seed=1)[0])
    assert np.array_equal(env.step(1)[0], local.step(1)[0])
    assert env.render().dtype == np.uint8
    env.close()


def test_a_number_of_them_is_a_vector(stack: tuple[Client, Server]) -> None:
    envs = faastraingym.remote_env("Pendulum-v1", num_envs=3, client=stack[0], g=9.81)
    assert isinstance(envs, RemoteVectorEnv)
    assert envs.reset(seed=1)[0].shape == (3, 3)
    envs.close()


def test_where_no_stack_runs_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(faastraingym.StackTrouble, match="start it with `faastrain up`"):
        faastraingym.remote_env("CartPole-v1", client=Client(home=tmp_path))


def test_an_environment_that_is_none_is_the_caller_s_mistake(stack: tuple[Client, Server]) -> None:
    with pytest.raises(faastraingym.BadInput, match="None-v9: env_id: no environment"):
        faastraingym.remote_env("None-v9", client=stack[0])


def test_a_token_that_is_not_known_is_the_stack_s_trouble(stack: tuple[Client, Server]) -> None:
    client, server = stack
    refused = AnswerError("unauthenticated", "", "the token is of no caller").complaint
    server.answer = lambda verb, body: (401, pack(msgspec.to_builtins(Failure(error=refused))))
    with pytest.raises(faastraingym.StackTrouble, match="the token is of no caller"):
        faastraingym.remote_env("CartPole-v1", client=client)


def test_how_many_is_bounded_before_anything_is_asked(stack: tuple[Client, Server]) -> None:
    with pytest.raises(faastraingym.BadInput, match="num_envs"):
        faastraingym.remote_env("CartPole-v1", client=stack[0], num_envs=0)
    assert stack[1].asked == []
