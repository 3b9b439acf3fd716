"""An evaluation in pieces: how many there are, and that they change no bit of it."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors import evaluation_pieces
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.actors.evaluation_pieces import divided, episodes_of
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.environments.spaces import validate
from faastraingym.algorithms.registry import parse
from faastraingym.schemas.errors import PayloadError, SpecificationError
from faastraingym.schemas.payloads import Evaluation, Policy, dump
from faastraingym.schemas.specification import RunSpec, to_dict

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]


def in_pieces(spec: RunSpec, count: int | None) -> RunSpec:
    return divided(replace(spec, evaluation=replace(spec.evaluation, pieces=count)))


@pytest.mark.parametrize(
    ("env_id", "limit", "episodes", "count"),
    [
        ("CartPole-v1", None, 20, 1),  # 32 of them step together, in NumPy
        ("CartPole-v1", None, 1000, 8),  # 32 times 500 steps, 2,000 each
        ("CartPole-v1", 5_000, 64, 2),
        ("Pendulum-v1", None, 20, 2),  # 20 times 200 steps
        ("Acrobot-v1", None, 20, 5),  # 500 steps
        ("Acrobot-v1", 1_000, 20, 10),
        ("Acrobot-v1", 10_000, 20, 20),  # an episode is never divided
        ("Acrobot-v1", 10_000, 3, 3),
        ("Acrobot-v1", 100, 20, 1),
        ("Acrobot-v1", 101, 20, 2),
        ("Acrobot-v1", None, 10_000, 1_000),
        ("Corridor-v0", None, 20, 1),  # 9 steps
    ],
)
def test_a_piece_has_a_budget_of_steps(
    make_spec: Make, env_id: str, limit: int | None, episodes: int, count: int
) -> None:
    kwargs = {} if limit is None else {"max_episode_steps": limit}
    spec = make_spec(env_id, environment={"kwargs": kwargs}, evaluation={"episodes": episodes})
    assert divided(spec).evaluation.pieces == count


@given(episodes=st.integers(1, 300), count=st.integers(1, 300))
@pytest.mark.parametrize("env_id", ["CartPole-v1", "Acrobot-v1"])
def test_every_episode_is_in_one_piece_and_no_piece_is_empty(
    env_id: str, episodes: int, count: int
) -> None:
    spec = parse(
        {
            "environment": {"id": env_id},
            "algorithm": {"name": "ppo"},
            "stop": {"env_steps": 1},
            "evaluation": {"episodes": episodes},
        }
    )
    spec = in_pieces(spec, count)
    parts = [episodes_of(spec, piece) for piece in range(spec.evaluation.pieces or 0)]
    assert [episode for part in parts for episode in part] == [*range(episodes)]
    assert all(parts)


@pytest.mark.parametrize("drawn", [False, True])
@pytest.mark.parametrize("env_id", ["Corridor-v0", "Signal-v0", "Pendulum-v1", "CartPole-v1"])
def test_pieces_together_give_the_bits_of_the_whole(
    make_spec: Make, make_policy: MakePolicy, env_id: str, drawn: bool
) -> None:
    """However many there are, chunks of the actor's batch being cut or not."""
    limit = {"max_episode_steps": 9} if env_id in ("Pendulum-v1", "CartPole-v1") else {}
    asked = {"episodes": 70, "stochastic": drawn}
    spec = make_spec(env_id, environment={"kwargs": limit}, evaluation=asked)
    policy = make_policy(spec, version=3)
    whole = dump(evaluate(spec, policy))
    for count in (2, 3, 7, 70):
        cut = in_pieces(spec, count)
        numbers = range(cut.evaluation.pieces or 0)
        parts = [evaluate(cut, policy, piece=piece) for piece in numbers]
        assert dump(evaluation_pieces.merge(cut, 3, parts)) == whole


