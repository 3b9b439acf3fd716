"""`faastrain/OpenEnv-v0` beside the local environment, over servers of OpenEnv's own library."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import faastraingym.remote
from faastraingym.remote import RemoteError
from tests.remote.openenv_server import FIELDS, Server, needs_openenv, serving

pytestmark = needs_openenv
STEPS = 100


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def made(url: str, **kwargs: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.make(faastraingym.remote.OPENENV_ID, url=url, **{**FIELDS, **kwargs})


def transitions(env: gymnasium.Env[Any, Any], kills: Any = lambda t: None) -> list[Any]:
    """Episodes of drawn actions, the first seeded."""
    generator = np.random.default_rng(5)
    seen, _ = env.reset(seed=3)
    found: list[Any] = [seen.tolist()]
    for t in range(STEPS):
        kills(t)
        seen, reward, terminated, truncated, _ = env.step(generator.integers(2))
        found.append((seen.tolist(), seen.dtype, float(reward), terminated, truncated))
        if terminated or truncated:
            found.append(env.reset(seed=100 + t)[0].tolist())
    env.close()
    return found


def test_its_transitions_are_the_local_ones(server: Server) -> None:
    local = gymnasium.make("CartPole-v1", max_episode_steps=30)
    assert transitions(made(server.url)) == transitions(local)


def test_they_are_while_the_server_is_killed() -> None:
    with serving() as server:

        def kills(t: int) -> None:
            if t in (3, 4, 50):
                server.kill()
                server.start()

        found = transitions(made(server.url), kills)
    assert found == transitions(gymnasium.make("CartPole-v1", max_episode_steps=30))


def test_gymnasiums_checker_finds_nothing(server: Server, recwarn: pytest.WarningsRecorder) -> None:
    env = made(server.url)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()
    told = [f"{warning.message}" for warning in recwarn if "WARN" in f"{warning.message}"]
    assert [text for text in told if "infinity" not in text] == []


def test_episodes_without_a_seed_follow_from_the_first(server: Server) -> None:
    env = made(server.url)
    env.reset(seed=1)
    one = env.reset()[0]
    env.reset(seed=1)
    np.testing.assert_array_equal(env.reset()[0], one)
    assert (env.reset()[0] != one).any()
    env.close()


def test_a_session_waits_for_room() -> None:
    with serving(sessions=1) as server:
        first, second = made(server.url), made(server.url, seconds=0.3)
        first.reset(seed=1)
        with pytest.raises(RemoteError, match=r"CAPACITY_REACHED.*tried") as refused:
            second.reset(seed=1)
        assert refused.value.kind == "too-many"
        first.close()
        second.reset(seed=1)  # nobody else has the place now
        second.close()


@pytest.mark.parametrize(
    ("odd", "kind", "words"),
    [
        ("text", "bad-request", r"observation.cart: found \['a', 'b'"),
        ("short", "bad-request", r"observation.cart: found \[0.0, 0.0\]; allowed: Box\("),
        ("nan", "bad-request", r"observation.cart: found \[None"),
        ("huge", "too-large", "answered more than 33554432 bytes"),
        ("raises", "environment-failed", "EXECUTION_ERROR: the pole is a point"),
    ],
)
def test_what_an_odd_server_gives_is_said(odd: str, kind: str, words: str) -> None:
    with serving(odd=odd) as server:
        env = made(server.url, seconds=20.0)
        env.reset(seed=1)
        for _ in range(2):  # and the episode is where it was
            with pytest.raises(RemoteError, match=words) as refused:
                env.step(0)
            assert refused.value.kind == kind
        env.close()


def test_an_episode_that_is_no_longer_the_same_is_not_gone_on_with() -> None:
    with serving(odd="unseeded") as server:
        env = made(server.url)
        env.reset(seed=1)
        env.step(0)
        server.kill()
        server.start()
        with pytest.raises(RemoteError, match="is not determined by its seed") as refused:
            env.step(0)
        assert refused.value.kind == "environment-failed"
        env.close()


def test_an_episode_ends_with_a_step() -> None:
    with serving(odd="ends") as server, pytest.raises(RemoteError, match="ends with its reset"):
        made(server.url).reset(seed=1)


def test_another_action_is_refused_by_the_server(server: Server) -> None:
    env = made(server.url, action={"left": {"kind": "Discrete", "n": 2}})
    env.reset(seed=1)
    with pytest.raises(RemoteError, match=r"VALIDATION_ERROR: Invalid message.*right") as refused:
        env.step(0)
    assert refused.value.kind == "bad-request"
    env.close()


def test_what_is_no_openenv_server_is_said(server: Server) -> None:
    with pytest.raises(RemoteError, match=r"answered 40[34] to a WebSocket"):
        made(f"{server.url}/elsewhere").reset(seed=1)
