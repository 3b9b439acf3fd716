"""How an evaluation's episodes are divided among invocations, and merged again.

No result depends on the division: each episode has its own seed, and its actions come from a matrix
product of as many rows as in an undivided evaluation (evaluate.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import UNSET
from msgspec.structs import replace

from faastraingym.algorithms.environments.vectors import has_own_vector
from faastraingym.algorithms.environments.wrappers import episode_limit
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.messages import EpisodesEvaluated, EvaluationCompleted, RunMessage
from faastraingym.schemas.payloads import Evaluation
from faastraingym.schemas.references import ObjectRef, PolicyRef
from faastraingym.schemas.specification import EnvironmentSpec, RunSpec

# Of one piece. A simulator that takes 50 ms a step, slow as those go, then needs 100 s, less than
# exec_timeout; one that takes 20 us needs 40 ms, beside which a hop is little.
PIECE_STEPS = 2_000
MOST_PIECES = 1_000
TOGETHER = 32  # environments that an evaluation steps together


class Recorded(NamedTuple):
    """The films of an evaluation, or of a piece."""

    films: Sequence[ObjectRef] = ()  # by episode
    lacking: str = ""  # why there are fewer than the specification asks for


def divided(spec: RunSpec) -> RunSpec:
    """`spec` with the number of its evaluations' pieces, unless it names one."""
    units = _units(spec)
    asked = spec.evaluation.pieces
    if asked is None:
        steps = episode_limit(spec.environment) or PIECE_STEPS
        each = max(1, PIECE_STEPS // steps, -(-units // MOST_PIECES))
        asked = -(-units // each)
    return replace(spec, evaluation=replace(spec.evaluation, pieces=min(asked, units)))


def episodes_of(spec: RunSpec, piece: int | None) -> range:
    """The numbers of a piece's episodes; of all, without a piece."""
    total, units = spec.evaluation.episodes, _units(spec)
    if piece is None:
        return range(total)
    pieces = spec.evaluation.pieces or 1
    begin, end = (units * edge // pieces * _unit(spec.environment) for edge in (piece, piece + 1))
    return range(begin, min(end, total))


def merge(spec: RunSpec, version: int, parts: Sequence[Evaluation]) -> Evaluation:
    """The evaluation of which `parts` are all pieces, in order.

    Raises:
        PayloadError: they are of another version, or are not as many episodes as specified.
    """
    versions, wanted = {part.version for part in parts}, spec.evaluation.episodes
    found = sum(len(part.returns) for part in parts)
    if versions != {version} or found != wanted:
        raise PayloadError(
            f"Evaluation of {len(parts)} pieces: found {found} episodes of versions "
            f"{sorted(versions)}; allowed: {wanted} of version {version}"
        )
    return Evaluation(
        version=version,
        returns=np.concatenate([part.returns for part in parts]),
        lengths=np.concatenate([part.lengths for part in parts]),
    )


def recorded(parts: Sequence[EpisodesEvaluated]) -> Recorded:
    """The films of all pieces, which come in order; why the first that is missing is."""
    films = [ref for part in parts if part.recordings is not UNSET for ref in part.recordings]
    lacking = (part.unrecorded for part in parts if part.unrecorded is not UNSET)
    return Recorded(films, next(lacking, ""))


def completed(
    about: RunMessage,
    policy: PolicyRef,
    evaluation: Evaluation,
    stored: ObjectRef,
    recorded: Recorded,
) -> EvaluationCompleted:
    """The message that reports an evaluation, once all its episodes exist."""
    is_recorded = bool(recorded.films or recorded.lacking)
    return EvaluationCompleted(
        run=about.run,
        manifest=about.manifest,
        policy=policy,
        evaluation=stored,
        episodes=len(evaluation.returns),
        return_mean=float(np.mean(evaluation.returns)),
        return_std=float(np.std(evaluation.returns)),
        length_mean=float(np.mean(evaluation.lengths)),
        recordings=list(recorded.films) if is_recorded else UNSET,
        unrecorded=recorded.lacking or UNSET,
    )


def _unit(environment: EnvironmentSpec) -> int:
    """The number of episodes that stay together, since an environment's own vector steps them."""
    return TOGETHER if has_own_vector(environment) else 1


def _units(spec: RunSpec) -> int:
    return -(-spec.evaluation.episodes // _unit(spec.environment))
