"""Runs of a stack in memory, by the synchronous classes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faastraingym import BadInput, Client, Policy, Run, RunFailed, StackTrouble, train
from faastraingym.adapters.packages.packing import packed
from faastraingym.adapters.stage import manifests
from faastraingym.algorithms import registry
from faastraingym.algorithms.environments import space_info
from faastraingym.client import run_spaces
from faastraingym.client.specifications import Composed
from faastraingym.events.pipeline.history import fold
from faastraingym.schemas.messages import (
    Message,
    RunRequested,
    RunResumed,
    RunStarted,
    StopRequested,
    tag,
)
from faastraingym.schemas.specification import to_dict
from tests.client.facts import RUN, SPEC, beginning, completed, records, reported
from tests.client.memory import Stack


async def publish(stack: Stack, *facts: Message) -> None:
    for fact in facts:
        await stack.facts.publish_once(fact)


@pytest.fixture
def run(stack: Stack, client: Client) -> Run:
    """A run that reached its target, with its results in the store."""
    stack.facts.objects = stack.objects
    asyncio.run(publish(stack, RunRequested(run=RUN, spec=SPEC)))
    return client.run(RUN)


def test_train_starts_a_stack_and_follows_a_run(
    stack: Stack, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    made = train(SPEC, seed=5, name="mine", client=client, files=None)
    assert (made.name, made.status, stack.started) == ("mine", "completed", 1)
    assert made.report().spec["seed"] == 5
    shown = capsys.readouterr().out
    assert "requested: CartPole-v1 with ppo, budget 128 steps, target 475" in shown
    assert "completed: target, with version 1" in shown


def test_without_progress_nothing_is_printed(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    train(SPEC, client=client, files=None, progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_failed_run_raises_and_tells_why(stack: Stack, client: Client) -> None:
    stack.facts.ending = "failed"
    with pytest.raises(RunFailed, match="the environment raised\nTraceback: boom"):
        train(SPEC, client=client, files=None, progress=False)


def test_arguments_are_parts_of_the_specification(client: Client) -> None:
    """The example's where they name none; a section is a table, else it is the algorithm's."""
    run = client.start(
        "CartPole-v1", budget=512, target=20, learning_rate=2e-3, rollout={"num_steps": 8}
    )
    spec = run.report().spec
    assert (spec["stop"]["env_steps"], spec["stop"]["target"]) == (512, 20.0)
    assert (spec["algorithm"]["learning_rate"], spec["algorithm"]["gamma"]) == (2e-3, 0.98)
    assert (spec["rollout"]["num_steps"], spec["rollout"]["count"]) == (8, 2)
    assert run.name.startswith("cartpole-20261122-171500-")


def test_another_algorithm_has_its_own_example_or_its_defaults(client: Client) -> None:
    zoo = client.start("CartPole-v1", "a2c").report().spec
    assert (zoo["algorithm"]["name"], zoo["algorithm"]["learning_rate"]) == ("a2c", 1e-2)
    plain = client.start("MountainCar-v0", budget=256).report().spec
    assert (plain["algorithm"]["name"], plain["stop"]["env_steps"]) == ("ppo", 256)


def test_a_file_is_trained_as_the_command_does(client: Client, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(SPEC))
    assert client.start(tmp_path / "mine.json").name.startswith("mine-")
    assert client.start("mine.json", seed=3).report().spec["seed"] == 3


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (("CartPole-v1",), {"lerning_rate": 1.0}, "did you mean 'learning_rate'?"),
        (("CartPole-v1", "pppo"), {}, "did you mean 'ppo'?"),
        (("CartPol-v1",), {"budget": 9}, "did you mean 'CartPole-v1'?"),
        (("none.toml",), {}, "none.toml: no such file"),
        ((dict,), {}, "builtins: has no file; write the class into a file of its own"),
        (("CartPole-v1",), {"name": "Mine"}, "is no run's name"),
        (("CartPole-v1",), {"rollout": 3}, "spec.rollout: found 3; allowed: a table"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    stack: Stack, client: Client, arguments: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        train(*arguments, client=client, **options)
    assert said in str(refusal.value)
    assert (stack.started, stack.facts.log) == (0, [])


def test_results_are_files(run: Run, tmp_path: Path) -> None:
    """Where nothing else is said, below ./runs; the policy of that folder acts."""
    files = run.save()
    assert files[0].parent == Path("runs", RUN)
    assert {file.name for file in files} == {
        "report.json",
        "learning_curve.png",
        "learning_curve.csv",
        "policy-1.msgpack",
        "policy.npz",
    }
    assert (tmp_path / files[0]).parent.is_dir()
    action, state = Policy.load(files[0].parent).predict(np.array([0.0, 0.0, 0.1, 0.0]))
    assert (action, state) == (1, None)


def test_train_refuses_a_folder_that_is_in_use(stack: Stack, client: Client) -> None:
    """Before it trains for hours."""
    Path("runs", "mine").mkdir(parents=True)
    Path("runs", "mine", "report.json").touch()
    with pytest.raises(BadInput, match="runs/mine: has files already"):
        train(SPEC, name="mine", client=client)
    assert stack.facts.log == []


def test_results_that_cannot_be_written_are_a_warning(client: Client) -> None:
    """The run is trained all the same, and what to do is said; here the store lost its report."""
    with pytest.warns(UserWarning, match="`faastrain fetch mine runs/mine` tries again"):
        run = train(SPEC, name="mine", client=client, progress=False)
    assert run.status == "completed"


def test_a_failed_run_leaves_its_report(stack: Stack, client: Client) -> None:
    stack.facts.objects, stack.facts.ending = stack.objects, "failed"
    with pytest.raises(RunFailed):
        train(SPEC, name="mine", client=client, progress=False)
    assert Path("runs", "mine", "report.json").is_file()


def test_the_curve_is_a_table_of_versions(run: Run) -> None:
    curve = run.curve()
    assert curve.dtype.names == ("version", "env_steps", "training_return", "evaluation_return")
    assert curve["version"].tolist() == [0, 1]
    assert curve["env_steps"].tolist() == [0, 64]
    np.testing.assert_array_equal(curve["training_return"], [20.0, np.nan])
    np.testing.assert_array_equal(curve["evaluation_return"], [np.nan, 480.5])


def test_it_is_drawn_with_its_target(run: Run) -> None:
    axes = run.plot()
    assert [line.get_label() for line in axes.lines] == [
        "training episodes (mean of a batch)",
        "evaluation (deterministic)",
        "target 475",
    ]


def test_events_are_facts(run: Run) -> None:
    """Of a run that has ended, following them ends as well."""
    kinds = [tag(record.fact) for record in run.events()]
    assert (kinds[0], kinds[-1]) == ("run.requested", "report.written")
    assert [tag(record.fact) for record in run.events(follow=True)] == kinds
    first = next(run.events(follow=True))  # what is left is not read
    assert tag(first.fact) == "run.requested"


def test_a_run_whose_package_was_removed_is_not_resumed(stack: Stack, client: Client) -> None:
    """Before anything is published; the same files, added again, are what it needs."""
    stack.facts.script = False
    package = packed("maze", {"maze.py": b""})
    environment = {"id": "maze:Maze", "packages": [package.sha256]}
    request = RunRequested(run=RUN, spec={**SPEC, "environment": environment})
    facts = (request, *beginning(), completed("stopped"), reported())
    asyncio.run(publish(stack, *facts))
    with pytest.raises(BadInput, match=f"run {RUN} needs the package {package.sha256}, which was"):
        client.run(RUN).resume(budget=999)
    assert len(stack.facts.log) == len(facts)
    asyncio.run(client.aio.add(package))
    client.run(RUN).resume(budget=999)
    assert isinstance(stack.facts.log[-1][1].fact, RunResumed)


def test_stop_asks_once_and_resume_goes_on(stack: Stack, client: Client) -> None:
    stack.facts.script = False
    asyncio.run(publish(stack, RunRequested(run=RUN, spec=SPEC), *beginning()))
    run = client.run(RUN)
    run.stop()
    assert run.status == "stopping"
    with pytest.raises(BadInput, match="has not ended"):
        run.resume(budget=999)
    asyncio.run(publish(stack, completed("stopped"), reported()))
    run.stop()
    assert sum(isinstance(r.fact, StopRequested) for _, r in stack.facts.log) == 1
    assert run.resume(budget=999, target=490.0) is run
    resumed = stack.facts.log[-1][1].fact
    assert isinstance(resumed, RunResumed)
    assert (resumed.env_steps, resumed.target) == (999, 490.0)


def test_a_run_is_removed_and_says_what_that_was(run: Run, client: Client) -> None:
    other = client.start("CartPole-v1", budget=100, name="other")
    assert client.remove([other.name], dry_run=True)[0].facts
    assert [row.run_id for row in client.runs()] == [other.name, run.name]
    removed = run.remove()
    assert removed.facts["run.requested"].number == 1
    assert removed.amount.bytes > 1000
    assert [row.run_id for row in client.runs()] == [other.name]
    with pytest.raises(BadInput, match=f"{run.name} was removed"):
        run.report()
    with pytest.raises(BadInput, match="is never used again"):
        client.start("CartPole-v1", budget=100, name=run.name)


def test_runs_are_listed(run: Run, client: Client) -> None:
    (row,) = client.runs()
    assert (row.run_id, row.status, row.evaluation) == (RUN, "completed", 480.5)
    assert client.runs("failed") == []


def test_without_a_stack_every_call_says_so(stack: Stack, client: Client) -> None:
    stack.up = False
    run = client.run(RUN)
    for call in (run.report, run.wait, run.stop, run.policy, run.save, client.runs):
        with pytest.raises(StackTrouble, match="start it with `faastrain up`"):
            call()


async def test_it_works_where_a_loop_runs_already(run: Run) -> None:
    """As in a notebook; asynchronous callers need no thread."""
    assert run.status == "completed"
    assert (await run.aio.report()).run_id == RUN
    kinds = [tag(record.fact) async for record in run.aio.events()]
    assert kinds[0] == "run.requested"


async def test_an_environment_is_checked_once(
    stack: Stack, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the client that started its run not again, by another one the first time alone."""
    stack.facts.objects = stack.objects
    checks = 0
    plain = stack._validate

    async def counted(raw: object, packages: Any) -> Any:
        nonlocal checks
        checks += 1
        return await plain(raw, packages)

    monkeypatch.setattr(stack, "_validate", counted)
    started = await stack.client().aio.prepare(Composed(SPEC, "spec", "run"), RUN)
    run = await stack.client().aio.start(started)
    assert checks == 1
    await run.files()
    await stack.client().aio.run(RUN).policy()
    assert checks == 1
    run_spaces._CHECKED.clear()  # as in another process
    for _ in range(2):
        policy = await stack.client().aio.run(RUN).policy()
        assert "policy.npz" in await stack.client().aio.run(RUN).files()
    assert policy.predict(np.array([0.0, 0.0, 0.1, 0.0]))[0] == 1
    assert checks == 2


async def test_spaces_of_a_package_are_in_the_manifest(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no process imports its code to read a policy."""
    environment = {**SPEC["environment"], "id": "far:Away", "packages": ["0" * 64]}
    spec = registry.parse({**SPEC, "environment": environment})
    told = list(space_info.describe(registry.parse(SPEC)))
    manifest = await stack.objects.put("m", manifests.dump(RUN, spec, told))
    history = fold(records(RunStarted(run=RUN, manifest=manifest)))
    monkeypatch.setattr(stack, "_validate", None)
    world = stack.client().aio.world
    async with world.connect() as connected:
        found = await run_spaces.of_run(world, connected, history, to_dict(spec))
    assert found == space_info.describe(registry.parse(SPEC))
