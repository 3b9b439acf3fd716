"""A policy plays: to be measured, or to be watched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, runtime_checkable

import gymnasium
import numpy as np
from msgspec import Meta

from faastraingym.adapters import films
from faastraingym.algorithms.actors.step_loop import MAX_STEPS
from faastraingym.algorithms.environments import masks
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.client import episodes as ends
from faastraingym.client import files
from faastraingym.client.arguments import checked
from faastraingym.client.errors import BadInput
from faastraingym.client.opening import Environment, opened
from faastraingym.client.run import Run
from faastraingym.schemas.models import PREFIX

if TYPE_CHECKING:
    from faastraingym.client.client import Client


@runtime_checkable
class Predicts(Protocol):
    """What acts: a Policy, or a model of Stable-Baselines3."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Actions and state."""


class Evaluation(NamedTuple):
    """What came of some episodes."""

    returns: np.ndarray  # [E] float64, undiscounted
    lengths: np.ndarray  # [E] int64, in steps
    run: str = ""  # of the stack that played them; empty: they were played in this process

    @property
    def mean(self) -> float:
        """The mean return."""
        return float(self.returns.mean())

    @property
    def std(self) -> float:
        """The standard deviation of the returns."""
        return float(self.returns.std())

    def __repr__(self) -> str:
        return f"<Evaluation {self.mean:.2f} ± {self.std:.2f} over {len(self.returns)} episodes>"


@checked
def evaluate(
    policy: Predicts | Run | str | Path,
    env: Environment,
    *,
    episodes: Annotated[int, Meta(ge=1)] = 20,
    seed: Annotated[int, Meta(ge=0)] | None = 0,
    deterministic: bool = True,
    workers: Annotated[int, Meta(ge=1)] | None = None,
    client: "Client | None" = None,
) -> Evaluation:
    """Play episodes one after the other, or many at once, and sum their rewards up.

    Args:
        policy: a Policy, or anything with such a `predict`; a Run; a policy.npz or a folder that
            `train` wrote; "models/NAME@ALIAS", or a run's name.
        env: an environment, which is left open; or its id, "my_env.py:MyEnv", or its class, of
            which one is built here; if the Policy was trained in it, as its run had it. The
            run's limit of steps holds where the environment has none.
        episodes: how many.
        seed: of the first reset; the following episodes go on from it.
        deterministic: play the most probable actions.
        workers: invocations of a stack's functions that play in place of this process, as of
            `Client.evaluate`: the seeds of resets, and so the numbers, are others than here.
        client: the stack; by default as of `train`.

    Raises:
        BadInput: there is no such policy or environment, no episode is wanted, or one does not end
            or raised something.
        StackTrouble: a stack is needed, and does not answer.
        RunFailed: with `workers`, the environment raised something.
    """
    if workers is not None:
        return _by_functions(policy, env, episodes, seed, deterministic, workers, client)
    acting = _acting(policy, client)
    with _opened(acting, env) as made:
        played = [
            list(_rewards(acting, made, None if number else seed, deterministic))
            for number in range(episodes)
        ]
    returns = np.array([sum(rewards) for rewards in played], np.float64)
    return Evaluation(returns, np.array([len(rewards) for rewards in played]))


def _by_functions(
    policy: Any,
    env: Any,
    episodes: int,
    seed: int | None,
    deterministic: bool,
    workers: int,
    client: "Client | None",
) -> Evaluation:
    from faastraingym.client.client import Client

    if seed is None:
        raise BadInput("evaluate: seed: found None; allowed with workers: a whole number")
    return (client or Client()).evaluate(
        policy, env, episodes=episodes, seed=seed, deterministic=deterministic, workers=workers
    )


def _acting(named: Predicts | Run | str | Path, client: "Client | None") -> Predicts:
    """What acts in this process.

    Raises:
        BadInput: there is no such policy.
        StackTrouble: a stack has it, and does not answer.
    """
    from faastraingym.client import evaluations
    from faastraingym.client.client import Client

    if isinstance(named, Run):
        return named.policy()
    if not isinstance(named, str | Path):
        return named
    found = evaluations.source(named)
    if found.policy is not None:
        return found.policy
    stack = client or Client()
    if found.name.startswith(PREFIX):
        return stack.models.policy(found.name)
    return stack.run(found.name.removeprefix(evaluations.RUNS)).policy()


