"""What a user reads of an environment that Gymnasium's checker objects to.

Each is a file of the user's, packed and checked in a process apart, as `faastrain train` does.
"""

from collections.abc import AsyncIterator
from typing import Any

import gymnasium
import pytest
from gymnasium.wrappers import FlattenObservation

from faastraingym.adapters.packages.library import Library
from faastraingym.adapters.packages.packing import packed
from faastraingym.adapters.processes.checking import Checker
from faastraingym.algorithms.environments import env_checker
from faastraingym.schemas.errors import SpecificationError
from tests.adapters.processes.test_checking import checker_of
from tests.fakes import InMemoryObjectStore

SOUND = """
import time, warnings
import gymnasium
import numpy as np


class Walk(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self):
        print("its own print")
        warnings.warn("its own warning")

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = self.np_random.uniform(-1.0, 1.0, 2)
        return self.seen(), {}

    def step(self, action):
        return self.seen(), 1.0, False, False, {}

    def seen(self):
        return self.at.astype(np.float32)
"""
RESET, SUPER = "def reset(self, *, seed=None, options=None):", "super().reset(seed=seed)"
SEEN, STEP = "return self.at.astype(np.float32)", "return self.seen(), 1.0, False, False, {}"
SEEDED = "call super().reset(seed=seed) in reset, and draw random numbers from self.np_random"
SPACE = "its observation_space Box(-1.0, 1.0, (2,), float32)"


@pytest.fixture
async def checker(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Checker]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("packages")))
    made = checker_of({})
    yield made
    await made.close()


async def told(checker: Checker, source: str, memory: str = "none", env: str = "Walk") -> list[str]:
    """The advice on this file's environment."""
    library = Library(InMemoryObjectStore())
    record = await library.add(packed("mine", {"mine.py": source.encode()}), 0.0)
    environment = {
        "id": f"mine:{env}",
        "num_envs": 1,
        "memory": memory,
        "packages": [record.sha256],
        "kwargs": {"max_episode_steps": 9},
    }
    algorithm = {"name": "ppo", "num_minibatches": 1}
    asked = {"environment": environment, "algorithm": algorithm, "stop": {"env_steps": 1000}}
    return list((await checker.check(asked, library)).advice)


def but(*changes: tuple[str, str]) -> str:
    """The sound file with these changes."""
    source = SOUND
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


