"""A run's trajectories as a dataset, opened by Minari itself."""

import asyncio
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym import BadInput, Run, StackTrouble
from faastraingym.cli.main import main
from faastraingym.cli.screen import Screen
from faastraingym.client import minari_datasets
from faastraingym.schemas import keys
from tests.client.memory import Stack
from tests.test_loop import Platform, train

minari = pytest.importorskip("minari", reason="the extra minari is not installed")

RUN, NAME = "demo", "frozen/of-a-run-v0"
SPEC: dict[str, Any] = {
    "seed": 7,
    "environment": {
        "id": "FrozenLake-v1",
        "num_envs": 2,
        "kwargs": {"max_episode_steps": 12},
    },
    "rollout": {"count": 2, "num_steps": 16},
    "algorithm": {
        "name": "dqn",
        "hidden_sizes": [8],
        "capacity": 128,
        "batch_size": 16,
        "gradient_steps": 2,
        "learning_starts": 64,
    },
    "evaluation": {"every": 100, "episodes": 1},
    "reward": [{"kind": "scale", "factor": 9.0}],
    "stop": {"env_steps": 400},
}


@pytest.fixture(scope="module")
def platform() -> Platform:
    return asyncio.run(train(Platform(), SPEC))


@pytest.fixture
def run(platform: Platform, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    for key, data in platform.objects.data.items():
        stack.objects.data[key] = data
    stack.facts.log = list(platform.facts.log)
    return stack.client().run(RUN)


def test_minari_opens_what_the_environment_plays_again(run: Run) -> None:
    """Observations, final ones too, actions, the environment's own rewards, ends and seeds."""
    found = run.export_minari(NAME)
    dataset = minari.load_dataset(NAME)
    assert (dataset.total_episodes, dataset.total_steps) == (found.episodes, found.steps)
    assert found.episodes > 20
    counted = run.report().env_steps
    assert 0 < counted - found.steps == found.left_out <= 11 * 4
    environment = dataset.recover_environment()
    assert environment.spec.max_episode_steps == 12
    about = list(dataset.storage.get_episode_metadata(range(found.episodes)))
    for episode, told in zip(dataset, about, strict=True):
        seen, _ = environment.reset(seed=told["seed"])
        played = [(seen,)]
        for action in episode.actions:
            played.append(environment.step(action)[:4])
        observations = [step[0] for step in played]
        rewards, terminated, truncated = zip(*(step[1:] for step in played[1:]), strict=True)
        assert episode.observations.tolist() == observations
        assert episode.rewards.tolist() == list(rewards)
        assert episode.terminations.tolist() == list(terminated)
        assert episode.truncations.tolist() == list(truncated)
        assert terminated[-1] or truncated[-1]
        assert not any(terminated[:-1] + truncated[:-1])
    assert [told["version"] for told in about] == sorted(told["version"] for told in about)
    assert {(told["slot"], told["environment"]) for told in about} == {
        (slot, environment) for slot in (0, 1) for environment in (0, 1)
    }


def test_the_metadata_tell_where_it_comes_from(run: Run) -> None:
    run.export_minari(NAME, 1, 3)
    told = minari.load_dataset(NAME).storage.metadata
    assert (told["run"], told["algorithm_name"], told["versions"]) == (RUN, "dqn", [1, 3])
    assert "FrozenLake-v1, by dqn while it learnt: run demo, versions 1 to 3" in told["description"]
    assert json.loads(told["specification"]) == run.report().spec
    digest = hashlib.sha256(told["specification"].encode()).hexdigest()
    assert told["specification_sha256"] == digest


def test_versions_are_chosen(run: Run) -> None:
    """Two halves have what the whole has, but for what is cut between them."""
    whole = run.export_minari("whole-v0")
    halves = [run.export_minari("half-v0", last=3), run.export_minari("half-v1", first=4)]
    assert [(half.first, half.last) for half in halves] == [(0, 3), (4, whole.last)]
    cut = whole.steps - sum(half.steps for half in halves)
    assert 0 <= cut <= 11 * 4
    first = minari.load_dataset("half-v0")
    for one, other in zip(first, minari.load_dataset("whole-v0"), strict=False):
        np.testing.assert_array_equal(one.observations, other.observations)


def test_the_command_says_what_it_wrote(run: Run, stack: Stack) -> None:
    out, err = io.StringIO(), io.StringIO()
    client, screen = stack.client(), Screen(out, err)
    assert main(["export", RUN, "--minari", NAME, "--versions", "1-4"], client, screen) == 0
    found = minari.load_dataset(NAME)
    assert out.getvalue().startswith(
        f"{NAME}: {found.total_episodes} episodes, {found.total_steps} steps of versions 1 to 4, "
        "in "
    )
    assert "steps of episodes cut off are left out" in out.getvalue()
    out.truncate(0)
    out.seek(0)
    assert main(["export", RUN, "--minari", "json-v0", "--json"], client, screen) == 0
    told = json.loads(out.getvalue())
    assert told["steps"] + told["left_out"] == run.report().env_steps
    assert (told["run_id"], told["name"]) == (RUN, "json-v0")


def test_what_cannot_be_exported_is_refused_and_leaves_nothing(
    run: Run, stack: Stack, tmp_path: Path
) -> None:
    last = run.export_minari(NAME).last
    with pytest.raises(BadInput, match=f"{NAME}: there is such a dataset in .*another version"):
        run.export_minari(NAME)
    for wrong in ("frozen", "a b-v0", "frozen/-v", "../up-v0"):
        with pytest.raises(BadInput, match="is no dataset's name; write one as cartpole/dqn-v0"):
            run.export_minari(wrong)
    with pytest.raises(BadInput, match=f"versions: found 0-99; allowed: within 0-{last}"):
        run.export_minari("other-v0", 0, 99)
    with pytest.raises(BadInput, match="versions: found 3-2; allowed: within"):
        run.export_minari("other-v0", 3, 2)
    del stack.objects.data[keys.trajectory(RUN, 2, 1)]
    with pytest.raises(BadInput, match=f"found 0-{last}; allowed: within 3-{last}, whose"):
        run.export_minari("other-v0", first=0)
    assert run.export_minari("newest-v0").first == 3
    assert not (tmp_path / "datasets" / "other-v0").exists()


def test_one_that_breaks_off_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minari_datasets, "FLUSHED", 4)
    made: list[int] = []

    def full(*_: Any) -> Any:
        made.append(1)
        if len(made) == 7:
            raise OSError(28, "No space left on device")
        return original(*_)

    original = minari_datasets.Writer._buffer
    monkeypatch.setattr(minari_datasets.Writer, "_buffer", full)
    with pytest.raises(BadInput, match="cannot be written: No space left on device"):
        run.export_minari(NAME)
    assert not (tmp_path / "datasets" / NAME).exists()


