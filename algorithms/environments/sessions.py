"""Environments that callers step: what a local program's would be, with a state that is data.

A seeded reset seeds environment i with seed + i, as Gymnasium's vector environments do; a reset
without a seed goes on with the environment's own generator. An environment whose layers are all in
the table of `snapshots` is saved by its attributes. Any other is built anew at each reset, so that
nothing that it remembers counts, and saved by its actions since then. To restore it, `resume` takes
these actions again.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import gymnasium
import numpy as np

from faastraingym.algorithms.environments import snapshots
from faastraingym.algorithms.environments.batches import Actions, decoder, stacked
from faastraingym.algorithms.environments.foreign import foreign
from faastraingym.algorithms.environments.places import Place, undetermined, unpacked
from faastraingym.algorithms.environments.recording import Played, Recording
from faastraingym.algorithms.environments.wire_info import told
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.schemas.answers import AnswerError
from faastraingym.schemas.env_step import MOST_ACTIONS, MOST_STEPS
from faastraingym.schemas.specification import EnvironmentSpec

State: TypeAlias = dict[str, Any]  # arrays, bytes and numbers, as schemas.arrays packs them
Environment: TypeAlias = gymnasium.Env[Any, Any]


class Begun(NamedTuple):
    """The answer of a reset, of its K environments."""

    observations: Any  # [K, ...]
    infos: list[dict[str, Any]]


class Environments:
    """B environments. What raises leaves them undefined: go on from the state before."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        vector: bool,
        first: Environment,
        is_full: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make environments that `begin` or `resume`.

        Args:
            spec: what they are; `num_envs` of them.
            vector: an environment resets itself in the step after its end.
            first: one of them that was built and not reset.
            is_full: says, whenever one was built or reset, that there is no memory for more.
        """
        self.spec, self.vector, self._is_full = spec, vector, is_full
        with foreign(f"{spec.id} does not define its spaces"):
            self.observed, self.acted = first.observation_space, first.action_space
        self.replays = not snapshots.supports(first)
        width, decode = decoder(self.acted)
        self._width = max(width, 1)
        self.places = [Place(spec, self.replays, decode) for _ in range(spec.num_envs)]
        self.places[0].environment = first

    @property
    def count(self) -> int:
        """B."""
        return len(self.places)

    def begin(self, entropy: int) -> None:
        """Give each environment a generator of its own, which its first reset goes on with."""
        for place, sequence in zip(
            self.places, np.random.SeedSequence(entropy).spawn(self.count), strict=True
        ):
            place.generator = np.random.Generator(np.random.PCG64(sequence))

    def reset(self, seed: int | None, options: Any, mask: np.ndarray | None) -> Begun:
        """Begin new episodes, of the environments that `mask` [B] names.

        Raises:
            AnswerError: there is no memory for them.
            EnvironmentFailed: an environment's own code raised.
        """
        chosen = range(self.count) if mask is None else np.flatnonzero(mask).tolist()
        seen, infos = [], []
        for i in chosen:
            observation, info = self.places[i].reset(None if seed is None else seed + i, options)
            self._refuse_full(i)
            seen.append(observation)
            infos.append(told(info))
        return Begun(self.stacked(seen, self.vector), infos)

    def step(self, actions: Actions, late: Callable[[], bool] = lambda: False) -> Played:
        """Take steps in each environment; `late` says when they have taken too long.

        Raises:
            AnswerError: one was not reset, or its episode has ended and it does not reset itself;
                or the answer is too large, or too late.
            EnvironmentFailed: an environment's own code raised.
        """
        self.refuse_many(actions.steps)
        self.refuse_unrepeatable(actions.steps)
        steps = Recording(self, late)
        for t in range(actions.steps):
            steps.take(actions, t)
        return steps.played()

    def render(self, index: int) -> np.ndarray:
        """What an environment shows, [H, W, 3] uint8.

        Raises:
            AnswerError: there is no such environment, it was not reset, or shows no such array.
            EnvironmentFailed: its own code raised.
        """
        if index >= self.count:
            raise AnswerError(
                "bad-request", "index", f"index: found {index}; allowed: less than {self.count}"
            )
        place = self.places[index]
        self.refuse(place, index, 0, ended=False)
        with foreign(f"{self.spec.id}: render()"):
            frame = np.asarray(place.environment.render())
        if frame.dtype != np.uint8 or frame.ndim != 3:
            raise AnswerError(
                "bad-request",
                "state",
                "state: its environments show nothing; make them with kwargs "
                '{"render_mode": "rgb_array"}',
            )
        return frame.copy()

    def state(self) -> State:
        """All that a later `resume` needs; equal states are equal data."""
        begun = [place for place in self.places if place.begun]
        data: State = {
            "begun": bytes(place.begun for place in self.places),
            "ended": bytes(place.ended for place in self.places),
            "generators": [place.saved_generator() for place in self.places],
        }
        if not begun:
            return data
        if not self.replays:
            return data | {
                "snapshots": snapshots.columns([place.attributes() for place in begun]),
                "seen": self.stacked([place.seen for place in begun], cast=False),
            }
        return data | {
            "seeds": [place.seed for place in begun],
            "options": [place.options for place in begun],
            "logs": [bytes(place.log) for place in begun],
            "marks": [self._mark(place) for place in begun],
        }

    def resume(self, state: State) -> None:
        """Bring environments that were just made to a state of theirs.

        Raises:
            AnswerError: there is no memory for them.
            EnvironmentFailed: an environment's own code raised, or it gave something else than the
                first time.
        """
        saved = iter(_rows(state.get("snapshots", {})))
        seen = iter(state.get("seen", ()))
        numbers = iter(range(self.count))
        for i, place in enumerate(self.places):
            place.generator = unpacked(state["generators"][i])
            if not state["begun"][i]:
                continue
            if self.replays:
                k = next(numbers)
                place.repeat(
                    state["seeds"][k], state["options"][k], state["logs"][k], state["ended"][i]
                )
                if self._mark(place) != state["marks"][k]:
                    raise EnvironmentFailed(undetermined(self.spec))
            else:
                place.put(next(saved), next(seen).copy(), state["ended"][i])
            self._refuse_full(i)

    def close(self) -> None:
        """Let go of the environments; one whose own close raises stops no other."""
        for place in self.places:
            environment, place.environment = place.environment, None
            if environment is not None:
                with suppress(EnvironmentFailed), foreign(f"{self.spec.id}: close()"):
                    environment.close()

    def refuse_unbegun(self) -> None:
        """Raises AnswerError: an environment was not reset."""
        for i, place in enumerate(self.places):
            self.refuse(place, i, 0, ended=False)

    def seen(self) -> Any:
        """What all of them showed last, [B, ...], in the dtypes of the space."""
        return self.stacked([place.seen for place in self.places], cast=True)

    def stacked(self, seen: list[Any], cast: bool) -> Any:
        """A batch of observations; EnvironmentFailed: they do not fit the space."""
        with foreign(f"{self.spec.id}: an observation does not fit its observation_space"):
            return stacked(seen, self.observed, cast)

    def refuse_many(self, steps: int, path: str = "actions") -> None:
        """Raises AnswerError: more steps than one request may take."""
        if steps * self.count > MOST_STEPS:
            raise AnswerError(
                "too-large",
                path,
                f"{path}: found {steps} steps of {self.count} environments; allowed: at most "
                f"{MOST_STEPS} in all",
            )

    def refuse_unrepeatable(self, steps: int, path: str = "actions") -> None:
        """Raises AnswerError: more further steps than may be repeated."""
        if not self.replays:
            return
        logged = sum(len(place.log) for place in self.places) // self._width
        if logged + steps * self.count > MOST_ACTIONS:
            raise AnswerError(
                "too-large",
                path,
                f"{path}: {logged} actions since the last resets would be repeated where a replica "
                f"was lost; allowed: at most {MOST_ACTIONS}; reset, or make fewer environments",
            )

    def _refuse_full(self, index: int) -> None:
        if self._is_full():
            raise AnswerError(
                "too-large",
                "state",
                f"state: with {index + 1} of {self.count} environments there is no memory for "
                "more; make fewer or smaller ones",
            )

    def refuse(self, place: Place, index: int, step: int, ended: bool = True) -> None:
        """Raises AnswerError: one was not reset, or its episode has ended."""
        if not place.begun:
            why = "was not reset"
        elif ended and place.ended:
            why = f"has ended its episode before step {step}"
        else:
            return
        raise AnswerError(
            "bad-request", "state", f"state: environment {index} {why}; reset it before"
        )

    def _mark(self, place: Place) -> int:
        """A checksum of what the environment showed last."""
        with foreign(f"{self.spec.id}: an observation does not fit its observation_space"):
            return _checksum(stacked([place.seen], self.observed, False))


def _rows(columns: dict[str, Any]) -> Iterator[dict[str, np.ndarray]]:
    """Snapshots, by environment: the inverse of `snapshots.columns`."""
    for values in zip(*columns.values(), strict=True):
        yield {name: np.asarray(value) for name, value in zip(columns, values, strict=True)}


def _checksum(batch: Any, known: int = 0) -> int:
    if isinstance(batch, np.ndarray):
        return zlib.crc32(np.ascontiguousarray(batch).view(np.uint8).data, known)
    for part in batch.values() if isinstance(batch, dict) else batch:
        known = _checksum(part, known)
    return known
