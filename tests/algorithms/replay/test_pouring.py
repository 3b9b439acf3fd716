"""A dataset has its places in a window as if a run had played it before version 0."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from faastraingym.algorithms.environments import actions
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.registry import parse
from faastraingym.algorithms.replay import window
from faastraingym.algorithms.replay.layout import Layout
from faastraingym.algorithms.replay.ring import Ring
from faastraingym.schemas.messages import VersionRange
from faastraingym.schemas.payloads import Stream, Trajectory

LENGTHS = [3, 5, 2, 7, 4, 6, 3, 9]  # of episodes, in transitions
SLOTS, STEPS, ENVS, ROWS = 2, 4, 1, 4
Transition = tuple[float, float, float, float, float]


def a_stream(lengths: list[int], begin: int = 0) -> Stream:
    """Observation n is n; the reward of a transition is ten times that."""
    size = sum(lengths) + len(lengths)
    ends = np.cumsum([length + 1 for length in lengths]) - 1
    seen = np.arange(begin, begin + size, dtype=np.float32)
    valid = np.ones(size, np.bool_)
    valid[ends] = False
    terminated, truncated = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    terminated[ends[::2] - 1] = True
    truncated[ends[1::2] - 1] = True
    return Stream(
        observations=seen[:, None], actions=(seen % 2).astype(np.int32), rewards=seen * 10,
        terminated=terminated, truncated=truncated, valid=valid,
    )  # fmt: skip


def a_version(version: int) -> list[Trajectory]:
    flags = np.zeros((STEPS, ENVS), np.bool_)
    return [
        Trajectory(
            version=version, index=slot, rewards=np.full((STEPS, ENVS), -1, np.float32),
            observations=np.full((STEPS + 1, ENVS, 1), -1, np.float32),
            actions=np.zeros((STEPS, ENVS), np.int32), terminated=flags, truncated=flags,
            valid=~flags, episode_returns=np.zeros(0), episode_lengths=np.zeros(0, np.int32),
        )
        for slot in range(SLOTS)
    ]  # fmt: skip


def poured(streams: list[Stream], first: int, version: int) -> tuple[Ring, Layout]:
    """A ring at `version`, whose window begins with `first`."""
    entries = sum(len(stream.rewards) for stream in streams)
    rows = min(ROWS - 1, entries // (SLOTS * STEPS * ENVS))
    places, ring, begin = Layout(rows, SLOTS, STEPS, ENVS, entries), Ring(ROWS), 0
    for own in range(max(0, version - ROWS + 1), version + 1):
        ring.write(own, a_version(own), None)
    for stream in streams:
        ring.pour(stream, places.places(begin, len(stream.rewards)), first)
        begin += len(stream.rewards)
    ring.poured(range(first, 0))
    return ring, places


def gathered(ring: Ring, first: int, version: int, n_step: int = 1) -> dict[str, np.ndarray]:
    of = window.Window(VersionRange(first=first, last=version), SLOTS, STEPS, ENVS)
    return ring.gather(of, np.arange(of.transitions)[None], n_step, 0.5)


def transitions(found: dict[str, np.ndarray]) -> list[Transition]:
    """Those of the dataset that count: s, a, return, s', discount."""
    names = ("observations", "actions", "returns", "next_observations", "discounts")
    rows = zip(*(found[name][0].ravel().tolist() for name in (*names, "valid")), strict=True)
    return sorted(row[:-1] for row in rows if row[-1] and row[0] >= 0)


def of_stream(lengths: list[int], skipped: int) -> list[Transition]:
    stream = a_stream(lengths)
    return [
        (float(n), float(n % 2), 10.0 * n, 0.0 if stream.terminated[n] else n + 1.0,
         0.0 if stream.terminated[n] else 0.5)
        for n in range(skipped, len(stream.rewards))
        if stream.valid[n]
    ]  # fmt: skip