@checked
def record_video(
    policy: Predicts,
    env: Environment,
    path: str | Path,
    *,
    episodes: Annotated[int, Meta(ge=1)] = 1,
    seed: Annotated[int, Meta(ge=0)] | None = 0,
    deterministic: bool = True,
) -> Path:
    """Play episodes, and write what they look like into a .gif or .mp4 file.

    Args:
        policy: as of `evaluate`.
        env: as of `evaluate`; one that is built already has the render_mode "rgb_array".
        path: of the file; .mp4 needs `pip install 'faastraingym[video]'`.
        episodes: how many, one after the other; 10,000 frames at most.
        seed: as of `evaluate`.
        deterministic: as of `evaluate`.

    Raises:
        BadInput: there is no such environment, it draws no pictures, or the file cannot be written.
    """
    file = files.in_folder(Path(path))
    if file.suffix not in films.KINDS:
        raise BadInput(f"{file}: a video is a {' or a '.join(films.KINDS)} file; rename it")
    if file.suffix == ".mp4" and not films.has_ffmpeg():
        raise BadInput(
            f"{file}: .mp4 needs imageio-ffmpeg; `pip install 'faastraingym[video]'`, or write a "
            ".gif"
        )
    with _opened(policy, env, "rgb_array") as made:
        fps = int(made.metadata.get("render_fps") or films.FPS)
        frames = islice(_frames(policy, made, episodes, seed, deterministic), films.MAX_FRAMES)
        try:
            films.write(frames, fps, file)
        except OSError as error:
            raise BadInput(f"{file}: cannot be written: {error.strerror or error}") from error
    return file


@contextmanager
def _opened(
    policy: Predicts, env: Environment, mode: str | None = None
) -> Iterator["gymnasium.Env[Any, Any]"]:
    """The environment as the policy's run had it."""
    trained = ends.trained_in(policy)
    with opened(env, mode, trained) as made:
        yield ends.limited(made, trained)


def _rewards(
    policy: Predicts, env: "gymnasium.Env[Any, Any]", seed: int | None, deterministic: bool
) -> Iterator[float]:
    """An episode's rewards, a step each.

    Raises:
        BadInput: it does not end, or the environment raised something.
    """
    with _told(f"{env} could not be reset"):
        observation, info = env.reset(seed=seed)
    state, start = None, np.ones(1, np.bool_)
    for _ in range(MAX_STEPS):
        valid = _valid(policy, info)
        action, state = policy.predict(observation, state, start, deterministic, **valid)
        with _told(lambda: f"{env} could not be stepped"):
            observation, reward, terminated, truncated, info = env.step(action)
        start = np.zeros(1, np.bool_)
        yield float(reward)
        if terminated or truncated:
            return
    raise BadInput(
        f"{env}: an episode did not end in {MAX_STEPS:,} steps; give it a limit, as "
        "gymnasium.wrappers.TimeLimit(env, 1000)"
    )


def _valid(policy: Predicts, info: Any) -> dict[str, Any]:
    """The valid actions, for a policy that needs to be told them."""
    if not getattr(policy, "needs_action_masks", False):
        return {}
    return {"action_masks": info.get(masks.KEY) if isinstance(info, dict) else None}


@contextmanager
def _told(what: str | Callable[[], str]) -> Iterator[None]:
    """Raise what an environment raises as BadInput, which names the line of its file."""
    try:
        with foreign(what):
            yield
    except EnvironmentFailed as error:
        raise BadInput(f"{error}; correct it, or name one that takes such actions") from error


def _frames(
    policy: Predicts,
    env: "gymnasium.Env[Any, Any]",
    episodes: int,
    seed: int | None,
    deterministic: bool,
) -> Iterator[np.ndarray]:
    """A picture of each step, [height, width, 3] uint8."""
    for number in range(episodes):
        for _ in _rewards(policy, env, None if number else seed, deterministic):
            picture: Any = None
            with _told(lambda: f"{env} could not be drawn"), suppress(NotImplementedError):
                picture = env.render()  # Gymnasium's own raises that
            if not isinstance(picture, np.ndarray):
                raise BadInput(
                    f'{env}: draws no pictures; make it with render_mode="rgb_array", if it has '
                    "that mode"
                )
            yield picture
