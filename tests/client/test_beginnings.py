"""A dataset of Minari goes to the store when a run starts, and the specification names it."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faastraingym import BadInput, Client
from faastraingym.client import beginnings
from faastraingym.schemas import dataset_record, keys
from faastraingym.schemas.messages import ReportWritten
from faastraingym.schemas.payloads import Stream, load
from tests.client.facts import obj
from tests.client.memory import Stack
from tests.client.test_run import publish
from tests.offline import NAME, cartpole

minari = pytest.importorskip("minari", reason="the extra minari is not installed")

SPEC: dict[str, Any] = {
    "environment": {"id": "CartPole-v1", "num_envs": 2},
    "rollout": {"count": 1, "num_steps": 16},
    "algorithm": {
        "name": "dqn",
        "capacity": 400,
        "batch_size": 16,
        "init_from": {"minari": NAME},
    },
    "stop": {"env_steps": 1000},
}


def write(dataset: Any, name: str = NAME) -> None:
    """A dataset of tests, by Minari."""
    from minari.data_collector.episode_buffer import EpisodeBuffer

    buffers = [
        EpisodeBuffer(
            observations=e.observations,
            actions=e.actions,
            rewards=e.rewards,
            terminations=e.terminations,
            truncations=e.truncations,
        )
        for e in dataset.episodes
    ]
    minari.create_dataset_from_buffers(
        name,
        buffers,
        observation_space=dataset.observation_space,
        action_space=dataset.action_space,
        author="a test",
        author_email="none",
        code_permalink="none",
        algorithm_name="by hand",
        description="balanced by hand",
        eval_env="CartPole-v1",
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    return tmp_path / "datasets"


def datasets(stack: Stack) -> dict[str, bytes]:
    return {key: data for key, data in stack.objects.data.items() if key.startswith("datasets/")}


def with_algorithm(**changes: Any) -> dict[str, Any]:
    return {**SPEC, "algorithm": {**SPEC["algorithm"], **changes}}


def test_it_is_in_the_store_by_its_sha256_before_the_run_is_requested(
    stack: Stack, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts, which hold what the episodes have; the same dataset is not written twice."""
    monkeypatch.setattr(beginnings, "PART_BYTES", 4000)
    dataset = cartpole(700)
    write(dataset)
    named = client.start(SPEC).report().spec["algorithm"]["init_from"]
    objects = datasets(stack)
    record = dataset_record.load(objects[keys.dataset(named["sha256"])])
    assert all(beginnings.digest(data) in key for key, data in objects.items())
    assert len(record.parts) == len(objects) - 1 > 2
    assert named["minari"] == NAME
    assert named["entries"] == record.entries == sum(len(e.rewards) + 1 for e in dataset.episodes)
    streams = [load(objects[keys.dataset(part.sha256)], Stream) for part in record.parts]
    seen = np.concatenate([stream.observations for stream in streams])
    np.testing.assert_array_equal(
        seen, np.concatenate([episode.observations for episode in dataset.episodes])
    )
    counted = np.concatenate([stream.valid for stream in streams])
    acted = np.concatenate([stream.actions for stream in streams])[counted]
    np.testing.assert_array_equal(acted, np.concatenate([e.actions for e in dataset.episodes]))
    writes: list[str] = []
    monkeypatch.setattr(stack.objects, "write", lambda key, *_: writes.append(key))
    again = client.start(SPEC, name="again").report().spec["algorithm"]["init_from"]
    assert (again, writes) == (named, [])


def test_a_specification_that_names_the_sha256_needs_no_dataset_here(
    stack: Stack, client: Client, folder: Path
) -> None:
    """As that of a report does; where it is here, it is brought again."""
    write(cartpole(400))
    spec = client.start(SPEC).report().spec
    assert client.start(spec, name="b").report().spec == spec
    held = datasets(stack)
    for key in held:
        del stack.objects.data[key]
    client.start(spec, name="c")
    assert datasets(stack) == held
    minari.delete_dataset(NAME)
    assert client.start(spec, name="d").report().spec == spec


