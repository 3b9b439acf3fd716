"""A run that evaluates a policy and learns nothing, in process: as tests/test_loop.py.

run.requested -> start-run -> run.started -> update-policy copies the policy -> policy.updated
-> evaluate, one for each worker -> ... -> evaluation.completed -> run.completed, report.written
"""

import asyncio
import json
import re
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import imageio_ffmpeg
import msgspec
import numpy as np
import pytest
from gymnasium.envs.classic_control import AcrobotEnv
from msgspec import UNSET
from msgspec.structs import replace

from faastraingym.adapters.stage import evaluated
from faastraingym.algorithms import registry
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.experiments import specification as experiment_specification
from faastraingym.client import comparison_films
from faastraingym.client.client import Client
from faastraingym.client.errors import BadInput
from faastraingym.client.specifications import Composed
from faastraingym.events.models.registry import Registry
from faastraingym.events.pipeline.history import History
from faastraingym.functions.evaluate import films
from faastraingym.schemas import keys
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.messages import ModelPromoted, RunFailed, RunRequested, encode
from faastraingym.schemas.payloads import Evaluation, Policy, dump, load
from faastraingym.schemas.specification import PolicySpec, to_dict
from tests.client.memory import Stack
from tests.test_lag import Careless, made, said, told
from tests.test_loop import Platform, TwiceAndBackwards, train
from tests.test_pieces import in_pieces
from tests.test_restoring import Repairs

EPISODES = 6
OF_DEMO = "runs/demo"
BURST = {"evaluate": OF_DEMO, "evaluation": {"episodes": EPISODES, "workers": 3}, "seed": 3}


@pytest.fixture(scope="module")
def trained() -> Platform:
    return asyncio.run(train(Platform(), in_pieces(1)))


async def evaluating(
    trained: Platform,
    raw: dict[str, Any] = BURST,
    on: Platform | None = None,
    run: str = "child",
) -> Platform:
    """A platform that has the trained policy, after the run `demo` has been asked to play it."""
    spec = await evaluated.resolved(raw, trained.services)
    platform = on or Platform()
    policies = {k: d for k, d in trained.objects.data.items() if keys.is_policy(k)}
    platform.objects.data |= policies
    await platform.publish(RunRequested(run=run, spec=spec))
    await platform.run()
    return platform


def played(platform: Platform) -> Evaluation:
    return load(platform.objects.data[keys.evaluation("child", 0)], Evaluation)


async def test_it_plays_and_ends(trained: Platform) -> None:
    """No rollout, no update: the policy is copied, played in pieces, reported."""
    platform = await evaluating(trained)
    assert platform.said == [
        "run.requested",
        "run.started",
        "policy.updated",
        *["episodes.evaluated"] * 3,
        "evaluation.completed",
        "run.completed",
        "report.written",
    ]
    report = json.loads(platform.objects.data[keys.report("child")])
    assert (report["status"], report["reason"]) == ("completed", "budget")
    assert (report["versions"], report["env_steps"], report["advice"]) == (0, 0, [])
    assert report["reproducible"] == "yes"
    assert report["evaluation"]["episodes"] == EPISODES == len(played(platform).returns)
    assert report["spec"]["evaluate"]["policy"] == OF_DEMO
    source = load(trained.objects.data[keys.policy("demo", 2)], Policy)
    copied = load(platform.objects.data[keys.policy("child", 0)], Policy)
    assert {p: a.tobytes() for p, a in copied.parameters.items()} == {
        p: a.tobytes() for p, a in source.parameters.items()
    }
    updated = told(platform).policies[0]
    assert updated.policy.learner == updated.policy.policy


async def test_what_a_file_leaves_out_is_as_in_training(trained: Platform) -> None:
    spec = registry.parse(await evaluated.resolved(BURST, trained.services))
    before = registry.parse(in_pieces(1))
    assert (spec.environment, spec.algorithm) == (before.environment, before.algorithm)
    assert (spec.seed, spec.stop.env_steps, spec.evaluation.pieces) == (3, 0, 3)
    assert (spec.rollout, spec.reward) == (before.rollout, [])
    for name, version in ((OF_DEMO, 2), (f"{OF_DEMO}/0", 0)):
        found = await evaluated.resolved({"evaluate": name}, trained.services)
        assert found["evaluate"]["policy"] == name
        assert found["evaluate"]["object"]["key"] == keys.policy("demo", version)


class RepairsChild(Repairs):
    async def told(self) -> History:
        return told(self)


