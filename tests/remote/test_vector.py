"""`faastrain/Remote-v0` of `make_vec` beside Gymnasium's own vector of local environments."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from faastraingym.remote import RemoteError
from tests.remote.comparing import played_together
from tests.remote.local_server import Server, serving
from tests.remote.making import vector

ENVIRONMENTS = ["CartPole-v1", "Pendulum-v1", "FrozenLake-v1", "Blackjack-v1"]


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_it_has_the_transitions_of_a_local_one(server: Server, env_id: str) -> None:
    """Over many episodes, with its table of infos, with masked resets, by hash."""
    local = gymnasium.make_vec(env_id, 8, vectorization_mode="sync")
    remote = vector(server, env_id, 8)
    for name in ("observation_space", "action_space"):
        assert getattr(remote, name) == getattr(local, name)
        assert getattr(remote, f"single_{name}") == getattr(local, f"single_{name}")
    assert remote.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert played_together(remote, 110) == played_together(local, 110)
    remote.close()


def test_a_step_of_all_is_one_request(server: Server) -> None:
    remote = vector(server, "CartPole-v1", 64)
    remote.reset(seed=1)
    remote.step(remote.action_space.sample())
    assert server.asked == ["make", "reset", "step"]
    remote.close()


def test_lost_answers_change_nothing() -> None:
    local = gymnasium.make_vec("CartPole-v1", 8, vectorization_mode="sync")
    with serving(loses=lambda number: number % 3 == 0) as server:
        remote = vector(server, "CartPole-v1", 8)
        assert played_together(remote, 60) == played_together(local, 60)
        remote.close()


def test_each_is_drawn(server: Server) -> None:
    remote = vector(server, "CartPole-v1", 2, render_mode="rgb_array")
    local = gymnasium.make_vec("CartPole-v1", 2, "sync", render_mode="rgb_array")
    remote.reset(seed=1)
    local.reset(seed=1)
    for here, there in zip(local.render(), remote.render(), strict=True):
        assert np.array_equal(here, there)
    remote.close()
    assert vector(server, "CartPole-v1", 2).render() is None


@pytest.mark.parametrize(
    "mask", [[True, False], np.array([1, 0]), np.array([True]), np.zeros(2, np.bool_)]
)
def test_a_mask_that_is_none_is_refused(server: Server, mask: object) -> None:
    remote = vector(server, "CartPole-v1", 2)
    remote.reset(seed=1)
    with pytest.raises(RemoteError, match="allowed: an array of 2 booleans") as caught:
        remote.reset(options={"reset_mask": mask})
    assert caught.value.path == "options.reset_mask"
    assert server.asked == ["make", "reset"]
    remote.close()


def test_the_first_reset_may_have_a_mask(server: Server) -> None:
    """What was never reset is shown as zeros."""
    remote = vector(server, "Pendulum-v1", 3)
    local = gymnasium.make("Pendulum-v1")
    mask = np.array([False, True, False])
    observations, _ = remote.reset(seed=np.int64(4), options={"reset_mask": mask})
    assert np.array_equal(observations[1], local.reset(seed=5)[0])
    assert not observations[~mask].any()
    remote.close()


def test_a_seed_of_each_is_refused(server: Server) -> None:
    remote = vector(server, "CartPole-v1", 2)
    with pytest.raises(RemoteError, match=r"seed: found \[1, 2\]; allowed: an integer"):
        remote.reset(seed=[1, 2])
    remote.close()


def test_options_are_left_as_they_were(server: Server) -> None:
    remote = vector(server, "CartPole-v1", 2)
    options = {"low": -0.01, "high": 0.01, "reset_mask": np.array([True, False])}
    remote.reset(seed=1)
    observations, _ = remote.reset(options=options)
    assert np.abs(observations[0]).max() <= 0.01
    assert set(options) == {"low", "high", "reset_mask"}
    remote.close()


def test_one_that_cannot_be_made_is_told_once(
    server: Server, recwarn: pytest.WarningsRecorder
) -> None:
    """Python closes what was half made, too."""
    with pytest.raises(RemoteError, match="no environment"):
        vector(server, "None-v9", 2)
    assert list(recwarn) == []