REFUSED = {
    "a missing one": (
        with_algorithm(init_from={"minari": "no/such-v0"}),
        r"spec.algorithm.init_from.minari: found no/such-v0, which is not in .*datasets/no/such-v0;"
        rf" allowed: a dataset that is here \({NAME}\); `minari download no/such-v0`",
    ),
    "no name": (
        with_algorithm(init_from={"minari": "nameless"}),
        "nameless: is no dataset's name; write one as cartpole/dqn-v0",
    ),
    "not a table": (
        with_algorithm(init_from=NAME),
        f"spec.algorithm.init_from: found '{NAME}'; allowed: a table",
    ),
    "other spaces": (
        {**SPEC, "environment": {"id": "Acrobot-v1", "num_envs": 2}},
        rf"spec.algorithm.init_from: found {NAME} with observations of <f4 \[4\], numbers; allowed:"
        r" observations of <f4 \[6\], numbers, as Acrobot-v1 has\n.*with actions in Discrete\(2\); "
        r"allowed: Discrete\(3\), as Acrobot-v1 has",
    ),
    "an on-policy algorithm": (
        {**SPEC, "algorithm": {"name": "ppo", "init_from": {"minari": NAME}}},
        "spec.algorithm.init_from: unknown key of ppo; .*dqn.* ha(s|ve) it",
    ),
    "fewer than a version": (
        {**SPEC, "rollout": {"count": 8, "num_steps": 128}},
        f"spec.algorithm.init_from: found {NAME} with .* transitions and final observations; "
        "allowed: at least 2048, as one version has",
    ),
    "transformed rewards": (
        {**SPEC, "reward": [{"kind": "scale", "factor": 2.0}]},
        "spec.reward: found 1 transforms; allowed: none with spec.algorithm.init_from",
    ),
}


@pytest.mark.parametrize(("spec", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_begin_a_run_is_refused_by_its_path(
    stack: Stack, client: Client, spec: dict[str, Any], words: str
) -> None:
    write(cartpole(400))
    with pytest.raises(BadInput, match=words):
        client.start(spec)
    assert not datasets(stack)
    assert not stack.facts.log


SPOILT = {
    "NaN": (lambda e: e.observations.__setitem__((3, 0), np.nan), "before step 3 is not finite"),
    "a reward": (lambda e: e.rewards.__setitem__(2, np.inf), "a reward is inf"),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT)
def test_a_number_that_cannot_be_learnt_from_is_named_with_its_episode(
    client: Client, spoil: Any, words: str
) -> None:
    dataset = cartpole(400)
    spoil(dataset.episodes[1])
    write(dataset)
    with pytest.raises(BadInput, match=f"found {NAME}, whose episode 1 cannot be learnt.*{words}"):
        client.start(SPEC)


def test_an_episode_that_has_no_end_is_cut_off(stack: Stack, client: Client) -> None:
    """As datasets of other origins have; the last transition bootstraps."""
    dataset = cartpole(400)
    last = dataset.episodes[-1]
    last.terminations[:] = False
    last.truncations[:] = False
    write(dataset)
    client.start(SPEC)
    record = dataset_record.load(max(datasets(stack).values(), key=lambda d: b"episodes" in d))
    stream = load(stack.objects.data[keys.dataset(record.parts[-1].sha256)], Stream)
    assert stream.truncated[-2]
    assert not stream.terminated[-2]


def test_resuming_brings_again_what_was_lost(stack: Stack, client: Client) -> None:
    write(cartpole(400))
    run = client.start(SPEC, name="it")
    held = datasets(stack)
    for key in list(held)[:1]:
        stack.objects.data[key] = b"other bytes"
    run.resume(budget=2000)
    assert datasets(stack) == held
    for key in held:
        del stack.objects.data[key]
    minari.delete_dataset(NAME)
    write(cartpole(400, seed=9))
    asyncio.run(
        publish(stack, ReportWritten(run="it", report=obj("r"), learning_curve=obj("c"), segment=1))
    )
    with pytest.raises(
        BadInput, match=f"init_from: {NAME} was lost in the store, and this machine"
    ):
        run.resume(budget=3000)
