"""A policy answers observations; whatever it tells beside actions is what its actor tells."""

from typing import Any

import msgspec
import numpy as np
import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors import answers
from faastraingym.algorithms.actors.answers import Ready, answer
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.schemas.act import ActRequest
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.specification import RunSpec

POLICIES: dict[str, tuple[str, dict[str, Any]]] = {
    "ppo": ("CartPole-v1", {"name": "ppo", "normalize_observations": True}),
    "lstm": ("CartPole-v1", {"name": "ppo", "recurrent": {"cell": "lstm", "size": 8}}),
    "dqn": ("CartPole-v1", {"name": "dqn", "dueling": True}),
    "sac": ("Pendulum-v1", {"name": "sac"}),
    "sde": ("Pendulum-v1", {"name": "ppo", "sde_sample_freq": 4}),
}
TELLS = {
    "ppo": ("log_probs", "values"),
    "lstm": ("log_probs", "values", "memory"),
    "dqn": ("values",),
    "sac": (),
    "sde": ("log_probs", "values"),
}


def of(name: str) -> Ready:
    env, algorithm = POLICIES[name]
    raw = {"environment": {"id": env}, "algorithm": algorithm, "stop": {"env_steps": 4096}}
    spec = registry.parse(raw)
    learner = registry.learner(spec)
    state = learner.initialise(spec)
    return answers.ready(spec, learner.project(state), describe(spec)).valuing(state)


def seen(policy: Ready, rows: int) -> np.ndarray:
    size = policy.info.observation_size
    return np.random.default_rng(5).normal(size=(rows, size)).astype(np.float32)


def asked(observations: Any, **more: Any) -> ActRequest:
    return ActRequest(policy="models/x", observations=observations, **more)


@pytest.mark.parametrize("name", POLICIES)
def test_it_acts_as_its_actor_does_and_tells_what_that_tells(name: str) -> None:
    policy = of(name)
    assert policy.tells == TELLS[name]
    observations = seen(policy, 7)
    actor: Any = policy.actor
    memory = np.full((7, 16), 0.1, np.float32) if name == "lstm" else None
    moved = None if memory is None else memory.copy()
    outputs = actor.outputs(observations, memory=moved)
    noise = policy.sampler().noise(np.random.Generator(np.random.PCG64(3)), 1, 7)[0]
    for more in ({}, {"deterministic": False, "seed": 3}):
        actions = actor.sample(outputs, noise) if more else actor.deterministic(outputs)
        found = answer(policy, asked(observations, memory=memory, want=[*TELLS[name]], **more))
        np.testing.assert_array_equal(found.actions, actor.sent(actions))
        assert found.actions.dtype == actor.sent(actions).dtype
        assert tuple(found.told) == TELLS[name]
        if "log_probs" in found.told:
            np.testing.assert_array_equal(
                found.told["log_probs"], actor.log_probs(outputs, actions)
            )
        if "values" in found.told:
            own = (
                policy.critic.values(observations, moved) if policy.critic else outputs.max(axis=1)
            )
            np.testing.assert_array_equal(found.told["values"], own)
        if "memory" in found.told:
            np.testing.assert_array_equal(found.told["memory"], moved)
    if memory is not None:
        assert (memory == np.float32(0.1)).all()  # the caller's own array stays


@pytest.mark.parametrize("name", POLICIES)
def test_the_same_request_has_the_same_answer_and_another_seed_another_sample(name: str) -> None:
    policy = of(name)
    requests = [asked(seen(policy, 64), deterministic=False, seed=n) for n in (1, 1, 2)]
    first, again, other = (answer(policy, one).actions for one in requests)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() or name == "dqn"  # which explores nothing here


@pytest.mark.parametrize("name", POLICIES)
def test_rows_that_do_not_pass_together_have_the_same_answers(name: str) -> None:
    """To the last bits, which a matrix product has by the number of its rows; noise is the same."""
    policy = of(name)
    request = asked(seen(policy, 5), deterministic=False, seed=1, want=[*TELLS[name]])
    whole, parts = (answer(policy._replace(at_once=n), request) for n in (5, 2))
    np.testing.assert_allclose(whole.actions, parts.actions, rtol=1e-4, atol=1e-6)
    for extra in TELLS[name]:
        np.testing.assert_allclose(whole.told[extra], parts.told[extra], rtol=1e-4, atol=1e-6)


def test_memory_goes_from_answer_to_request() -> None:
    policy = of("lstm")
    steps = [seen(policy, 3), seen(policy, 3) * 2]
    first = answer(policy, asked(steps[0], want=["memory"]))
    second = answer(policy, asked(steps[1], memory=first.told["memory"], want=["memory"]))
    memory = np.zeros((3, 16), np.float32)
    for step in steps:
        policy.actor.outputs(step, memory=memory)
    np.testing.assert_array_equal(second.told["memory"], memory)


def test_what_cannot_be_told_is_refused() -> None:
    for name, want, said in [
        ("ppo", ["memory"], "want[0]: found memory; allowed: log_probs, values of this ppo policy"),
        ("sde", ["values", "memory"], "want[1]: found memory; allowed: log_probs, values of"),
        ("sac", ["log_probs"], "want[0]: found log_probs; allowed: nothing of this sac policy"),
    ]:
        policy = of(name)
        with pytest.raises(AnswerError) as caught:
            answer(policy, asked(seen(policy, 1), want=want))
        assert str(caught.value).startswith(said)
    with pytest.raises(AnswerError) as caught:
        answer(policy, asked(seen(policy, 1), deterministic=False))
    assert str(caught.value) == (
        "seed: is missing; give one with deterministic = false, for a sample"
    )


def test_a_policy_of_another_network_is_refused() -> None:
    policy = of("ppo")
    with pytest.raises(PayloadError, match=r"Policy\.parameters"):
        answers.ready(policy.spec, Policy(version=0, parameters={}), policy.info)


def test_large_observations_pass_in_parts() -> None:
    """So that the memory that a request takes is bounded, however many rows it has."""
    raw = {"environment": {"id": "CliffWalking-v1"}, "algorithm": {"name": "ppo"}}
    spec = registry.parse(raw | {"stop": {"env_steps": 4096}})
    plain = describe(spec)
    wide = plain._replace(observation_size=1 << 16)
    one, other = (
        answers.ready(spec, Policy(version=0, parameters=_zeros(spec, info)), info).at_once
        for info in (plain, wide)
    )
    assert (one > 4096, other) == (True, 31)


def _zeros(spec: RunSpec, info: SpaceInfo) -> dict[str, np.ndarray]:
    arrays = registry.acting(spec).policy_arrays(spec, info)
    return {path: np.zeros(each.dimensions, each.dtype) for path, each in arrays.items()}


def test_a_request_has_no_other_fields() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `observation`"):
        msgspec.json.decode(b'{"policy": "runs/x", "observation": [[1.0]]}', type=ActRequest)