REFUSED = [
    (
        (RESET, "def reset(self):"),
        (SUPER, "super().reset()"),
        "mine:Walk could not be reset: TypeError: Walk.reset() got an unexpected keyword argument "
        "'seed'; reset takes `*, seed=None, options=None`: without them it is the API of gym "
        "before 0.26; see gymnasium's migration guide",
    ),
    (
        (STEP, "return self.seen(), 1.0, False, {}"),
        "mine:Walk could not be stepped: ValueError: not enough values to unpack (expected 5, got "
        "4); reset returns (observation, info) and step (observation, reward, terminated, "
        "truncated, info): if it does not, that is the API of gym before 0.26; see gymnasium's "
        "migration guide",
    ),
    (
        (SEEN, "return self.at[:1]"),
        "mine:Walk: reset's observation is an array of shape (1,) and float64; allowed: shape "
        f"(2,), as {SPACE} says",
    ),
    (
        (STEP, "return self.seen(), '1.0', False, False, {}"),
        "mine:Walk: step's reward is '1.0'; allowed: one number, as float(reward)",
    ),
    (
        (STEP, "return self.seen(), 1.0, False, False, None"),
        "mine:Walk: step's info is None; allowed: a dict",
    ),
    (
        ("self.np_random.uniform", "np.random.default_rng().uniform"),
        "mine:Walk is not determined by its seed: of two environments built anew the second gave "
        "another observation at the reset of the same episode; draw random numbers from "
        "self.np_random, which reset(seed=seed) seeds, and keep no state in a class or module, or "
        'set environment.memory = "declared" (the run\'s SHA-256 then depends on more than its '
        "specification)",
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[-1][:60])
async def test_what_a_run_cannot_take_is_refused_in_our_words(checker: Checker, row: tuple) -> None:
    """The checker never comes to it."""
    *changes, sentence = row
    with pytest.raises(SpecificationError) as refusal:
        await told(checker, but(*changes))
    assert refusal.value.problems == [f"spec.environment.id: {sentence}"]


SAYS = "mine:Walk: Gymnasium's checker says: "
SHARED = (
    "therefore, modifying one will modify the other. Environments must return new {} data on every "
    "call as users keep the data returned to them"
)
ADVISED = [
    (
        (SEEN, "return np.full(2, 3, np.float32)"),
        f"mine:Walk: reset's observation has 3.0, outside of the bounds of {SPACE}; training takes "
        "it as it is: correct the bounds, or clip the observation",
    ),
    (
        (SEEN, "return self.at"),
        f"mine:Walk: reset's observation is float64, which {SPACE} does not contain; training "
        "rounds it to float32: return observations of float32, as np.asarray(observation, "
        "np.float32)",
    ),
    (
        (RESET, "def reset(self, *, seed=None, **given):"),
        f"{SAYS}The `reset` method does not provide an `options` or `**kwargs` keyword argument; "
        "name seed=None and options=None in reset's signature",
    ),
    (
        (SEEN, "return list(self.at)"),
        f"{SAYS}The obs returned by the `reset()` method was expecting a numpy array, actual type: "
        "<class 'list'>; return np.asarray(observation, self.observation_space.dtype)",
    ),
    (
        (SUPER, "self.random = np.random.default_rng(seed)"),
        ("self.np_random.uniform", "self.random.uniform"),
        f"{SAYS}Expects the random number generator to have been generated given a seed was passed "
        "to reset. Most likely the environment reset function does not call "
        f"`super().reset(seed=seed)`; {SEEDED}",
    ),
    (
        (SUPER, "super().reset(seed=seed); self.buffer = np.zeros(2, np.float32)"),
        (SEEN, "self.buffer[:] = self.at; return self.buffer"),
        f"{SAYS}The observations returned by `env.reset() (call 1)` and `env.step() (call 2)` "
        f"share an object, {SHARED.format('observation')}; return a copy of the observation",
    ),
    (
        (STEP, "return self.seen(), 1.0, False, np.False_, {}"),
        f"{SAYS}Environment truncates after 1 step, something has gone very wrong; return Python's "
        "own False, until a limit ends the episode",
    ),
    (
        (STEP, "return self.seen(), 1.0, 0, False, {}"),
        f"{SAYS}Expects `terminated` signal to be a boolean, actual type: <class 'int'>; return "
        "Python's own True or False, as bool(flag)",
    ),
    (
        (STEP, "return self.seen(), True, False, False, {}"),
        f"{SAYS}The reward returned by `step()` must be a float, int, np.integer or np.floating, "
        "actual type: <class 'bool'>; return float(reward)",
    ),
    (
        (STEP, "return self.seen(), 1.0, False, False, {'took': time.perf_counter()}"),
        f"{SAYS}Deterministic step info are not equivalent for the same seed and action; leave out "
        "of info what does not follow from seed and actions, as times",
    ),
    (
        (RESET, "def reset(self, *, seed=7, options=None):"),
        f"{SAYS}The default seed argument in reset should be `None`, otherwise the environment "
        "will by default always be deterministic. Actual default: 7; write seed=None in reset's "
        "signature",
    ),
    (
        (RESET, "def seed(self, seed):\n        pass\n\n    " + RESET),
        f"{SAYS}Official support for the `seed` function is dropped. Standard practice is to reset "
        "gymnasium environments using `env.reset(seed=<desired seed>)`; remove seed(), and seed in "
        "reset",
    ),
    (
        (SUPER, "super().reset(seed=seed + 1)"),
        "mine:Walk: Gymnasium's checker called reset(), which raised: TypeError: unsupported "
        "operand type(s) for +: 'NoneType' and 'int' (mine.py, line 16); rollouts may never do "
        "this, but others who use it do",
    ),
]


@pytest.mark.parametrize("row", ADVISED, ids=lambda row: row[-1][:80])
async def test_what_a_run_survives_is_told_when_it_starts(checker: Checker, row: tuple) -> None:
    """One sentence: what was found and what to do; nothing that the file printed or warned of."""
    *changes, sentence = row
    (said,) = await told(checker, but(*changes))
    assert said == sentence


async def test_a_sound_one_is_told_nothing(checker: Checker) -> None:
    assert await told(checker, SOUND) == []


MUTE = (SUPER, "self._np_random = np.random.default_rng(seed)"), (STEP, STEP.replace("1.0", "True"))


@pytest.mark.parametrize("memory", ["forget", "declared"])
async def test_where_episodes_may_differ_the_checker_is_not_run(
    checker: Checker, memory: str
) -> None:
    """It resets one environment again and again, which `memory` says is not to be done."""
    source = but(*MUTE)
    assert len(await told(checker, source)) == 1
    assert await told(checker, source, memory) == []


def test_nobody_is_told_of_gymnasium_s_own() -> None:
    for env_id in ("CartPole-v1", "FrozenLake-v1", "Pendulum-v1"):
        made = gymnasium.make(env_id)
        assert env_checker.brought(made) is None
        assert env_checker.brought(Own(made)).env is made
        assert isinstance(env_checker.brought(FlattenObservation(Own(made))), Own)


class Own(gymnasium.Wrapper):
    """A wrapper of a user's."""


def test_one_that_takes_long_is_checked_for_less() -> None:
    """No reset begins after the time is up, and what was found until then is told."""
    times = iter([0.0, 0.1, 0.2])
    calls: list[Any] = []

    class Slow(Own):
        def seed(self, seed: int) -> None: ...

        def reset(self, **kwargs: Any) -> Any:
            calls.append(kwargs)
            return super().reset(**kwargs)

    slow = Slow(gymnasium.make("CartPole-v1", disable_env_checker=True))
    found = list(env_checker._checked(slow, lambda: next(times, 9.0)))
    assert [finding.remedy for finding in found] == ["remove seed(), and seed in reset"]
    assert len(calls) == 2
