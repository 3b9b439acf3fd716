"""A run that begins with a registered policy, in process: what it begins with, and that it repeats.

A parent is trained, registered and promoted as a person does it; its child is asked for by alias.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from faastraingym.client import experiment_checks, experiments
from faastraingym.client.client import Client
from faastraingym.client.composing import composed, experiment
from faastraingym.client.errors import BadInput
from faastraingym.client.playing import evaluate
from faastraingym.events.models.registry import Registry
from faastraingym.schemas import keys
from faastraingym.schemas.messages import (
    EvaluationCompleted,
    ExperimentCompleted,
    ExperimentFailed,
    ExperimentRequested,
    ModelPromoted,
    RunRequested,
    encode,
)
from faastraingym.schemas.payloads import LearnerState, Policy, load
from tests.client.memory import Stack
from tests.test_loop import SPEC, Platform, TwiceAndBackwards, train

CHAMPION = "models/cartpole@champion"
CHILD = {**SPEC, "seed": 11, "init_from": CHAMPION}


class Home:
    """A parent in the registry, and a client beside the platform that trained it."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform = platform
        stack = Stack(folder)
        stack.facts, stack.objects = platform.facts, platform.objects  # type: ignore[assignment]
        self.client: Client = stack.client()

    async def resolved(self, raw: dict[str, Any]) -> dict[str, Any]:
        """What the client asks for."""
        made = composed(raw, None, None, None, None, {})
        prepared = await self.client.aio.prepare(made, "child")
        spec: dict[str, Any] = msgspec.to_builtins(prepared.spec)
        return spec

    async def child(self, spec: dict[str, Any], platform: Platform) -> Platform:
        """A platform that has the registry, after the run."""
        has = self.platform.objects.data.items()
        platform.objects.data |= {key: data for key, data in has if key.startswith(keys.MODELS)}
        await platform.publish(RunRequested(run="child", spec=spec))
        await platform.run()
        return platform


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    found = Home(await train(Platform()), tmp_path)
    models = found.client.aio.models
    await models.register("cartpole", "demo", episodes=5)
    await models.promote("cartpole", "champion")
    return found


async def test_it_begins_as_its_parent_was_and_repeats(home: Home) -> None:
    """The networks, critics too, are the parent's; the same SHA-256 though the alias has moved."""
    spec = await home.resolved(CHILD)
    parent = await home.client.aio.models.resolve("cartpole@champion")
    assert spec["init_from"] == {
        "model": CHAMPION, "version": 1, "sha256": parent.networks.sha256
    }  # fmt: skip
    calm, rough = [await home.child(spec, each()) for each in (Platform, TwiceAndBackwards)]
    of_parent = load(home.platform.objects.data[keys.learner("demo", 2)], LearnerState)
    first = load(calm.objects.data[keys.learner("child", 0)], LearnerState)
    assert first.parameters.keys() == of_parent.parameters.keys()
    assert any(path.startswith("value/") for path in first.parameters)
    for path, array in of_parent.parameters.items():
        assert (first.parameters[path] == array).all()
    assert not any(array.any() for path, array in first.optimizer.items() if "/mu/" in path)
    stored = {key: data for key, data in calm.objects.data.items() if _repeats(key)}
    assert len(stored) > 10
    assert {key: rough.objects.data[key] for key in stored} == stored
    report = json.loads(calm.objects.data[keys.report("child")])
    assert report["spec"]["init_from"]["version"] == 1
    assert report["versions"] == 2


def _repeats(key: str) -> bool:
    return key.startswith("runs/child/") and "report" not in key and "/log/" not in key


async def test_it_starts_at_its_parents_return(home: Home) -> None:
    """Version 0 is evaluated; in the episodes that measured the parent it reaches the same."""
    child = await home.child(await home.resolved(CHILD), Platform())
    facts = [record.fact for _, record in child.facts.log]
    played = {fact.version for fact in facts if isinstance(fact, EvaluationCompleted)}
    assert played == {0, 1, 2}
    parent = await home.client.aio.models.resolve("cartpole")
    policy = await home.client.aio.models.policy("cartpole")
    stored = load(child.objects.data[keys.policy("child", 0)], Policy)
    assert stored.parameters.keys() == policy._payload.parameters.keys()
    policy._payload = stored
    policy.__init__(stored, policy.report, policy._spaces)  # type: ignore[misc]
    assert evaluate(policy, "CartPole-v1", episodes=5).returns.tolist() == parent.returns