@pytest.mark.parametrize(
    "algorithm",
    [{"name": "sac"}, {"name": "ppo", "sde_sample_freq": 4}, {"name": "a2c"}],
    ids=["sac", "sde", "a2c"],
)
def test_drawn_actions_are_an_episodes_own(algorithm: dict[str, Any]) -> None:
    """Of noise that is kept from step to step, too; and other ones than without drawing."""

    def asked(**evaluation: Any) -> RunSpec:
        limited = {"id": "Pendulum-v1", "kwargs": {"max_episode_steps": 70}}
        raw = {"environment": limited, "algorithm": algorithm, "stop": {"env_steps": 1000}}
        return parse({**raw, "evaluation": {"episodes": 5, **evaluation}})

    random = np.random.default_rng(7)
    wanted = registry.acting(asked()).policy_arrays(asked(), describe(asked()))
    parameters = {
        path: random.normal(size=array.dimensions, scale=0.3).astype(np.float32)  # type: ignore[arg-type]
        for path, array in wanted.items()
    }
    policy = Policy(version=3, parameters=parameters)
    drawn = asked(stochastic=True)
    whole = evaluate(drawn, policy)
    assert not np.array_equal(whole.returns, evaluate(asked(), policy).returns)
    cut = in_pieces(drawn, 3)
    parts = [evaluate(cut, policy, piece=piece) for piece in range(3)]
    assert dump(evaluation_pieces.merge(cut, 3, parts)) == dump(whole)


class Wide(gymnasium.Env):
    """Shows 2,048 random numbers and pays the action, so that a return has all its last bits."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2048,), np.float32)
    action_space = gymnasium.spaces.Box(-1e6, 1e6, (1,), np.float64)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self._seen(), {}

    def step(self, action: np.ndarray) -> Any:
        return self._seen(), float(action[0]), False, False, {}

    def _seen(self) -> np.ndarray:
        return self.np_random.normal(size=2048).astype(np.float32)


def test_a_piece_acts_in_a_batch_of_as_many_rows_as_the_whole(
    make_spec: Make, make_policy: MakePolicy
) -> None:
    """A matrix product of one row has other last bits than the same row of a product of 20."""
    gymnasium.register("Wide-v0", entry_point=Wide, max_episode_steps=4)
    try:
        spec = in_pieces(make_spec("Wide-v0"), 20)
        policy = make_policy(spec)
        returns = [evaluate(spec, policy, piece=piece).returns[0] for piece in range(20)]
        assert np.array_equal(returns, evaluate(spec, policy).returns)
    finally:
        del gymnasium.registry["Wide-v0"]


def test_a_specification_is_completed_once_and_stays_as_it_is() -> None:
    """What the manifest has is what a run that is requested from it again has."""
    raw = {
        "environment": {"id": "Pendulum-v1"},
        "algorithm": {"name": "ppo"},
        "stop": {"env_steps": 100},
    }
    spec = validate(raw)
    assert spec.evaluation.pieces == 2
    assert validate(to_dict(spec)) == spec
    assert validate(raw | {"evaluation": {"pieces": 20}}).evaluation.pieces == 20
    with pytest.raises(
        SpecificationError, match="workers: found 21; allowed: 1 to 20, one episode"
    ):
        validate(raw | {"evaluation": {"pieces": 21}})


def test_an_environment_of_ones_own_is_divided_by_its_registered_limit(make_spec: Make) -> None:
    """With a limit of 1,000 steps, 20 episodes of a slow simulator take ten invocations."""
    entry_point = gymnasium.registry["Corridor-v0"].entry_point
    gymnasium.register("Slow-v0", entry_point=entry_point, max_episode_steps=1_000)
    try:
        assert divided(make_spec("Slow-v0")).evaluation.pieces == 10
    finally:
        del gymnasium.registry["Slow-v0"]


@pytest.mark.parametrize(("version", "count"), [(4, 2), (3, 1), (3, 3)])
def test_pieces_of_other_episodes_are_refused(make_spec: Make, version: int, count: int) -> None:
    spec = make_spec("Pendulum-v1", evaluation={"episodes": 4, "pieces": 2})
    bad = played(version, count)
    with pytest.raises(PayloadError, match="allowed: 4 of version 3"):
        evaluation_pieces.merge(spec, 3, [played(3, 2), bad])


def test_whoever_merges_need_not_know_the_environment(make_spec: Make) -> None:
    """It is registered where it is played, and nowhere else."""
    spec = make_spec("Elsewhere/Env-v0", evaluation={"episodes": 5, "pieces": 2})
    assert len(evaluation_pieces.merge(spec, 3, [played(3, 2), played(3, 3)]).returns) == 5


def played(version: int, count: int) -> Evaluation:
    lengths = np.ones(count, np.int32)
    return Evaluation(version=version, returns=np.zeros(count), lengths=lengths)
