"""`faastrain/Remote-v0` beside the environment itself."""

import warnings
from typing import Any

import gymnasium
import msgspec
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from faastraingym.remote import ID, RemoteEnv, RemoteError
from faastraingym.schemas.answers import AnswerError, Failure
from tests.remote.comparing import played
from tests.remote.local_server import TOKEN, Server, serving
from tests.remote.making import single

ENVIRONMENTS = {
    "CartPole-v1": {},  # a Box, numbers
    "Pendulum-v1": {},  # actions of a Box
    "FrozenLake-v1": {"is_slippery": True},  # a Discrete, and something in its infos
    "Blackjack-v1": {},  # a Tuple
}


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_it_has_the_transitions_of_a_local_one(server: Server, env_id: str) -> None:
    """Over many episodes, with their infos, by hash; the last ones go on from the first's seed."""
    kwargs = ENVIRONMENTS[env_id]
    local = gymnasium.make(env_id, **kwargs)
    remote = single(server, env_id, **kwargs)
    assert remote.observation_space == local.observation_space
    assert remote.action_space == local.action_space
    assert played(remote, 150) == played(local, 150)
    remote.close()


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1", "Blackjack-v1"])
def test_gymnasium_s_checker_finds_no_more_than_in_a_local_one(server: Server, env_id: str) -> None:
    """It makes others by the spec, renders them, and closes them twice."""
    assert warned_of(single(server, env_id)) <= warned_of(gymnasium.make(env_id))


def warned_of(env: gymnasium.Env[Any, Any]) -> set[str]:
    """What the checker warns of; it raises what it refuses."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        check_env(env.unwrapped)
    env.close()
    return {str(each.message) for each in found}


def test_lost_answers_change_nothing() -> None:
    """Every third answer is lost after it was found; the same request finds it again."""
    local = gymnasium.make("CartPole-v1")
    with serving(loses=lambda number: number % 3 == 0) as server:
        remote = single(server, "CartPole-v1")
        assert played(remote, 60) == played(local, 60)
        remote.close()
    assert server.asked.count("step") > 80


def test_it_is_drawn_there(server: Server) -> None:
    remote = single(server, "CartPole-v1", render_mode="rgb_array")
    local = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    remote.reset(seed=1)
    local.reset(seed=1)
    picture = remote.render()
    assert np.array_equal(picture, local.render())
    assert picture.flags.writeable
    assert remote.metadata["render_fps"] == local.metadata["render_fps"]
    assert remote.metadata["render_modes"] == ["rgb_array"]
    remote.close()


def test_without_a_render_mode_nothing_is_drawn(server: Server) -> None:
    remote = single(server, "CartPole-v1")
    remote.reset(seed=1)
    assert remote.unwrapped.render() is None
    assert "render" not in server.asked
    remote.close()


def test_what_it_gives_may_be_written_to(server: Server) -> None:
    """And does not change what comes later."""
    remote = single(server, "CartPole-v1")
    observation, _ = remote.reset(seed=1)
    observation[:] = 0
    stepped, *_ = remote.step(1)
    stepped[:] = 0
    remote.close()


def test_a_failed_step_may_be_taken_again(server: Server) -> None:
    """The state is the last answer's: nothing was stepped."""
    remote = single(server, "CartPole-v1")
    local = gymnasium.make("CartPole-v1")
    remote.reset(seed=1)
    local.reset(seed=1)
    failure = Failure(error=AnswerError("defect", "", "a defect of this function").complaint)
    steps, server.answer = server.answer, lambda verb, body: (500, msgspec.msgpack.encode(failure))
    with pytest.raises(RemoteError, match="a defect of this function") as caught:
        remote.step(1)
    assert caught.value.kind == "defect"
    server.answer = steps
    assert np.array_equal(remote.step(1)[0], local.step(1)[0])
    remote.close()


def test_after_its_end_an_episode_is_reset_or_refused(server: Server) -> None:
    remote = single(server, "CartPole-v1")
    remote.reset(seed=1)
    while not remote.step(0)[2]:
        pass
    with pytest.raises(RemoteError, match="its episode has ended") as caught:
        remote.step(0)
    assert (caught.value.kind, caught.value.path) == ("bad-request", "state")
    remote.close()


def test_what_cannot_be_made_is_told(server: Server) -> None:
    with pytest.raises(RemoteError, match="no environment 'None-v9' is registered") as caught:
        single(server, "None-v9")
    assert (caught.value.kind, caught.value.path) == ("bad-request", "env_id")


def test_an_argument_that_is_no_data_is_told(server: Server) -> None:
    with pytest.raises(RemoteError, match=r"make cannot be sent: .* has no wire form"):
        single(server, "CartPole-v1", sutton_barto_reward=object())
    assert server.asked == []


def test_actions_that_are_too_large_are_not_sent(server: Server) -> None:
    remote = single(server, "CartPole-v1")
    remote.reset(seed=1)
    with pytest.raises(RemoteError, match="has 8000") as caught:
        remote.unwrapped.step(np.zeros(1_000_000))
    assert caught.value.kind == "too-large"
    remote.close()


def test_a_server_of_something_else_is_told(server: Server) -> None:
    remote = single(server, "CartPole-v1")
    remote.reset(seed=1)
    server.answer = lambda verb, body: (200, b"\xc0")
    with pytest.raises(RemoteError, match="none of env-step's answers") as caught:
        remote.step(1)
    assert caught.value.path == "url"
    remote.close()


def test_a_closed_one_is_forgotten_and_takes_no_step(server: Server) -> None:
    remote = single(server, "CartPole-v1")
    remote.reset(seed=1)
    remote.close()
    remote.close()
    assert server.asked.count("close") == 1
    with pytest.raises(RemoteError, match="was closed"):
        remote.step(0)


def test_closing_needs_no_server() -> None:
    with serving() as server:
        remote = single(server, "CartPole-v1")
    remote.close()


def test_it_is_made_without_an_import_by_the_module_s_name(server: Server) -> None:
    remote = gymnasium.make(
        f"faastraingym.remote:{ID}", url=server.url, env_id="CartPole-v1", token=TOKEN
    )
    assert isinstance(remote.unwrapped, RemoteEnv)
    remote.close()
