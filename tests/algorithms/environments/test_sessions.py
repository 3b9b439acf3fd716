"""Sessions are local environments, step for step, also where another replica takes over."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from faastraingym.algorithms.environments.batches import Actions
from faastraingym.algorithms.environments.recording import Played
from faastraingym.algorithms.environments.sessions import Environments
from faastraingym.algorithms.environments.space_info import built
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.specification import EnvironmentSpec, WrapperSpec

LOCAL = {  # by what keeps them: attributes, or actions that are repeated
    "CartPole-v1": {},
    "Acrobot-v1": {},
    "MountainCar-v0": {},
    "Pendulum-v1": {},
    "MountainCarContinuous-v0": {},
    "FrozenLake-v1": {"is_slippery": True},
    "Blackjack-v1": {},
}


def made(env_id: str, vector: bool = False, num_envs: int = 1, **more: Any) -> Environments:
    spec = EnvironmentSpec(id=env_id, num_envs=num_envs, **more)
    session = Environments(spec, vector, built(spec))
    session.begin(7)
    return session


def moved(session: Environments) -> Environments:
    """The session as a replica has it that is given the state's bytes alone."""
    state = unpack(pack(session.state()))
    spec = session.spec
    other = Environments(spec, session.vector, built(spec))
    other.resume(state)
    assert pack(other.state()) == pack(session.state())
    return other


def kept(session: Environments) -> Environments:
    return session


def played(session: Environments, actions: list[Any]) -> Played:
    """[T, B] actions of the space, as a request brings them."""
    parts = [_batched(step, session.acted) for step in actions]
    batch = _over_time(parts)
    return session.step(Actions(batch, session.acted, session.count))


def _batched(values: Any, space: Any) -> Any:
    if isinstance(space, spaces.Tuple):
        return [_batched([v[i] for v in values], part) for i, part in enumerate(space.spaces)]
    if isinstance(space, spaces.Dict):
        return {k: _batched([v[k] for v in values], part) for k, part in space.spaces.items()}
    return np.array(values)


def _over_time(parts: list[Any]) -> Any:
    first = parts[0]
    if isinstance(first, list):
        return [_over_time([part[i] for part in parts]) for i in range(len(first))]
    if isinstance(first, dict):
        return {k: _over_time([part[k] for part in parts]) for k in first}
    return np.stack(parts)