def test_without_minari_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(StackTrouble, match=r'Minari; `pip install "faastraingym\[minari\]"`'):
        run.export_minari(NAME)


def test_a_dataset_has_the_masks_where_the_environment_has_them(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In `info`, of every state; and the actions were valid."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    taxi = {"id": "Taxi-v4", "num_envs": 2, "kwargs": {"max_episode_steps": 12}}
    ppo = {"name": "ppo", "hidden_sizes": [8]}
    platform = asyncio.run(train(Platform(), {**SPEC, "environment": taxi, "algorithm": ppo}))
    stack.objects.data |= platform.objects.data
    stack.facts.log = list(platform.facts.log)
    found = stack.client().run(RUN).export_minari("taxi/of-a-run-v0")
    dataset = minari.load_dataset("taxi/of-a-run-v0")
    assert dataset.total_episodes == found.episodes > 0
    for episode in dataset:
        masks = episode.infos["action_mask"]
        assert masks.shape == (len(episode.actions) + 1, 6)
        assert episode.observations.shape == (len(episode.actions) + 1,)
        assert np.take_along_axis(masks[:-1], episode.actions[:, None], axis=1).all()
    (told,) = dataset.storage.get_episode_metadata(range(1))
    seen, info = dataset.recover_environment().reset(seed=told["seed"])
    assert seen == dataset[0].observations[0]
    np.testing.assert_array_equal(info["action_mask"], dataset[0].infos["action_mask"][0])


def test_images_keep_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minari would write them as JPEG, unless it is told."""
    from faastraingym.algorithms.offline.episodes import Episode, Part

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    seen = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    flags = np.array([False, False, True])
    part = Part(seen, np.zeros(3, np.int32), np.ones(3, np.float32), flags, ~flags & False)
    env = gymnasium.make("CartPole-v1")
    env.observation_space = gymnasium.spaces.Box(0, 255, (8, 8, 3), np.uint8)
    about = {"algorithm_name": "dqn", "description": "images"}
    writer = minari_datasets.Writer("images-v0", env, lambda actions: actions, about)
    writer.add(Episode(part, None, 0, 0, 0))
    writer.flush()
    np.testing.assert_array_equal(minari.load_dataset("images-v0")[0].observations, seen)