async def test_a_promotion_starts_the_runs_that_wait_for_it(home: Home) -> None:
    """With the promoted version, however often the fact comes; a rollback starts none."""
    models = home.client.aio.models
    made = composed(CHILD, None, None, None, None, {})
    waits = await home.client.aio.prepare(made, "tuned")
    trigger = await models.trigger("cartpole@champion", waits)
    assert trigger.spec["init_from"] == CHAMPION
    await models.register("cartpole", "demo", episodes=5)
    await _second_version(home)
    await models.promote("cartpole/2", "champion")
    await models.rollback("cartpole@champion")
    facts = [record.fact for _, record in home.platform.facts.log]
    promotions = [fact for fact in facts if isinstance(fact, ModelPromoted)][1:]
    for fact in [*promotions, *promotions]:
        for answer in await home.platform.answers("start-run", encode(fact)):
            await home.platform.publish(answer)
    await home.platform.run()
    facts = [record.fact for _, record in home.platform.facts.log]
    (asked,) = [f for f in facts if isinstance(f, RunRequested) and f.run != "demo"]
    assert asked.run.startswith("tuned-")
    assert asked.spec["init_from"]["version"] == 2
    report = json.loads(home.platform.objects.data[keys.report(asked.run)])
    assert (report["status"], report["spec"]["init_from"]["model"]) == ("completed", CHAMPION)


async def _second_version(home: Home) -> None:
    """As of another run."""
    version = await home.client.aio.models.resolve("cartpole")
    registry = Registry(home.platform.objects, home.platform.objects)
    assert await registry.add(replace(version, version=2, run="another"))


