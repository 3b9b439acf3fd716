"""The boundary around foreign code: nothing that it raises gets through as it is."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.foreign import MAX_WORDS, described, foreign
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.specification import RunSpec
from tests.spaces import forget

Make = Callable[..., Any]
BOX = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)
TWO = gymnasium.spaces.Discrete(2)


class MuteError(Exception):
    def __str__(self) -> str:
        raise SystemExit("not even this")


RAISED: list[BaseException] = [
    ValueError("no"),
    SystemExit("no licence"),
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration("no more"),
    RecursionError("too deep"),
    MemoryError(),
    asyncio.CancelledError(),
    MuteError(),
]


class Odd(gymnasium.Env):
    """Raises `error`, wherever `where` says."""

    error: BaseException = ValueError()
    where = ""
    _action_space = TWO

    def __init__(self) -> None:
        self._at("build")

    def _at(self, place: str) -> None:
        if self.where == place:
            raise self.error

    @property
    def observation_space(self) -> Any:
        self._at("spaces")
        return BOX

    @property
    def action_space(self) -> Any:
        return TWO

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._at("reset")
        return np.zeros(3, np.float32), {}

    def step(self, action: Any) -> Any:
        self._at("step")
        return np.zeros(3, np.float32), 1.0, False, False, {}

    def close(self) -> None:
        self._at("close")


@pytest.fixture
def register() -> Iterator[Callable[..., str]]:
    """Registers a class under a name of its own."""
    names: list[str] = []

    def add(kind: type[gymnasium.Env], **attributes: Any) -> str:
        name = f"Foreign{len(names)}-v0"
        made = type(kind.__name__, (kind,), attributes)
        gymnasium.register(name, entry_point=made, max_episode_steps=9)
        names.append(name)
        return name

    yield add
    forget()  # names are used again
    for name in names:
        del gymnasium.registry[name]


@pytest.mark.parametrize("error", RAISED, ids=lambda e: type(e).__name__)
def test_whatever_is_raised_becomes_ours(error: BaseException) -> None:
    """In a thread, as replicas run environments; with the cause, on one line."""

    def inside() -> None:
        with foreign("Mine-v0 could not be built"):
            raise error

    async def beside() -> str:
        with pytest.raises(EnvironmentFailed) as caught:
            await asyncio.to_thread(inside)
        assert caught.value.__cause__ is error
        return str(caught.value)

    text = asyncio.run(beside())
    assert text.startswith(f"Mine-v0 could not be built: {type(error).__name__}")
    assert "\n" not in text


@pytest.mark.parametrize("where", ["build", "spaces", "close"])
@pytest.mark.parametrize("error", RAISED, ids=lambda e: type(e).__name__)
def test_a_specification_s_check_says_it(
    make_spec: Make, register: Callable[..., str], where: str, error: BaseException
) -> None:
    """One sentence that begins with the field."""
    if isinstance(error, KeyboardInterrupt):
        pytest.skip("in the main thread it is the user's")
    name = register(Odd, where=where, error=error)
    (problem,) = spaces.check(make_spec(name))
    assert problem.startswith(f"spec.environment.id: {name} ")
    assert type(error).__name__ in problem
    assert "\n" not in problem


@pytest.mark.parametrize("where", ["build", "reset", "step"])
@pytest.mark.parametrize("play", [collect, evaluate])
async def test_a_stage_is_told_and_its_loop_goes_on(
    make_spec: Make,
    make_policy: Make,
    register: Callable[..., str],
    where: str,
    play: Callable[..., Any],
) -> None:
    """SystemExit out of a thread's future would end the event loop."""
    sound = make_spec(register(Odd), rollout={"num_steps": 4})
    name = register(Odd, where=where, error=SystemExit("no licence"))
    spec: RunSpec = make_spec(name, rollout={"num_steps": 4})
    policy: Policy = make_policy(sound)
    arguments = (spec, policy) if play is evaluate else (spec, policy, 0, None)
    with pytest.raises(EnvironmentFailed, match="SystemExit: no licence"):
        await asyncio.to_thread(play, *arguments)


class Without(gymnasium.Env):
    """Forgets to say its spaces."""


class Legacy:
    """As spaces of other libraries are: of no class of Gymnasium's."""

    shape = (3,)


SPACES: list[tuple[dict[str, Any], str]] = [
    ({}, "AttributeError: 'Without' object has no attribute 'observation_space'"),
    ({"observation_space": BOX}, "has no attribute 'action_space'"),
    ({"observation_space": None, "action_space": TWO}, "its observation_space is None"),
    ({"observation_space": BOX, "action_space": None}, "its action_space is None"),
    ({"observation_space": Legacy(), "action_space": TWO}, "its observation_space is a Legacy of"),
    ({"observation_space": BOX, "action_space": TWO, "metadata": None}, "could not be built: "),
]


@pytest.mark.parametrize(("attributes", "words"), SPACES, ids=[words for _, words in SPACES])
def test_missing_spaces_are_told(
    make_spec: Make, register: Callable[..., str], attributes: dict[str, Any], words: str
) -> None:
    """What is missing, and that a space is Gymnasium's."""
    (problem,) = spaces.check(make_spec(register(Without, **attributes)))
    assert words in problem
    assert problem.startswith("spec.environment.id: Foreign0-v0")


def test_the_user_s_line_is_named() -> None:
    """The innermost one of neither ours nor a library's."""
    try:
        raise_here()
    except OverflowError as error:
        text = described(error)
    assert text.startswith("OverflowError: ")
    assert f"({__file__}, line " in text


def test_a_package_s_file_is_named_without_the_folder_it_was_unpacked_to() -> None:
    unpacked = f"/var/my packages/{'0a' * 32}/maze/walls.py"
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile("\n1 / 0", unpacked, "exec"), {"__name__": "maze.walls"})  # noqa: S102
    assert described(raised.value).endswith("division by zero (maze/walls.py, line 2)")


def raise_here() -> None:
    np.testing.assert_array_less(1, 2)
    float(10**1000)


def test_texts_are_bounded_and_can_be_encoded() -> None:
    """A megabyte, and what no UTF-8 has."""
    text = described(ValueError("x\n" * 500_000 + "\udcff"))
    assert len(text) < MAX_WORDS + 100
    described(ValueError("\udcff")).encode()


def test_ctrl_c_is_the_user_s() -> None:
    """A real signal in a main thread that has Python's own handler."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), foreign("Mine-v0 could not be built"):  # noqa: PT012
            os.kill(os.getpid(), signal.SIGINT)
            signal.pause()
    finally:
        signal.signal(signal.SIGINT, before)
