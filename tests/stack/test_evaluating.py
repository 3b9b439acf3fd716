"""A whole stack: a policy is evaluated in a burst, whoever is killed; the numbers are the same."""

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from faastraingym.events.triggers import outside_events
from faastraingym.schemas import keys
from faastraingym.schemas.messages import EpisodesEvaluated, EvaluationCompleted
from faastraingym.schemas.payloads import Evaluation, load
from tests.stack.facts import end, until
from tests.stack.specs import SHORT
from tests.stack.support import Stack

EPISODES = 200
BURST: dict[str, Any] = {
    "evaluate": "models/cartpole@champion",
    "evaluation": {"episodes": EPISODES, "workers": 6, "stochastic": True, "record": 2},
    "seed": 3,
}


@pytest.fixture
def home(tmp_path: Path, compiled: Path) -> Iterator[Stack]:
    settings = {"FTG_COMPILATION_CACHE": str(compiled), "FTG_MAX_EVALUATIONS": "3"}
    with Stack(tmp_path / "home", **settings).running() as stack:
        yield stack


async def test_a_burst_has_the_same_numbers_whoever_plays_it_and_dies(
    home: Stack, tmp_path: Path
) -> None:
    home.start("parent", SHORT)
    async with home.connect() as connected:
        await end(connected.facts, "parent")
    home.json("models", "register", "cartpole", "parent", "--episodes", "3")
    home.json("models", "promote", "cartpole", "champion")

    home.start("burst", BURST)
    await _killed_meanwhile(home, "burst")
    alone = {**BURST, "evaluation": {**BURST["evaluation"], "workers": 1}}
    home.start("alone", alone)
    upload = await _uploaded(home, {**BURST, "evaluate": "runs/parent"})
    found = {run: await _evaluated(home, run) for run in ("burst", "alone", upload)}

    plays = load(found["burst"][1], Evaluation)
    assert len(plays.returns) == EPISODES
    assert len({*plays.lengths.tolist()}) > 10
    for fact, data in found.values():
        assert data == found["burst"][1]
        assert [ref.key.rpartition("/")[2] for ref in fact.recordings] == ["0.mp4", "1.mp4"]

    shown = home.json("show", "burst")
    assert (shown["status"], shown["reason"], shown["versions"]) == ("completed", "budget", 0)
    assert shown["evaluation"]["episodes"] == EPISODES
    assert shown["evaluation"]["mean"] == pytest.approx(float(np.mean(plays.returns)))
    assert shown["usage"]["evaluate"]["gb_seconds"] > 0
    assert home.cli("fetch", "burst").returncode == 0
    for episode in range(2):
        film = home.home / "runs" / "burst" / f"episode-0-{episode}.mp4"
        frames, _ = imageio_ffmpeg.count_frames_and_secs(str(film))
        assert frames == plays.lengths[episode]

    resumed = home.cli("resume", "burst", "--budget", "1000")
    assert resumed.returncode == 3
    assert "run burst evaluates a policy and learns nothing" in resumed.stderr
    nobody = home.cli("start", home.file({**BURST, "evaluate": "models/x"}), "--run", "other")
    assert nobody.returncode == 3
    assert "spec.evaluate: there is no model 'x'" in nobody.stderr


async def _killed_meanwhile(home: Stack, run: str) -> None:
    """Every replica of `evaluate`, once the first piece is there."""
    async with home.connect() as connected:
        pieces = f"ftg.episodes.evaluated.{run}.>"

        async def has_begun() -> bool:
            return await connected.facts.count(pieces) > 0

        await until(has_begun)
    home.kill_replicas("evaluate")


async def _uploaded(home: Stack, spec: dict[str, Any]) -> str:
    """The run that a file of the inbox starts."""
    key, data = f"{keys.EXPERIMENTS}burst.json", json.dumps(spec).encode()
    store = await asyncio.to_thread(home.s3)
    await asyncio.to_thread(store.put_object, "faastraingym", key, io.BytesIO(data), len(data))
    return outside_events.of_upload(key, data)


async def _evaluated(home: Stack, run: str) -> tuple[EvaluationCompleted, bytes]:
    async with home.connect() as connected:
        await end(connected.facts, run)
        said = [r.fact for r in await connected.facts.read(f"ftg.*.*.{run}.>")]
        (fact,) = [each for each in said if isinstance(each, EvaluationCompleted)]
        pieces = [each for each in said if isinstance(each, EpisodesEvaluated)]
        assert len(pieces) in (0, 6)
        return fact, await connected.objects.get(fact.evaluation)