def alike(found: Any, expected: Any) -> None:
    """The same values and, of arrays, bits."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            alike(found[name], expected[name])
    elif isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            alike(one, other)
    else:
        one, other = np.asarray(found), np.asarray(expected)
        assert (one.tobytes(), one.shape) == (other.tobytes(), other.shape)


def first(batch: Any) -> Any:
    """The value of the only environment in a batch [1, ...]."""
    if isinstance(batch, list):
        return tuple(first(part) for part in batch)
    return {k: first(v) for k, v in batch.items()} if isinstance(batch, dict) else batch[0]


@pytest.mark.parametrize("env_id", LOCAL)
@pytest.mark.parametrize("taken", [kept, moved], ids=["one replica", "a new one for each request"])
def test_an_environment_is_the_local_one(
    env_id: str, taken: Callable[[Environments], Environments]
) -> None:
    """Over episodes of which the first alone is seeded: the generator goes on."""
    kwargs = LOCAL[env_id] | {"max_episode_steps": 20}
    local, session = gymnasium.make(env_id, **kwargs), made(env_id, kwargs=kwargs)
    local.action_space.seed(1)
    for seed in (5, None, None, 11):
        expected = local.reset(seed=seed)
        begun = session.reset(seed, None, None)
        alike((first(begun.observations), begun.infos[0]), expected)
        ended = False
        while not ended:
            session = taken(session)
            action = local.action_space.sample()
            *step, info = local.step(action)
            found = played(session, [[action]])
            alike(first(first_step(found.observations)), step[0])
            assert found.rewards[0, 0] == step[1]
            assert (found.terminated[0, 0], found.truncated[0, 0]) == (step[2], step[3])
            alike(found.infos[0][0], info)
            ended = step[2] or step[3]


def first_step(batch: Any) -> Any:
    """Of [T, B, ...] the first step, [B, ...]."""
    if isinstance(batch, list):
        return [first_step(part) for part in batch]
    return {k: first_step(v) for k, v in batch.items()} if isinstance(batch, dict) else batch[0]


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1", "Blackjack-v1"])
@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("taken", [kept, moved], ids=["one replica", "a new one for each request"])
def test_a_vector_is_gymnasiums(
    env_id: str, steps: int, taken: Callable[[Environments], Environments]
) -> None:
    """Its environments reset themselves in the step after an end, with infos of their own."""
    local = SyncVectorEnv([lambda: gymnasium.make(env_id, max_episode_steps=9)] * 3)
    session = made(env_id, True, 3, kwargs={"max_episode_steps": 9})
    local.action_space.seed(2)
    expected, _ = local.reset(seed=3)
    alike(_tuples(session.reset(3, None, None).observations), expected)
    for _ in range(30 // steps):
        session = taken(session)
        actions = [local.action_space.sample() for _ in range(steps)]
        found = played(session, [list(np.asarray(a)) for a in actions])
        for t, action in enumerate(actions):
            observation, reward, terminated, truncated, infos = local.step(action)
            alike(_tuples(_step(found.observations, t)), observation)
            alike(found.rewards[t], reward)
            alike((found.terminated[t], found.truncated[t]), (terminated, truncated))
            told: dict[str, Any] = {}
            for i, info in enumerate(found.infos[t]):
                told = local._add_info(told, info, i)
            alike(told, infos)


def _step(batch: Any, t: int) -> Any:
    return [_step(part, t) for part in batch] if isinstance(batch, list) else batch[t]


def _tuples(batch: Any) -> Any:
    return tuple(map(_tuples, batch)) if isinstance(batch, list) else batch


@pytest.mark.parametrize("env_id", ["CartPole-v1", "FrozenLake-v1"])
def test_a_state_may_be_stepped_twice_and_gives_the_same(env_id: str) -> None:
    """It is forked: neither sees the other."""
    session = made(env_id)
    session.reset(1, None, None)
    played(session, [[1]])
    one, two = moved(session), moved(session)
    alike(list(played(one, [[0], [1]])), list(played(two, [[0], [1]])))
    assert pack(one.state()) == pack(two.state())


def test_options_are_kept_for_whoever_repeats_the_episode() -> None:
    low = {"low": 0.04, "high": 0.05}
    local, session = gymnasium.make("CartPole-v1"), made("CartPole-v1")
    alike(session.reset(1, low, None).observations[0], local.reset(seed=1, options=low)[0])
    frozen = made("FrozenLake-v1")
    frozen.reset(1, {"never": "read"}, None)
    assert unpack(pack(frozen.state()))["options"] == [{"never": "read"}]
    moved(frozen)


def test_a_reset_may_be_of_some() -> None:
    """As gymnasium's `reset_mask`: environment i has the seed + i, others go on."""
    session, alone = made("CartPole-v1", num_envs=3), made("CartPole-v1", num_envs=3)
    alone.reset(3, None, None)
    begun = session.reset(3, None, np.array([False, True, True]))
    alike(begun.observations, alone.reset(3, None, None).observations[1:])
    assert unpack(pack(session.state()))["begun"] == b"\x00\x01\x01"
    with pytest.raises(AnswerError, match="state: environment 0 was not reset"):
        played(moved(session), [[0, 0, 0]])


def test_after_its_end_it_is_reset_or_refused() -> None:
    session = made("FrozenLake-v1", kwargs={"max_episode_steps": 1})
    session.reset(0, None, None)
    played(session, [[0]])
    with pytest.raises(AnswerError, match="environment 0 has ended its episode before step 0"):
        played(moved(session), [[0]])
    session.reset(None, None, None)
    played(moved(session), [[0]])


def test_two_that_were_never_seeded_differ() -> None:
    session = made("CartPole-v1", num_envs=2)
    one, two = session.reset(None, None, None).observations
    assert one.tobytes() != two.tobytes()
    again = made("CartPole-v1", num_envs=2).reset(None, None, None).observations
    assert again.tobytes() == np.stack([one, two]).tobytes()


def test_wrappers_are_of_the_specification() -> None:
    limit = [WrapperSpec(name="TimeLimit", kwargs={"max_episode_steps": 2})]
    session = made("Pendulum-v1", wrappers=limit)
    session.reset(0, None, None)
    found = played(session, [[np.zeros(1, np.float32)]] * 2)
    assert found.truncated[:, 0].tolist() == [False, True]


