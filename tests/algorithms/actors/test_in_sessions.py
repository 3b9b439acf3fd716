"""A policy in a caller's environments: as a caller who asks `act` and steps by its actions."""

from typing import Any

import numpy as np
import pytest

from faastraingym.algorithms import registry
from faastraingym.algorithms.actors import answers
from faastraingym.algorithms.actors.answers import Ready, answer
from faastraingym.algorithms.actors.in_sessions import Acted, act
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.batches import Actions
from faastraingym.algorithms.environments.sessions import Environments
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.schemas.act import ActRequest
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.arrays import pack
from faastraingym.schemas.env_step import Step
from tests.algorithms.actors.test_answers import POLICIES, of
from tests.algorithms.environments.test_sessions import made, moved

ENVS = 3


def taxi() -> Ready:
    """Of an environment that tells masks in `info`."""
    raw = {
        "environment": {"id": "Taxi-v4"},
        "algorithm": {"name": "ppo"},
        "stop": {"env_steps": 4096},
    }
    spec = registry.parse(raw)
    learner = registry.learner(spec)
    state = learner.initialise(spec)
    return answers.ready(spec, learner.project(state), describe(spec)).valuing(state)


def policy_of(name: str) -> Ready:
    return taxi() if name == "masked" else of(name)


def begun(policy: Ready, num_envs: int = ENVS, **more: Any) -> Environments:
    kwargs = {"max_episode_steps": 12}
    session = made(policy.spec.environment.id, True, num_envs, **{"kwargs": kwargs} | more)
    session.reset(3, None, None)
    return session


def acted(policy: Ready, session: Environments, **asked: Any) -> Acted:
    return act(session, policy, Step(state="", policy="models/x", **asked), lambda: False)


def asking(
    policy: Ready, session: Environments, steps: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The actions, and values, of a caller who asks `act` before each step."""
    memory, taken, values = None, list[np.ndarray](), list[np.ndarray]()
    want: list[Any] = [name for name in policy.tells if name != "log_probs"]
    for _ in range(steps):
        told = None
        if policy.info.mask_is_in_info:
            told = np.stack([place.info[masks.KEY] for place in session.places])
        request = ActRequest(
            policy="models/x",
            observations=session.seen(),
            action_masks=told,
            memory=memory,
            want=want,
        )
        found = answer(policy, request)
        ended = [place.ended for place in session.places]
        session.step(Actions(found.actions[None], session.acted, session.count))
        if "memory" in found.told:
            memory = found.told["memory"]
            memory[ended] = 0.0
        taken.append(found.actions)
        values += [found.told["values"]] if "values" in want else []
    return taken, values


@pytest.mark.parametrize("name", [*POLICIES, "masked"])
def test_it_acts_as_one_who_asks_before_each_step(name: str) -> None:
    policy = policy_of(name)
    session = begun(policy)
    want = [name for name in policy.tells if name == "values"]
    found = acted(policy, moved(session), steps=20, want=want)
    actions, values = asking(policy, session, 20)
    np.testing.assert_array_equal(found.actions, np.stack(actions))
    assert [*found.told] == want
    if want:
        np.testing.assert_array_equal(found.told["values"], np.stack(values))


@pytest.mark.parametrize("name", [*POLICIES, "masked"])
def test_its_steps_are_those_of_its_actions(name: str) -> None:
    """Of samples, too, with all that is wanted; and the same again, at any replica."""
    policy = policy_of(name)
    session = begun(policy)
    asked: dict[str, Any] = {"steps": 30, "deterministic": False, "seed": 5}
    one, two = (moved(session) for _ in range(2))
    first = acted(policy, one, **asked, want=[*policy.tells])
    again = acted(policy, two, **asked, want=[*policy.tells])
    assert pack(_data(first)) == pack(_data(again))
    assert pack(one.state()) == pack(two.state())
    assert first.played.truncated.any()
    played = session.step(Actions(first.actions, session.acted, session.count))
    assert pack(played._asdict()) == pack(first.played._asdict())
    assert pack(session.state()) == pack(one.state())
    other = acted(policy, moved(begun(policy)), **asked | {"seed": 6})
    assert name == "dqn" or not np.array_equal(other.actions, first.actions)
    for what in {"log_probs", "values"} & {*first.told}:
        assert first.told[what].shape == (30, ENVS)


def _data(found: Acted) -> dict[str, Any]:
    return {"played": found.played._asdict(), "actions": found.actions, "told": found.told}


def test_what_it_remembers_goes_on_with_the_next_request() -> None:
    policy = of("lstm")
    session = begun(policy)
    whole = acted(policy, moved(session), steps=40)
    first = acted(policy, session, steps=17, want=["memory"])
    rest = acted(policy, session, steps=23, memory=first.told["memory"])
    np.testing.assert_array_equal(np.concatenate([first.actions, rest.actions]), whole.actions)


def test_episodes_end_in_every_environment() -> None:
    policy = of("ppo")
    found = acted(policy, begun(policy), episodes=2, deterministic=False, seed=1)
    ends = found.played.terminated | found.played.truncated
    assert ends.sum(axis=0).min() == 2
    assert ends[:-1].sum(axis=0).min() < 2
    assert len(found.actions) == len(ends)


@pytest.mark.parametrize(
    ("policy", "environments", "asked", "path", "words"),
    [
        ("ppo", {}, {"steps": 1, "actions": [[0] * 3]}, "actions", "and a policy"),
        ("ppo", {}, {}, "steps", "neither of steps and episodes"),
        ("ppo", {}, {"steps": 1, "episodes": 1}, "steps", "both of steps and episodes"),
        ("ppo", {}, {"steps": 1, "want": ["memory"]}, "want[0]", "allowed: log_probs, values of"),
        ("ppo", {}, {"steps": 1, "deterministic": False}, "seed", "is missing"),
        ("ppo", {}, {"steps": 1, "memory": [[0.0]]}, "memory", "not recurrent"),
        ("ppo", {}, {"steps": 40_000}, "steps", "40000 steps of 3 environments"),
        ("dqn", {"env_id": "Pendulum-v1"}, {"steps": 1}, "policy", "DQN cannot act in Box"),
        ("ppo", {"env_id": "Acrobot-v1"}, {"steps": 1}, "policy", "as Acrobot-v1 has"),
        ("ppo", {"vector": False}, {"steps": 1}, "state", "make them with vector = true"),
        ("ppo", {"reset": False}, {"steps": 1}, "state", "environment 0 was not reset"),
    ],
)
def test_what_does_not_fit_is_refused(
    policy: str, environments: dict[str, Any], asked: dict[str, Any], path: str, words: str
) -> None:
    how = {"env_id": "CartPole-v1", "vector": True, "reset": True} | environments
    session = made(how["env_id"], how["vector"], ENVS)
    if how["reset"]:
        session.reset(3, None, None)
    with pytest.raises(AnswerError) as caught:
        acted(of(policy), session, **asked)
    assert caught.value.complaint.path == path
    assert words in str(caught.value)


def test_episodes_that_do_not_end_in_time_are_refused() -> None:
    policy = of("ppo")
    late = iter([False] * 7 + [True])
    asked = Step(state="", policy="models/x", episodes=9)
    with pytest.raises(AnswerError, match="episodes: after 2 steps a request has taken as long"):
        act(begun(policy), policy, asked, lambda: next(late))
