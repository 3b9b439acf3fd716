"""What env-step does with a request: pure but for the environments that a replica keeps."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from faastraingym.algorithms.actors.answers import Ready
from faastraingym.algorithms.actors.in_sessions import Acted, act
from faastraingym.algorithms.environments import on_jax, spaces, wrappers
from faastraingym.algorithms.environments.batches import Actions
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.sessions import Environments
from faastraingym.algorithms.environments.space_data import described
from faastraingym.algorithms.environments.space_info import built
from faastraingym.algorithms.environments.wire_info import told
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas import env_step as wire
from faastraingym.schemas.answers import AnswerError, bad_request
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.specification import EnvironmentSpec

from .memory import HOLDS, KEEPS, Memory
from .warm import Warm

MOST_SECONDS = 60.0  # of the steps of one request
QUICK = 1024  # steps of environments of the table, which take 10 ms
SHOWS = "render_mode"
OF_A_POLICY = ("steps", "episodes", "deterministic", "seed", "memory", "want")  # fields of a step
FRAMES = (None, "rgb_array")


class Stepping:
    """Environments by the content of their state."""

    def __init__(self, memory_mb: int = 0) -> None:
        """Keep none yet, in a process that may use so many MiB; 0: nobody says how many."""
        self._memory = Memory(memory_mb)
        self.warm = Warm(crowded=lambda: self._memory.beyond(KEEPS))

    def make(
        self, asked: wire.Make, entropy: int, packages: Sequence[str] = ()
    ) -> tuple[bytes, dict[str, Any]]:
        """New environments: the content of their state, and what is told of them.

        Args:
            asked: which.
            entropy: of what they draw until a reset is seeded.
            packages: by SHA-256, that this process imports from.

        Raises:
            AnswerError: they are not allowed, cannot be built, or have other spaces.
        """
        spec = _specification(asked, packages)
        try:
            first = built(spec)
        except EnvironmentFailed as error:
            raise refusal(spaces.sentence(spec, error)) from error
        environments = Environments(spec, asked.vector, first, self._is_full)
        try:
            about = {
                "observation_space": _described(environments.observed, spec, "observations"),
                "action_space": _described(environments.acted, spec, "actions"),
                "metadata": told(first.metadata),
                "max_episode_steps": wrappers.episode_limit(spec),
            }
            environments.begin(entropy)
        except BaseException:
            environments.close()
            raise
        return self._kept(environments), about

    def reset(self, content: bytes, asked: wire.Reset) -> tuple[bytes, Any]:
        """The content of the state after a reset, and its answer."""
        environments = self._at(content)
        return self._after(
            environments,
            lambda: environments.reset(
                asked.seed, asked.options, _mask(asked.mask, environments.count)
            ),
        )

    def step(self, content: bytes, asked: wire.Step, policy: Ready | None) -> tuple[bytes, Any]:
        """The content of the state after steps, and their answer; `policy` acts, if there is one.

        The answer has what `wire.Stepped` has, but for its state and the policy's name.
        """
        environments, until = self._at(content), time.perf_counter() + MOST_SECONDS

        def late() -> bool:
            return time.perf_counter() > until

        def step() -> dict[str, Any]:
            if policy is not None:
                return _acted(act(environments, policy, asked, late))
            _refuse_alone(asked)
            actions = Actions(asked.actions, environments.acted, environments.count)
            return environments.step(actions, late)._asdict()

        return self._after(environments, step)

    def is_quick(self, content: bytes, asked: wire.Step) -> bool:
        """Whether the steps take milliseconds: few ones, of known environments that are here."""
        if not isinstance(asked.actions, np.ndarray) or asked.actions.size > QUICK:
            return False
        kept = self.warm.peek(content)
        return kept is not None and not kept.replays

    def render(self, content: bytes, asked: wire.Render) -> np.ndarray:
        """What an environment shows, [H, W, 3] uint8."""
        environments = self._at(content)
        _, frame = self._after(environments, lambda: environments.render(asked.index))
        return np.asarray(frame)

    def close(self, content: bytes) -> None:
        """Forget the environments in this state, if they are here."""
        if (environments := self.warm.take(content)) is not None:
            environments.close()

    def _is_full(self) -> bool:
        """Whether there is no room for more, also without those that are kept for later."""
        if not self._memory.beyond(HOLDS):
            return False
        self.warm.clear()
        return self._memory.beyond(HOLDS)

    def _at(self, content: bytes) -> Environments:
        """Environments in the state: those that were kept, or made anew."""
        kept = self.warm.take(content)
        if kept is not None:
            return kept
        saved = unpack(content)
        spec = msgspec.convert(saved["environment"], EnvironmentSpec)
        environments = Environments(spec, saved["vector"], built(spec), self._is_full)
        try:
            environments.resume(saved["state"])
        except BaseException:
            environments.close()
            raise
        return environments

    def _after(self, environments: Environments, do: Any) -> tuple[bytes, Any]:
        """What `do` gives, and the content of the state then; what failed is kept by nobody."""
        try:
            answer = do()
            return self._kept(environments), answer
        except BaseException:
            environments.close()
            raise

    def _kept(self, environments: Environments) -> bytes:
        content = pack(
            {
                "environment": msgspec.to_builtins(environments.spec),
                "vector": environments.vector,
                "state": environments.state(),
            }
        )
        self.warm.put(content, environments, time.monotonic())
        return content


def _specification(asked: wire.Make, packages: Sequence[str]) -> EnvironmentSpec:
    try:
        msgspec.json.encode([asked.kwargs, *(wrapper.kwargs for wrapper in asked.wrappers)])
    except TypeError as error:
        raise AnswerError(
            "bad-request", "kwargs", "kwargs: found what JSON has not; allowed: plain data"
        ) from error
    spec = EnvironmentSpec(
        id=asked.env_id,
        num_envs=asked.num_envs,
        kwargs=asked.kwargs,
        wrappers=asked.wrappers or msgspec.UNSET,
        packages=list(packages) or msgspec.UNSET,
    )
    if on_jax.is_one(spec):
        raise AnswerError(
            "bad-request",
            "env_id",
            f"env_id: found {spec.id!r:.80}, which has no generator of its own; allowed: the id of "
            "an environment that Gymnasium has registered",
        )
    if problems := spaces.refused(spec, {SHOWS}):
        raise refusal(problems[0])
    shows = asked.kwargs.get(SHOWS)
    if shows not in FRAMES:
        raise AnswerError(
            "bad-request",
            f"kwargs.{SHOWS}",
            f'kwargs.{SHOWS}: found {shows!r:.40}; allowed: "rgb_array", or none',
        )
    return spec


def refusal(sentence: str) -> AnswerError:
    """A sentence about a specification, for a request: its path is ours."""
    text = sentence.replace("spec.environment.id", "env_id").replace("spec.environment.", "")
    path, colon, _ = text.partition(": ")
    is_path = bool(colon) and " " not in path
    return AnswerError("bad-request", path if is_path else "env_id", text)


def _refuse_alone(asked: wire.Step) -> None:
    """Raises AnswerError: a field that says how a policy acts, without a policy."""
    for name in OF_A_POLICY:
        found = getattr(asked, name)
        if found is not None and found is not True and not (name == "want" and not found):
            raise bad_request(name, "found one without a policy; allowed: with policy, or none")


def _acted(acted: Acted) -> dict[str, Any]:
    return {**acted.played._asdict(), "actions": acted.actions, **acted.told}


def _described(space: Any, spec: EnvironmentSpec, what: str) -> wire.Space:
    try:
        with foreign(f"{spec.id} does not define its spaces"):
            return described(space)
    except EnvironmentFailed as error:
        raise AnswerError(
            "bad-request", "env_id", f"env_id: {spec.id}: {what}: {error.__cause__}"
        ) from error


def _mask(raw: Any, count: int) -> np.ndarray | None:
    if raw is None:
        return None
    try:
        mask = np.asarray(raw)
    except ValueError:
        mask = np.empty(0)
    if mask.dtype != np.bool_ or mask.shape != (count,) or not mask.any():
        raise AnswerError(
            "bad-request",
            "mask",
            f"mask: found {raw!r:.80}; allowed: {count} booleans, one of them true, or null",
        )
    return mask