def test_what_it_shows_is_its_frame() -> None:
    local = gymnasium.make("CartPole-v1", render_mode="rgb_array")
    session = made("CartPole-v1", kwargs={"render_mode": "rgb_array"})
    local.reset(seed=1)
    session.reset(1, None, None)
    frame = moved(session).render(0)
    assert np.array_equal(frame, local.render())  # type: ignore[arg-type]
    with pytest.raises(AnswerError, match="index: found 1; allowed: less than 1"):
        session.render(1)


def test_an_environment_that_shows_nothing_says_how_it_would() -> None:
    session = made("FrozenLake-v1")
    session.reset(1, None, None)
    with pytest.raises(AnswerError, match='"render_mode": "rgb_array"'):
        session.render(0)


class Odd(gymnasium.Env[Any, Any]):
    """Shows the number of its class's resets, or of its own; or raises."""

    observation_space = spaces.Box(0, 99, (1,), np.float32)
    action_space = spaces.Discrete(2)
    of_class, closed = 0, 0

    def __init__(self, way: str) -> None:
        self.way, self.own = way, 0

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.own, Odd.of_class = self.own + 1, Odd.of_class + 1
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.way == "raises":
            raise ZeroDivisionError("in step")
        return self._seen(), 0.0, False, False, {}

    def close(self) -> None:
        Odd.closed += 1
        if self.way == "raises":
            raise ZeroDivisionError("in close")

    def _seen(self) -> np.ndarray:
        return np.array([Odd.of_class if self.way == "class" else self.own], np.float32)


@pytest.fixture
def odd() -> Iterator[str]:
    gymnasium.register("Odd-v0", Odd)
    yield "Odd-v0"
    del gymnasium.registry["Odd-v0"]


def test_what_an_environment_remembers_is_forgotten(odd: str) -> None:
    """It is built anew at each reset, so nothing depends on the replica that played before."""
    session = made(odd, kwargs={"way": "own"})
    seen = [session.reset(0, None, None).observations[0, 0] for _ in range(3)]
    assert seen == [1, 1, 1]


def test_what_is_not_determined_is_told_not_continued(odd: str) -> None:
    session = made(odd, kwargs={"way": "class"})
    session.reset(0, None, None)
    with pytest.raises(EnvironmentFailed, match="not determined by its seed: its episode was"):
        moved(session)


def test_an_environments_own_error_is_told(odd: str) -> None:
    session = made(odd, kwargs={"way": "raises"})
    session.reset(0, None, None)
    with pytest.raises(EnvironmentFailed, match=r"Odd-v0: step\(\): ZeroDivisionError: in step"):
        played(session, [[0]])


def test_all_are_let_go_also_where_closing_one_raises(odd: str) -> None:
    session = made(odd, num_envs=3, kwargs={"way": "raises"})
    session.reset(0, None, None)
    before = Odd.closed
    session.close()
    session.close()
    assert Odd.closed - before == 3
    assert [place.environment for place in session.places] == [None] * 3


def test_where_memory_ends_no_more_are_built() -> None:
    """Of a reset, and where another replica builds them anew."""
    spec = EnvironmentSpec(id="FrozenLake-v1", num_envs=4)
    few = iter([False, False, True])
    session = Environments(spec, True, built(spec), lambda: next(few))
    with pytest.raises(AnswerError, match="with 3 of 4 environments there is no memory"):
        session.reset(1, None, None)
    whole = made("FrozenLake-v1", True, 4)
    whole.reset(1, None, None)
    other = Environments(spec, True, built(spec), lambda: True)
    with pytest.raises(AnswerError, match="with 1 of 4 environments there is no memory"):
        other.resume(whole.state())


@pytest.mark.parametrize(
    ("num_envs", "steps", "words"),
    [(1, 100_001, "at most 100000 in all"), (11, 10_000, "110000|10000 steps of 11")],
)
def test_the_steps_of_a_request_are_bounded(num_envs: int, steps: int, words: str) -> None:
    session = made("FrozenLake-v1", True, num_envs)
    session.reset(0, None, None)
    with pytest.raises(AnswerError, match=words) as refusal:
        played(session, [[0] * num_envs] * steps)
    assert refusal.value.complaint.kind == "too-large"


def test_a_request_that_takes_too_long_is_ended() -> None:
    session = made("CartPole-v1", True)
    session.reset(0, None, None)
    late = iter([False, True])
    with pytest.raises(AnswerError, match="after 1 steps a request has taken as long"):
        session.step(Actions([[0]] * 9, session.acted, 1), lambda: next(late))