async def test_a_lost_registry_fails_the_run_with_its_reason(home: Home) -> None:
    spec = await home.resolved(CHILD)
    version = await home.client.aio.models.resolve("cartpole")
    key = keys.model_object("cartpole", version.networks.sha256)
    data = home.platform.objects.data.pop(key)
    child = await home.child(spec, Platform())
    assert child.said == ["run.requested", "run.failed", "report.written"]
    assert f"spec.init_from: {key} is lost" in child.objects.data[keys.report("child")].decode()
    home.platform.objects.data[key] = data


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"init_from": "models/nobody"}, "spec: spec.init_from: there is no model 'nobody'"),
        ({"init_from": "cartpole"}, "spec: spec.init_from: found 'cartpole'; allowed: models/NAME"),
        (
            {"init_from": "models/cartpole@best"},
            "spec: spec.init_from: cartpole@best: there is no such alias; cartpole has champion",
        ),
        (
            {"environment": {"id": "Acrobot-v1", "num_envs": 2}},
            "spec: spec.init_from: found cartpole/1 with observations of <f4 [4], numbers; "
            "allowed: observations of <f4 [6], numbers, as Acrobot-v1 has",
        ),
        (
            {"algorithm": {**SPEC["algorithm"], "hidden_sizes": [16]}},
            "spec: spec.init_from: found cartpole/1 with <f4 [8, 2] as policy/head/kernel; "
            "allowed: <f4 [16, 2], as spec.algorithm has",
        ),
        (
            {"algorithm": {**SPEC["algorithm"], "activation": "relu"}},
            "spec: spec.algorithm.activation: found relu; allowed: tanh, as cartpole/1 has",
        ),
        (
            {"algorithm": {**SPEC["algorithm"], "normalize_observations": True}},
            "spec: spec.algorithm.normalize_observations: found true; allowed: false, as ",
        ),
        (
            {"algorithm": {"name": "dqn", "hidden_sizes": [8]}, "rollout": {"num_steps": 16}},
            "spec: spec.init_from: found cartpole/1 with nothing as q/head/bias; allowed: <f4 [2]",
        ),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_starts(
    home: Home, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(BadInput) as told:
        await home.resolved({**CHILD, **changes})
    assert str(told.value).startswith(problem)


async def test_a_name_that_nobody_resolved_starts_nothing(home: Home) -> None:
    """Published as a fact: what it stood for then, no later reader could tell."""
    child = await home.child(CHILD, Platform())
    assert child.said == ["run.requested", "run.failed", "report.written"]
    assert "of which nobody knows" in child.objects.data[keys.report("child")].decode()


COMPETING = {
    "run": {key: value for key, value in CHILD.items() if key != "seed"},
    "space": {"algorithm.learning_rate": {"kind": "choice", "values": [1e-3, 1e-2]}},
    "seeds": [3],
    "at_once": 2,
}


async def test_all_trials_of_an_experiment_begin_with_the_same_networks(home: Home) -> None:
    """The version that the alias stood for when the experiment was asked for."""
    made = experiment(COMPETING)
    prepared = await experiments.prepare(home.client.aio, made, "sweep")
    parent = await home.client.aio.models.resolve("cartpole@champion")
    pinned = {"model": CHAMPION, "version": 1, "sha256": parent.networks.sha256}
    assert prepared.spec["run"]["init_from"] == pinned
    await _second_version(home)
    await home.client.aio.models.promote("cartpole/2", "champion")
    await home.platform.publish(ExperimentRequested(run="sweep", spec=prepared.spec))
    await home.platform.run()
    facts = [record.fact for _, record in home.platform.facts.log]
    asked = {f.run: f.spec for f in facts if isinstance(f, RunRequested) and f.run != "demo"}
    assert [*asked] == ["sweep-0-3", "sweep-1-3"]
    data = home.platform.objects.data
    of_parent = load(data[keys.policy("demo", 2)], Policy)
    trained = []
    for run, spec in asked.items():
        assert spec["init_from"] == pinned
        first = load(data[keys.policy(run, 0)], Policy)
        for path, array in of_parent.parameters.items():
            assert (first.parameters[path] == array).all()
        trained.append(data[keys.policy(run, 2)])
    assert trained[0] != trained[1]
    (end,) = [fact for fact in facts if isinstance(fact, ExperimentCompleted)]
    assert (end.trials, end.failed) == (2, 0)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"init_from": "models/cartpole@best"},
            "spec.run.init_from: cartpole@best: there is no such alias; cartpole has champion",
        ),
        (
            {"environment": {"id": "Acrobot-v1", "num_envs": 2}},
            "spec.run.init_from: found cartpole/1 with observations of <f4 [4], numbers; ",
        ),
    ],
)
async def test_an_experiment_that_does_not_fit_is_refused_before_anything_starts(
    home: Home, changes: dict[str, Any], problem: str
) -> None:
    """By the client, by `check`, and by start-run, which fails it."""
    raw: dict[str, Any] = {**COMPETING, "run": {**COMPETING["run"], **changes}}  # type: ignore[dict-item]
    for refuse in (
        lambda: experiments.prepare(home.client.aio, experiment(raw), "sweep"),
        lambda: experiment_checks.check(home.client.aio, experiment(raw)),
    ):
        with pytest.raises(BadInput) as told:
            await refuse()
        assert problem in str(told.value)
    parent = await home.client.aio.models.resolve("cartpole")
    pinned = {"model": CHAMPION, "version": 1, "sha256": parent.networks.sha256}
    given = raw["run"] | ({} if "init_from" in changes else {"init_from": pinned})
    await home.platform.publish(ExperimentRequested(run="sweep", spec={**raw, "run": given}))
    await home.platform.run()
    assert home.platform.said[-2:] == ["experiment.requested", "experiment.failed"]
    (end,) = [r.fact for _, r in home.platform.facts.log if isinstance(r.fact, ExperimentFailed)]
    refused = "spec.run.init_from: found 'models/cartpole@best', of which nobody knows what it"
    assert end.reason.startswith(refused if "init_from" in changes else problem)


def test_a_name_is_the_runs_and_a_dataset_is_the_algorithms() -> None:
    """Both are called init_from."""
    model = composed("CartPole-v1", "dqn", None, None, None, {"init_from": CHAMPION}).raw
    assert (model["init_from"], model["algorithm"].get("init_from")) == (CHAMPION, None)
    data = {"init_from": {"minari": "cartpole/medium-v0"}}
    dataset = composed("CartPole-v1", "dqn", None, None, None, data).raw
    assert dataset["algorithm"]["init_from"] == data["init_from"]
    assert "init_from" not in dataset


async def test_another_algorithm_of_the_same_network_may_begin_with_it(home: Home) -> None:
    """A2C acts as PPO does."""
    algorithm = {"name": "a2c", "hidden_sizes": [8]}
    child = await home.child(await home.resolved({**CHILD, "algorithm": algorithm}), Platform())
    assert child.said[-1] == "report.written"
    registry = Registry(child.objects, child.objects)
    assert await registry.names() == ["cartpole"]
