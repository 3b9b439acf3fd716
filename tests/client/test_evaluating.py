"""Policies measured from Python, on a stack in memory that plays."""

import hashlib

import numpy as np
import pytest

from faastraingym import BadInput, Client, Policy, RunFailed, evaluate
from faastraingym.schemas import keys, payloads
from faastraingym.schemas.messages import RunRequested
from tests.client.facts import POLICY, RUN, SPEC
from tests.client.memory import Stack

SMALL = {**SPEC, "algorithm": {"name": "ppo", "hidden_sizes": []}}
DIGEST = hashlib.sha256(payloads.dump(POLICY)).hexdigest()


@pytest.fixture
def policy(stack: Stack, client: Client) -> Policy:
    """Of a run that ended."""
    stack.facts.objects = stack.objects
    return client.start(SMALL, name=RUN).policy()


def requested(stack: Stack) -> RunRequested:
    found = [record.fact for _, record in stack.facts.log]
    return [fact for fact in found if isinstance(fact, RunRequested)][-1]


def test_a_stack_plays(stack: Stack, client: Client, policy: Policy) -> None:
    """The numbers of every episode, and the run that has the rest."""
    found = client.evaluate(policy, episodes=2, seed=4, deterministic=False, workers=1, record=2)
    assert found.returns.tolist() == [10.0, 30.0]
    assert found.lengths.tolist() == [10, 30]
    assert (found.lengths.dtype, found.mean) == (np.int64, 20.0)
    spec = requested(stack).spec
    assert spec["evaluate"]["policy"] == f"runs/{RUN}/1"
    assert spec["evaluate"]["object"]["key"] == keys.brought_policy(DIGEST)
    assert (
        spec["evaluation"] | {"episodes": 2, "stochastic": True, "record": 2}
        == (spec["evaluation"])
    )
    assert spec["seed"] == 4
    again = client.run(found.run).evaluation()
    assert (again.run, again.mean) == (found.run, 20.0)


async def test_a_caller_with_an_event_loop(stack: Stack, client: Client, policy: Policy) -> None:
    first = await client.aio.evaluate(policy, "CartPole-v1", episodes=2, name="one")
    second = await client.aio.evaluate(policy, "CartPole-v1", episodes=2, name="one")
    assert first.run == second.run == "one"
    assert first.returns.tolist() == second.returns.tolist() == [10.0, 30.0]
    films = await client.aio.run("one").films()
    assert films == {}
    assert (await client.aio.run("one").evaluation()).mean == 20.0


def test_evaluate_plays_here_or_by_functions(stack: Stack, client: Client, policy: Policy) -> None:
    """It depends on `workers` alone; a run, a file and a model stand for their policies."""
    policy.save("policy.npz")
    by_functions = evaluate(policy, "CartPole-v1", episodes=2, workers=2, client=client)
    assert (by_functions.run, by_functions.mean) == (requested(stack).run, 20.0)
    here = [
        evaluate(named, "CartPole-v1", episodes=2, seed=1, client=client)
        for named in (policy, client.run(RUN), RUN, f"runs/{RUN}", "policy.npz")
    ]
    assert {found.run for found in here} == {""}
    assert len({tuple(found.returns) for found in here}) == 1
    assert here[0].mean > 30


def test_what_fails_is_raised(stack: Stack, client: Client, policy: Policy) -> None:
    stack.facts.objects, stack.facts.ending = None, "failed"
    with pytest.raises(RunFailed, match="the environment raised"):
        client.evaluate(policy)
    with pytest.raises(BadInput, match=r"spec\.evaluate: .* cannot act in Pendulum-v1"):
        client.evaluate(policy, "Pendulum-v1")
    stack.facts.script = False
    run = client.start(SMALL, name="going")
    with pytest.raises(BadInput, match="run going has no evaluation yet"):
        run.evaluation()


async def test_films_are_there_by_name(stack: Stack, client: Client, policy: Policy) -> None:
    found = await client.aio.evaluate(policy, episodes=2, record=2)
    films = await client.aio.run(found.run).films()
    assert films == {"episode-0-0.gif": b"GIF89a", "episode-0-1.gif": b"GIF89a"}
