"""Episodes as a stream, in which a learner's window begins: what a dataset has in the store."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from msgspec.structs import replace

from faastraingym.algorithms.environments import actions as acted
from faastraingym.algorithms.environments.observations import joined, stored
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.algorithms.replay.specification import ReplaySpec
from faastraingym.schemas.array_specs import ArraySpec, check_array, check_named
from faastraingym.schemas.payloads import Stream
from faastraingym.schemas.specification import RunSpec

MAX_REWARD = float(np.finfo(np.float32).max)


def of_episode(
    observations: Any,
    actions: np.ndarray,
    rewards: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    info: SpaceInfo,
) -> Stream:
    """An episode of L steps; one that does not end is cut off, which is a truncation.

    Args:
        observations: [L+1, ...] in the form of their space.
        actions: [L, ...] as the environment took them.
        rewards: [L], numbers.
        terminated, truncated: [L].
        info: the spaces of both.

    Raises:
        ValueError: a length, a number or a choice that is not allowed.
        LookupError, TypeError: observations lack a part.
    """
    length = len(rewards)
    seen = stored(observations, info)
    _check_observations(seen, info, length + 1)
    earned = np.asarray(rewards, np.float64)
    if not (np.abs(earned) <= MAX_REWARD).all():
        raise ValueError(f"a reward is {earned[~(np.abs(earned) <= MAX_REWARD)][0]}")
    ends, cut = np.array(terminated, np.bool_), np.array(truncated, np.bool_)
    if not length or {len(actions), len(ends), len(cut)} != {length}:
        raise ValueError(
            f"{length} rewards, {len(actions)} actions, {len(ends)} terminations, "
            f"{len(cut)} truncations"
        )
    cut[-1] |= not ends[-1]
    return Stream(
        observations=seen,
        actions=_longer(acted.counted(np.asarray(actions), info)),
        rewards=_longer(earned.astype(np.float32)),
        terminated=_longer(ends),
        truncated=_longer(cut),
        valid=_longer(np.ones(length, np.bool_)),
    )


def kept(stream: Stream, spec: RunSpec) -> Stream:
    """A stream as trajectories of a run have it.

    Raises:
        PayloadError: it is of other spaces.
        EnvironmentFailed: the environment cannot be built, to see its spaces.
    """
    info, seen = describe(spec), stream.observations
    sizes = {"N": len(stream.rewards)}
    wanted = {p.path: ArraySpec(p.dtype, "N", *p.shape) for p in info.parts}
    found = seen if isinstance(seen, dict) else {"": seen}
    check_named("Stream.observations", found, wanted, sizes)
    one_action = acted.kept(info)
    check_array(
        "Stream.actions", stream.actions, ArraySpec(one_action.dtype, "N", *info.action_elements)
    )
    if not (info.continuous and cast(ReplaySpec, spec.algorithm).acts_rescaled):
        return stream
    return replace(stream, actions=acted.unscaled(stream.actions, info))


def one(streams: Sequence[Stream]) -> Stream:
    """One after the other."""
    return Stream(
        observations=joined([each.observations for each in streams]),
        actions=np.concatenate([each.actions for each in streams]),
        rewards=np.concatenate([each.rewards for each in streams]),
        terminated=np.concatenate([each.terminated for each in streams]),
        truncated=np.concatenate([each.truncated for each in streams]),
        valid=np.concatenate([each.valid for each in streams]),
    )


def size(stream: Stream) -> int:
    """Bytes of its arrays."""
    seen = stream.observations
    parts = seen.values() if isinstance(seen, dict) else [seen]
    columns = (stream.actions, stream.rewards, stream.terminated, stream.truncated, stream.valid)
    return sum(array.nbytes for array in (*parts, *columns))


def differences(dataset: SpaceInfo, environment: SpaceInfo) -> Iterator[str]:
    """What a dataset has in other spaces than an environment: `found ...; allowed: ...`."""
    parts, wanted = ({p.path: p for p in info.parts} for info in (dataset, environment))
    if parts.keys() != wanted.keys():
        yield f"observations of the parts {sorted(parts)}; allowed: {sorted(wanted)}"
        return
    for path, part in wanted.items():
        if parts[path] != part or dataset.observation_start != environment.observation_start:
            yield f"{_words(dataset, path)}; allowed: {_words(environment, path)}"
    if _acted(dataset) != _acted(environment):
        yield f"actions in {_action_words(dataset)}; allowed: {_action_words(environment)}"


def _check_observations(seen: Any, info: SpaceInfo, length: int) -> None:
    """Raise ValueError where observations are not as the space says."""
    for part in info.parts:
        values = seen[part.path] if isinstance(seen, dict) else seen
        if values.shape != (length, *part.shape):
            raise ValueError(
                f"its {part.words}s have shape {values.shape}; allowed: {(length, *part.shape)}"
            )
        if values.dtype.kind == "f" and not np.isfinite(values[:-1]).all():
            step = int(np.argwhere(~np.isfinite(values[:-1]))[0][0])
            raise ValueError(f"the {part.words} before step {step} is not finite")


def _longer(values: np.ndarray) -> np.ndarray:
    """With an entry for the final observation, which counts for nothing."""
    return np.concatenate([values, np.zeros((1, *values.shape[1:]), values.dtype)])


def _words(info: SpaceInfo, path: str) -> str:
    part = next(p for p in info.parts if p.path == path)
    number = info.observation_size if info.observation_start is not None else None
    choices = part.choices or ((number,) if number is not None else ())
    what = f"choices {choices} from {info.observation_start or 0}" if choices else part.kind
    return f"{part.words}s of {part.dtype} {list(part.shape)}, {what}"


def _acted(info: SpaceInfo) -> tuple[Any, ...]:
    return (
        info.continuous, info.action_size, info.low, info.high, info.action_start,
        info.action_choices, info.action_starts, info.action_bits, info.action_shape,
    )  # fmt: skip


def _action_words(info: SpaceInfo) -> str:
    if info.continuous:
        return f"a Box of {info.action_size}, {info.low} to {info.high}"
    if info.action_choices:
        return f"MultiDiscrete {info.action_choices} from {info.action_starts}"
    start = f" from {info.action_start}" if info.action_start else ""
    return (
        f"MultiBinary {info.action_size}"
        if info.action_bits
        else (f"Discrete({info.action_size}){start}")
    )