@pytest.mark.parametrize("parts", [[8], [3, 5], [1, 1, 1, 1, 4]])
def test_the_newest_transitions_are_there_each_once(parts: list[int]) -> None:
    """Of 47 entries the last 24 fit into 3 versions; however the dataset is divided."""
    cut = np.cumsum([0, *parts])
    streams, begin = [], 0
    for start, end in pairwise(cut):
        streams.append(a_stream(LENGTHS[start:end], begin))
        begin += len(streams[-1].rewards)
    ring, places = poured([a_stream(LENGTHS)], -3, 0)
    assert places.skipped == 47 - 24
    assert not ring.missing(VersionRange(first=-3, last=0))
    found = transitions(gathered(ring, -3, 0))
    assert found == of_stream(LENGTHS, 23)
    divided, _ = poured(streams, -3, 0)
    pairs = [row[:3] for row in transitions(gathered(divided, -3, 0))]
    assert pairs == [row[:3] for row in found]


def test_later_versions_push_it_out() -> None:
    """Version v takes the place of version v - 4, and a cold ring leaves that out."""
    for version, first in ((1, -2), (2, -1)):
        ring, _ = poured([a_stream(LENGTHS)], first, version)
        found = gathered(ring, first, version)
        own = found["returns"][0] == -1.0
        assert own.sum() == (version + 1) * SLOTS * STEPS
        count = len(transitions(found))
        assert 0 < count < len(of_stream(LENGTHS, 23))
        assert set(transitions(found)) < set(of_stream(LENGTHS, 23))


def test_nothing_goes_on_from_the_dataset_into_version_0() -> None:
    """The last transition of a lane is cut there, and bootstraps from its own successor."""
    ring, places = poured([a_stream(LENGTHS)], -3, 0)
    found = gathered(ring, -3, 0, n_step=3)
    of_it = found["observations"][0, :, 0] >= 0
    assert (found["returns"][0][of_it & found["valid"][0]] >= 0).all()  # none has a -1 in it
    ends = found["next_observations"][0, :, 0]
    assert (ends[of_it & found["valid"][0]] != -1).all()
    last = places.skipped + 11  # of slot 0's lane of 12 entries, in the middle of an episode
    at = int(np.flatnonzero((found["observations"][0, :, 0] == last) & of_it)[0])
    assert found["returns"][0, at] == 10.0 * last
    assert (ends[at], found["discounts"][0, at]) == (last + 1, 0.5)
    before = int(np.flatnonzero((found["observations"][0, :, 0] == last - 1) & of_it)[0])
    assert found["returns"][0, before] == 10.0 * (last - 1) + 0.5 * 10.0 * last


def test_a_window_has_versions_below_zero_while_they_last() -> None:
    algorithm: dict[str, Any] = {
        "name": "dqn", "capacity": 256, "learning_starts": 0, "batch_size": 8,
        "init_from": {"minari": "a-v0", "sha256": "0" * 64, "entries": 150},
    }  # fmt: skip
    spec = parse(
        {
            "environment": {"id": "CartPole-v1", "num_envs": 2},
            "rollout": {"count": 2, "num_steps": 16},
            "algorithm": algorithm,
            "stop": {"env_steps": 1000},
        }
    )
    for version, own, first in ((0, 0, -2), (1, 0, -2), (2, 0, -1), (3, 0, 0), (4, 1, 1)):
        found = window.window(spec, VersionRange(first=own, last=version))
        assert (found.versions.first, found.versions.last) == (first, version)


def test_actions_of_a_dataset_are_as_trajectories_have_them() -> None:
    spec = parse(
        {
            "environment": {"id": "Pendulum-v1", "num_envs": 1},
            "algorithm": {"name": "ppo"},
            "stop": {"env_steps": 10_000},
        }
    )
    info = describe(spec)
    taken = np.linspace(-2, 2, 9, dtype=np.float32)[:, None]
    own = actions.unscaled(actions.counted(taken, info), info)
    np.testing.assert_allclose(own, taken / 2, atol=1e-6)
    np.testing.assert_allclose(actions.sender(info, rescaled=True)(own), taken, atol=1e-6)
    free = info._replace(low=(-np.inf,), high=(np.inf,))
    np.testing.assert_array_equal(actions.unscaled(taken, free), taken)