@pytest.mark.parametrize("lost", [keys.policy("child", 0), keys.episodes("child", 0, 0)])
async def test_what_is_lost_meanwhile_is_made_again(trained: Platform, lost: str) -> None:
    """The copy of the policy, or a piece before it is merged."""
    calm, platform = await evaluating(trained), RepairsChild()
    policies = {k: d for k, d in trained.objects.data.items() if keys.is_policy(k)}
    platform.objects.data |= policies
    spec = await evaluated.resolved(BURST, trained.services)
    await platform.publish(RunRequested(run="child", spec=spec))
    while lost not in platform.objects.data:
        await platform.deliver(*platform.queue.popleft())
    del platform.objects.data[lost]
    await platform.run()
    assert {asked.object.key for asked in platform.asked} == {lost}
    assert (told(platform).end, made(platform)) == (told(calm).end, made(calm))


@pytest.mark.parametrize("stochastic", [False, True])
@pytest.mark.parametrize("workers", [1, 2, EPISODES])
async def test_the_number_of_workers_changes_no_number(
    trained: Platform, workers: int, stochastic: bool
) -> None:
    asked = {"episodes": EPISODES, "stochastic": stochastic}
    wanted = played(await evaluating(trained, {**BURST, "evaluation": asked}))
    raw = {**BURST, "evaluation": {**asked, "workers": workers}}
    found = played(await evaluating(trained, raw))
    assert found.returns.tobytes() == wanted.returns.tobytes()
    assert found.lengths.tobytes() == wanted.lengths.tobytes()


async def test_deliveries_change_nothing(trained: Platform) -> None:
    calm = await evaluating(trained)
    twice = await evaluating(trained, on=TwiceAndBackwards())
    assert (said(twice), made(twice)) == (said(calm), made(calm))
    for seed in range(4):
        rough = await evaluating(trained, on=Careless(seed))
        assert (said(rough), made(rough)) == (said(calm), made(calm))


async def test_the_first_episodes_are_filmed(trained: Platform, tmp_path: Path) -> None:
    """Each by whoever played it; what is filmed are the episodes that were measured."""
    asked = {"episodes": EPISODES, "workers": 3, "record": 3}
    platform = await evaluating(trained, {**BURST, "evaluation": asked})
    fact = told(platform).evaluations[0]
    assert [ref.key for ref in fact.recordings] == [
        keys.recording("child", 0, episode, ".mp4") for episode in range(3)
    ]
    assert fact.unrecorded is UNSET
    lengths = played(platform).lengths
    for episode, ref in enumerate(fact.recordings):
        file = tmp_path / "film.mp4"
        file.write_bytes(await platform.objects.get(ref))
        assert imageio_ffmpeg.count_frames_and_secs(str(file))[0] == lengths[episode]
    report = json.loads(platform.objects.data[keys.report("child")])
    assert [(film["version"], film["episode"]) for film in report["recordings"]] == [
        (0, 0), (0, 1), (0, 2)
    ]  # fmt: skip
    found = await fetched(platform, tmp_path)
    assert sorted(name for name in found if name.endswith(".mp4")) == [
        f"episode-0-{episode}.mp4" for episode in range(3)
    ]
    assert found["episode-0-2.mp4"] == platform.objects.data[fact.recordings[2].key]
    del platform.objects.data[fact.recordings[2].key]
    assert "episode-0-2.mp4" not in await fetched(platform, tmp_path)
    plain = await evaluating(trained, {**BURST, "evaluation": asked | {"record": 0}})
    assert played(plain).returns.tobytes() == played(platform).returns.tobytes()
    assert told(plain).evaluations[0].recordings is UNSET


