"""What a recurrent policy remembers: within an episode, over rollouts; nothing beyond its end."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from faastraingym.algorithms import registry, shape_checks
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import Policy, Trajectory, dump
from faastraingym.schemas.specification import RunSpec
from tests.algorithms.turns import in_turn

Make = Callable[..., RunSpec]
MakePolicy = Callable[..., Policy]
SHORT: dict[str, Any] = {"kwargs": {"max_episode_steps": 9}}
STEPS = 14
EVALUATION = {"episodes": 5, "pieces": 3}


@pytest.fixture(params=["lstm", "gru"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"hidden_sizes": [7], "recurrent": {"cell": request.param, "size": 6}}


def of(make_spec: Make, settings: dict[str, Any], steps: int = STEPS, **tables: Any) -> RunSpec:
    rollout = {"num_steps": steps, **tables.pop("rollout", {})}
    env_id = tables.pop("env_id", "CartPole-v1")
    return make_spec(env_id, environment=SHORT, rollout=rollout, algorithm=settings, **tables)


def log_probs(spec: RunSpec, policy: Policy, trajectory: Trajectory) -> np.ndarray:
    """Of each step, [T, B], by an actor that sees each environment's episodes one by one."""
    actor: Any = registry.acting(spec).actor(spec, policy, describe(spec), {})
    size = spec.algorithm.recurrent.memory_size  # type: ignore[union-attr]
    found = np.zeros_like(trajectory.rewards)
    memory = np.array(trajectory.actor_memory)
    ended = ~trajectory.valid[0]
    for t, seen in enumerate(trajectory.observations[:-1]):
        outputs = actor.outputs(seen, memory=memory)
        found[t] = actor.log_probs(outputs, trajectory.actions[t])
        for b in np.flatnonzero(ended):  # it saw a final observation; the next one is a reset's
            memory[b] = np.zeros(size)
        ended = trajectory.terminated[t] | trajectory.truncated[t]
    return found


def test_each_action_is_of_its_own_episode_alone(
    make_spec: Make, make_policy: MakePolicy, settings: dict[str, Any]
) -> None:
    """Also in the rollouts that go on in the middle of episodes, and at an end between two."""
    spec = of(make_spec, settings, 3)
    policy, previous, crossed = make_policy(spec), None, 0
    for _ in range(16):
        found = collect(spec, policy, 0, previous)
        expected = log_probs(spec, policy, found)
        np.testing.assert_allclose(found.extras["log_probs"], expected, atol=1e-5)
        crossed += int((~found.valid[0]).sum())
        assert previous is None or not np.array_equal(found.actor_memory, previous.actor_memory)
        previous = found
    assert crossed


def test_a_fresh_start_remembers_nothing(
    make_spec: Make, make_policy: MakePolicy, settings: dict[str, Any]
) -> None:
    spec = of(make_spec, settings)
    found = collect(spec, make_policy(spec), 0, None)
    assert not np.any(found.actor_memory)
    after = collect(spec, make_policy(spec), 0, found)
    assert np.any(after.actor_memory)


def test_two_rollouts_in_turn_equal_one_twice_as_long(
    make_spec: Make, make_policy: MakePolicy, settings: dict[str, Any]
) -> None:
    """Bit for bit, over the wire: memories, actions and where they stand."""
    short, long = of(make_spec, settings), of(make_spec, settings, 2 * STEPS)
    policy = make_policy(short)
    whole, first, second = in_turn(short, long, policy)
    for name in ("actions", "rewards", "valid"):
        both = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_array_equal(both, getattr(whole, name))
    both = np.concatenate([t.extras["log_probs"] for t in (first, second)])
    np.testing.assert_array_equal(both, whole.extras["log_probs"])
    np.testing.assert_array_equal(
        second.continuation["actor_memory"],  # type: ignore[index]
        whole.continuation["actor_memory"],  # type: ignore[index]
    )


def test_a_retry_collects_the_same_bytes(
    make_spec: Make, make_policy: MakePolicy, settings: dict[str, Any]
) -> None:
    """The trajectory before is left as it is, though acting moves the memory on in place."""
    spec = of(make_spec, settings)
    policy = make_policy(spec)
    first = collect(spec, policy, 0, None)
    before = dump(first)
    assert dump(collect(spec, policy, 0, first)) == dump(collect(spec, policy, 0, first))
    assert dump(first) == before


def test_whole_episodes_begin_without_a_memory(
    make_spec: Make, make_policy: MakePolicy, settings: dict[str, Any]
) -> None:
    """Each of the episodes of one environment, in whichever allocation it begins."""
    horizon = {"horizon": "episodes", "num_episodes": 40}
    spec = of(make_spec, settings, rollout=horizon)
    policy = make_policy(spec)
    found = collect(spec, policy, 0, None)
    assert len(found.rewards) > 256  # steps of one allocation
    expected = log_probs(spec, policy, found)
    np.testing.assert_allclose(
        found.extras["log_probs"][found.valid], expected[found.valid], atol=1e-5
    )


def test_an_evaluation_in_pieces_is_the_whole(
    make_spec: Make, make_policy: MakePolicy, settings: dict[str, Any]
) -> None:
    spec = of(make_spec, settings, env_id="Acrobot-v1", evaluation=EVALUATION)
    policy = make_policy(spec)
    whole = evaluate(spec, policy)
    parts = [evaluate(spec, policy, piece=piece) for piece in range(3)]
    np.testing.assert_array_equal(np.concatenate([p.returns for p in parts]), whole.returns)


def test_a_memory_of_another_policy_is_refused(
    make_spec: Make, make_policy: MakePolicy, settings: dict[str, Any]
) -> None:
    spec, plain = of(make_spec, settings), of(make_spec, {"hidden_sizes": [7]})
    remembering = collect(spec, make_policy(spec), 0, None)
    forgetful = collect(plain, make_policy(plain), 0, None)
    assert shape_checks.trajectory(spec, remembering) is remembering
    with pytest.raises(PayloadError, match=r"actor_memory: found nothing; allowed: <f4 \[3, "):
        shape_checks.trajectory(spec, forgetful)
    with pytest.raises(PayloadError, match=r"actor_memory: found <f4 .*; allowed: nothing"):
        shape_checks.trajectory(plain, remembering)
