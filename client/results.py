"""A run's results: its evaluation; as files report, learning curve, policy and films."""

from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from faastraingym.client import curves
from faastraingym.client.errors import BadInput
from faastraingym.events.pipeline.history import History
from faastraingym.events.ports import LostObject, ObjectStore
from faastraingym.events.views.report import reported_policy
from faastraingym.schemas.messages import EvaluationCompleted
from faastraingym.schemas.payloads import Evaluation as Episodes
from faastraingym.schemas.payloads import Policy, load
from faastraingym.schemas.references import ObjectRef
from faastraingym.schemas.report import RunReport

if TYPE_CHECKING:
    from faastraingym.algorithms.environments.space_info import SpaceInfo
    from faastraingym.client.playing import Evaluation


class Stored(NamedTuple):
    """What the store has of a segment's results."""

    report: RunReport
    objects: dict[str, bytes]  # by the name of their file, byte for byte
    policy: bytes | None  # of a run that failed early there is none


async def stored(objects: ObjectStore, run: str, history: History, segment: int | None) -> Stored:
    """The results of a segment, by default the newest.

    Raises:
        BadInput: the segment has not ended, or there is none of that number.
    """
    wanted = history.segment if segment is None else segment
    if wanted != history.segment and wanted not in history.segments:
        raise BadInput(
            f"run {run} has the segments 0 to {history.segment}; --leg {wanted} is none of them"
        )
    written = history.segments[wanted].report if wanted in history.segments else None
    if written is None:
        raise BadInput(
            f"run {run} has not ended, so there is no report yet; `faastrain follow {run}`, or "
            f"`faastrain stop {run}` ends it"
        )
    data = await objects.get(written.report)
    found = {_name(written.report.key): data}
    found[_name(written.learning_curve.key)] = await objects.get(written.learning_curve)
    report = msgspec.json.decode(data, type=RunReport)
    found |= await films(objects, report)
    updated = history.policies.get(report.policy.version) if report.policy else None
    if updated is None:
        return Stored(report, found, None)
    ref = updated.policy.policy
    policy = await objects.get(ref)
    return Stored(report, {**found, f"policy-{_name(ref.key)}": policy}, policy)


def evaluated(history: History) -> EvaluationCompleted | None:
    """The reported policy's evaluation, else the newest one; None: there is none yet."""
    reported, known = reported_policy(history), history.evaluations
    newest = known.get(max(known, default=-1))
    return known.get(reported.version, newest) if reported else newest


async def evaluation(objects: ObjectStore, run: str, history: History) -> "Evaluation":
    """The episodes of `evaluated`.

    Raises:
        BadInput: no evaluation has ended yet.
    """
    from faastraingym.client.playing import Evaluation  # which imports Gymnasium

    fact = evaluated(history)
    if fact is None:
        raise BadInput(f"run {run} has no evaluation yet; `faastrain follow {run}`")
    found = load(await objects.get(fact.evaluation), Episodes)
    return Evaluation(found.returns, found.lengths.astype(np.int64), run)


def files(found: Stored, info: "SpaceInfo | None") -> dict[str, bytes]:
    """The stored objects, the learning curve as CSV, and the policy in the form that acts.

    `report.json`, `learning_curve.png`, `learning_curve.csv`, `policy-30.msgpack`, `policy.npz`;
    of the first resumption `report.1.json`, and so on. The film of version 30's episode 0 is
    `episode-30-0.mp4`.
    """
    number = f".{found.report.segment}" if found.report.segment else ""
    made = {**found.objects, f"learning_curve{number}.csv": curves.csv(found.report)}
    if found.policy is not None:
        from faastraingym.client import policy_files  # which imports Gymnasium

        arrays = policy_files.arrays(load(found.policy, Policy), found.report, info)
        made[f"policy{number}.npz"] = policy_files.dump(arrays)
    return made


async def films(objects: ObjectStore, report: RunReport) -> dict[str, bytes]:
    """Recorded episodes, by the names of their files; one that the store lost is left out."""
    found = {}
    for film in report.recordings:
        ref = ObjectRef(bucket=report.bucket, key=film.key, size=film.size, sha256=film.sha256)
        with suppress(LostObject):
            suffix = PurePosixPath(film.key).suffix
            found[f"episode-{film.version}-{film.episode}{suffix}"] = await objects.get(ref)
    return found


def _name(key: str) -> str:
    return PurePosixPath(key).name