async def test_policies_are_compared_by_what_they_were_seen_to_do(
    trained: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two policies differ in one setting; the page has a film of each, and needs no network."""
    asked = {"episodes": EPISODES, "workers": 3, "record": 2}
    platform = Platform()
    for version in (0, 2):
        raw = {**BURST, "evaluate": f"{OF_DEMO}/{version}", "evaluation": asked}
        await evaluating(trained, raw, platform, run=f"of-{version}")
    client = client_of(platform, tmp_path)
    compared = await client.aio.compare(["of-0", "of-2"])
    settings = [list(each.settings) for each in compared.configurations]
    assert settings == [["evaluate"], ["evaluate"]]
    compared.save_html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    shown = re.findall(r'<video [^>]*aria-label="([^"]*)" src="data:video/mp4;base64,', text)
    assert shown == [f"of-{version}, episode {n}" for n in (0, 1) for version in (0, 2)]
    monkeypatch.setattr(comparison_films, "MOST_BYTES", 0)
    compared = await client.aio.compare(["of-0", "of-2"])
    compared.save_html(tmp_path / "page.html")
    assert "<video" not in (tmp_path / "page.html").read_text()


async def test_what_cannot_be_filmed_is_measured_all_the_same(
    trained: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "SECONDS", 0.0)
    asked = {"episodes": EPISODES, "workers": 3, "record": 3}
    platform = await evaluating(trained, {**BURST, "evaluation": asked})
    fact = told(platform).evaluations[0]
    assert fact.recordings == []
    assert fact.unrecorded.startswith("episode 0 was not filmed: its 12 steps could not be drawn")
    assert fact.episodes == EPISODES
    report = json.loads(platform.objects.data[keys.report("child")])
    assert (report["status"], report["unrecorded"]) == ("completed", fact.unrecorded)


async def test_versions_of_a_run_that_learns_are_filmed_too() -> None:
    asked = {"every": 1, "episodes": 2, "record": 1, "workers": 1}
    platform = await train(Platform(), in_pieces(1, evaluation=asked))
    report = json.loads(platform.objects.data[keys.report("demo")])
    assert [film["version"] for film in report["recordings"]] == [1, 2]


async def test_an_environment_without_pictures_is_not_filmed() -> None:
    """Known when the run is asked for."""
    gymnasium.register("Dark-v0", entry_point=Dark, max_episode_steps=3)
    try:
        problems = spaces.check(
            registry.parse(
                {
                    "environment": {"id": "Dark-v0"},
                    "algorithm": {"name": "ppo"},
                    "stop": {"env_steps": 1},
                    "evaluation": {"record": 2},
                }
            )
        )
    finally:
        del gymnasium.registry["Dark-v0"]
    assert problems == [
        "spec.evaluation.record: found 2; allowed: 0, for Dark-v0 draws no pictures: 'rgb_array' "
        "is not in its metadata['render_modes']"
    ]


class Dark(AcrobotEnv):
    """Can be watched in no way."""

    metadata: ClassVar[dict] = {"render_modes": ["human"]}


async def test_a_policy_that_is_lost_fails_the_run(trained: Platform) -> None:
    spec = await evaluated.resolved(BURST, trained.services)
    platform = Platform()
    await platform.publish(RunRequested(run="child", spec=spec))
    await platform.run()
    end = told(platform).end
    assert isinstance(end, RunFailed)
    assert end.reason == (
        "spec.evaluate: found runs/demo, which cannot act in Acrobot-v1: "
        "runs/demo/policies/2.msgpack is lost in the store"
    )


async def test_batches_of_training_do_not_make_it_less_reproducible(trained: Platform) -> None:
    """The first rollouts to come were learnt from; an evaluation collects none."""
    first = {"count": 2, "threshold": 1, "num_steps": 16}
    platform = await evaluating(trained, {**BURST, "rollout": first})
    report = json.loads(platform.objects.data[keys.report("child")])
    assert report["reproducible"] == "yes"


async def test_a_policy_of_other_spaces_is_refused(trained: Platform) -> None:
    platform = await evaluating(trained, {**BURST, "environment": {"id": "CartPole-v1"}})
    end = told(platform).end
    assert isinstance(end, RunFailed)
    assert end.reason.startswith(
        "spec.evaluate: found runs/demo, which cannot act in CartPole-v1: Policy.parameters['"
    )


async def test_a_policy_with_numbers_that_are_not_finite_is_refused(trained: Platform) -> None:
    """Argmax takes NaN for the greatest: it would be played as if it were good."""
    stored = load(trained.objects.data["runs/demo/policies/2.msgpack"], Policy)
    name, array = next((n, a) for n, a in stored.parameters.items() if a.dtype.kind == "f")
    broken = replace(stored, parameters=stored.parameters | {name: np.full_like(array, np.nan)})
    ref = await trained.services.objects.put("policies/0a.msgpack", dump(broken))
    spec = await evaluated.resolved(BURST, trained.services)
    named = {"policy": "broken.npz", "object": msgspec.to_builtins(ref)}
    platform = Platform()
    platform.objects.data |= trained.objects.data
    await platform.publish(RunRequested(run="child", spec={**spec, "evaluate": named}))
    await platform.run()
    assert f"parameters['{name}'] has numbers that are not finite" in told(platform).end.reason


async def test_an_object_that_is_no_policy_is_refused(trained: Platform) -> None:
    spec = await evaluated.resolved(BURST, trained.services)
    key = "runs/demo/report.json"
    spec["evaluate"] = {**spec["evaluate"], "object": {**spec["evaluate"]["object"], "key": key}}
    platform = Platform()
    await platform.publish(RunRequested(run="child", spec=spec))
    await platform.run()
    assert f"found {key}; allowed: the key of a run's" in told(platform).end.reason


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("runs/nobody", "found runs/nobody, which is not stored; allowed: runs that have a"),
        ("runs/demo/9", "found runs/demo/9, which is not stored"),
        ("models/nobody@best", "there is no model 'nobody'"),
        ("demo", "'demo' names no policy; write models/NAME@ALIAS, models/NAME/VERSION"),
    ],
)
async def test_a_name_of_no_policy_is_refused(trained: Platform, name: str, problem: str) -> None:
    with pytest.raises(SpecificationError) as refusal:
        await evaluated.resolved({"evaluate": name}, trained.services)
    assert str(refusal.value).startswith(f"spec.evaluate: {problem}")


async def test_a_name_that_nobody_resolved_starts_nothing(trained: Platform) -> None:
    """Published as a fact: what it stood for then, no later reader could tell."""
    raw = await evaluated.resolved(BURST, trained.services)
    platform = Platform()
    await platform.publish(RunRequested(run="child", spec={**raw, "evaluate": OF_DEMO}))
    await platform.run()
    assert told(platform).end.reason.startswith("spec.evaluate: found 'runs/demo', of which nobody")


async def test_asked_again_a_name_stands_for_what_it_stood_for(trained: Platform) -> None:
    """The run has gone on meanwhile, or is gone: the same specification all the same."""
    first = await evaluated.resolved(BURST, trained.services)
    completed = to_dict(registry.parse(first))
    again = await evaluated.resolved(BURST, Platform().services, completed)
    assert to_dict(registry.parse(again)) == completed


def client_of(platform: Platform, folder: Path) -> Client:
    stack = Stack(folder)
    stack.facts, stack.objects = platform.facts, platform.objects  # type: ignore[assignment]
    return stack.client()


@pytest.fixture
def client(trained: Platform, tmp_path: Path) -> Client:
    """Of the platform that trained the policy."""
    return client_of(trained, tmp_path)


async def test_a_client_asks_for_what_the_name_stands_for(client: Client) -> None:
    prepared = await client.aio.prepare(Composed(dict(BURST), "burst.toml", "burst"))
    spec = prepared.spec
    assert isinstance(spec.evaluate, PolicySpec)
    assert (spec.evaluate.policy, spec.stop.env_steps) == (OF_DEMO, 0)
    assert spec.environment.id == "Acrobot-v1"
    nobody = Composed({"evaluate": "runs/nobody"}, "burst.toml", "burst")
    with pytest.raises(BadInput, match=r"burst.toml: spec.evaluate: found runs/nobody, which is n"):
        await client.aio.prepare(nobody)


async def fetched(platform: Platform, folder: Path) -> dict[str, bytes]:
    return await client_of(platform, folder).aio.run("child").files()


async def test_it_goes_on_to_nothing_and_is_no_model(trained: Platform, tmp_path: Path) -> None:
    aio = client_of(await evaluating(trained), tmp_path).aio
    with pytest.raises(BadInput, match="run child evaluates a policy and learns nothing; evaluate"):
        await aio.run("child").resume(budget=100)
    with pytest.raises(BadInput, match="run child evaluates runs/demo and learnt nothing; regist"):
        await aio.models.register("acrobot", "child")


async def test_a_promotion_starts_the_evaluation_that_waits_for_it(tmp_path: Path) -> None:
    """Of the version that was promoted."""
    platform = await train(Platform(), in_pieces(1))
    client = client_of(platform, tmp_path)
    models, champion = client.aio.models, "models/acrobot@champion"
    version = await models.register("acrobot", "demo", episodes=2)
    registry_ = Registry(platform.objects, platform.objects)
    assert await registry_.add(replace(version, version=2, run="another"))
    await models.promote("acrobot/2", "champion")
    asked = {"evaluate": champion, "evaluation": {"episodes": 4}}
    waits = await client.aio.prepare(Composed(asked, "burst.toml", "burst"), "burst")
    trigger = await models.trigger("acrobot@champion", waits)
    assert trigger.spec["evaluate"] == champion
    await models.promote("acrobot/1", "champion")
    promoted = [r.fact for _, r in platform.facts.log if isinstance(r.fact, ModelPromoted)][-1]
    for answer in await platform.answers("start-run", encode(promoted)):
        await platform.publish(answer)
    await platform.run()
    requests = [r.fact for _, r in platform.facts.log if isinstance(r.fact, RunRequested)]
    (name,) = [fact.run for fact in requests if fact.run != "demo"]
    report = json.loads(platform.objects.data[keys.report(name)])
    assert (report["status"], report["evaluation"]["episodes"]) == ("completed", 4)
    assert report["spec"]["evaluate"]["policy"] == champion
    assert report["spec"]["evaluate"]["object"]["sha256"] == version.policy.sha256
    other = await client.aio.prepare(Composed(asked | {"evaluate": OF_DEMO}, "burst.toml", "b"))
    with pytest.raises(BadInput, match=f"spec.evaluate: found runs/demo; allowed: {champion}, for"):
        await models.trigger("acrobot@champion", other)


def test_an_experiment_compares_what_learns() -> None:
    raw = {"run": {**in_pieces(1), "evaluate": OF_DEMO}, "space": {}, "seeds": [1]}
    with pytest.raises(SpecificationError) as refusal:
        experiment_specification.parse(raw)
    assert "spec.run.evaluate: an experiment compares what runs learn" in str(refusal.value)
