"""Environments of one's own, as a person types them, on a stack in memory."""

import asyncio
import json
from typing import Any

import pytest
from msgspec import structs

from faastraingym.adapters.packages.library import Library
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.schemas.messages import Message, RunRequested, RunResumed
from tests.cli.conftest import Desk, publish_once
from tests.events import facts

MAZE = """
from gymnasium.envs.classic_control import CartPoleEnv
class Maze(CartPoleEnv):
    pass
"""
LIMIT = ("--set", "environment.kwargs.max_episode_steps=50")


def requested(desk: Desk) -> list[dict[str, Any]]:
    published = [recorded.fact for _, recorded in desk.facts.log]
    return [fact.spec for fact in published if isinstance(fact, RunRequested)]


def stored(desk: Desk) -> list[str]:
    return [record.sha256 for record in asyncio.run(Library(desk.objects).records())]


def test_what_is_added_is_listed_and_removed(desk: Desk) -> None:
    """As text, as JSON, by module and by digest."""
    desk.write("maze.py", MAZE)
    assert desk("env", "add", "maze.py", "--json") == ExitCode.DONE
    added = json.loads(desk.out)
    assert (added["name"], added["modules"]) == ("maze", ["maze"])
    assert stored(desk) == [added["sha256"]]
    assert desk("env", "add", "maze.py") == ExitCode.DONE
    assert desk.out == f"{added['sha256']} maze {added['version']}\n"
    assert desk.err == 'train it as environment.id = "maze:NAME", a registered id or class\n'
    assert desk("env", "list", "--json") == ExitCode.DONE
    assert [one["sha256"] for one in json.loads(desk.out)] == [added["sha256"]]
    assert desk("env", "list") == ExitCode.DONE
    head, row = desk.out.splitlines()
    assert head.split("\t")[:2] == ["MODULES", "VERSION"]
    assert row.split("\t")[:3] == ["maze", added["version"], added["sha256"][:12]]
    assert desk("env", "remove", added["sha256"][:8]) == ExitCode.DONE
    assert desk.out == f"removed {added['sha256']} maze {added['version']}\n"
    assert stored(desk) == []


def over(run: str, **segment: int) -> Message:
    return structs.replace(facts.REPORTED, run=run, **segment)


def test_what_an_unfinished_run_needs_is_not_removed(desk: Desk) -> None:
    """Nor another version with it; what a run needs that is over may go."""
    desk.facts.script = False
    for version in ("pass", "version = 2"):
        desk.write("maze.py", MAZE.replace("pass", version))
        assert desk("env", "add", "maze.py") == ExitCode.DONE
    desk("env", "list", "--json")
    other, one = (record["sha256"] for record in json.loads(desk.out))
    requests = {"first": [other, one], "second": [one], "odd": [{}], "none": "text"}
    for run, packages in requests.items():
        publish_once(
            desk, RunRequested(run=run, spec={"environment": {"id": "m:M", "packages": packages}})
        )
    publish_once(desk, RunRequested(run="raw", spec={"environment": 7}))
    needed = "run first and 1 more needs it and has not ended; wait for the end, or `faastrain stop"
    for name in ("maze", one[:8]):
        assert desk("env", "remove", name) == ExitCode.BAD_INPUT
        assert desk.err == f"faastrain: {name}: {needed} first`\n"
    publish_once(desk, over("first"))
    assert desk("env", "remove", "maze") == ExitCode.BAD_INPUT
    assert desk.err.startswith("faastrain: maze: run second needs it and has not ended; wait for")
    assert desk("env", "remove", other[:8]) == ExitCode.DONE
    publish_once(desk, RunResumed(run="first", manifest=facts.MANIFEST, segment=1, env_steps=9))
    assert desk("env", "remove", "maze") == ExitCode.BAD_INPUT
    assert stored(desk) == [one]
    publish_once(desk, over("second"), over("first", segment=1))
    assert desk("env", "remove", "maze") == ExitCode.DONE
    assert stored(desk) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("env", "add", "nothing.py"), "nothing.py: no such file or folder; name a .py file"),
        (("env", "add", "notes.txt"), "notes.txt: is no Python; name a .py file, a folder"),
        (("env", "remove", "maze"), "maze: no such package; `faastrain env list` lists them"),
        (("start", "maze.py"), "maze.py: name the environment in it, too, as maze.py:MyEnv"),
        (("start", "nothing.py:Maze"), "nothing.py: no such file or folder; name a .py file"),
    ],
)
def test_a_mistake_is_one_sentence(desk: Desk, arguments: tuple[str, ...], problem: str) -> None:
    desk.write("maze.py", MAZE)
    desk.write("notes.txt", "")
    assert desk(*arguments) == ExitCode.BAD_INPUT
    assert desk.err.startswith(f"faastrain: {problem}")
    assert desk.err.count("\n") == 1
    assert requested(desk) == []


def test_a_file_is_packed_checked_stored_and_named(desk: Desk) -> None:
    """In this order; the run names what is stored."""
    desk.write("maze.py", MAZE)
    assert desk("start", "maze.py:Maze", "--run", "mine", *LIMIT) == ExitCode.DONE, desk.err
    (digest,) = stored(desk)
    (spec,) = requested(desk)
    assert spec["environment"]["id"] == "maze:Maze"
    assert spec["environment"]["packages"] == [digest]
    assert "no specification: ppo with its defaults for 100,000 steps" in desk.err


def test_a_class_without_its_file_is_told_with_it(desk: Desk) -> None:
    desk.write("maze.py", MAZE)
    assert desk("start", "Maze") == ExitCode.BAD_INPUT
    assert "no environment 'Maze' is registered; did you mean 'maze.py:Maze'?" in desk.err


def test_what_fails_its_check_is_not_stored(desk: Desk) -> None:
    desk.write("maze.py", MAZE)
    assert desk("start", "maze.py:Maze") == ExitCode.BAD_INPUT
    assert "; write --set environment.kwargs.max_episode_steps=N" in desk.err
    assert (stored(desk), requested(desk)) == ([], [])


def test_a_specification_names_code_beside_it(desk: Desk) -> None:
    """Wherever the command is typed."""
    (desk.folder / "there").mkdir()
    desk.write("there/maze.py", MAZE)
    spec = {
        "environment": {"id": "maze.py:Maze", "kwargs": {"max_episode_steps": 9}},
        "algorithm": {"name": "ppo"},
        "stop": {"env_steps": 100},
    }
    desk.write("there/spec.json", json.dumps(spec))
    assert desk("start", "there/spec.json") == ExitCode.DONE, desk.err
    assert requested(desk)[0]["environment"]["packages"] == stored(desk)


def test_an_id_of_a_package_that_was_added(desk: Desk) -> None:
    desk.write("maze.py", MAZE)
    assert desk("env", "add", "maze.py") == ExitCode.DONE
    assert desk("start", "maze:Maze", *LIMIT) == ExitCode.DONE, desk.err
    assert requested(desk)[0]["environment"]["packages"] == stored(desk)
    assert desk("start", "walls:Walls", *LIMIT) == ExitCode.BAD_INPUT
    assert "no package that was added has the module walls (added: maze)" in desk.err


def test_show_tells_which_version_a_run_was_trained_with(desk: Desk) -> None:
    """Not the newest: by its name, its version and its digest; of a removed one by that alone."""
    desk.facts.script = False
    added = []
    for version in ("pass", "version = 2"):
        desk.write("maze.py", MAZE.replace("pass", version))
        assert desk("env", "add", "maze.py", "--json") == ExitCode.DONE
        added.append(json.loads(desk.out))
    old, new = added
    spec = {"environment": {"id": "maze:Maze", "packages": [old["sha256"]]}}
    publish_once(desk, RunRequested(run="older", spec=spec), over("older"))
    assert desk("show", "older") == ExitCode.DONE
    assert f"\npackage: maze {old['version']} ({old['sha256'][:12]})\n" in desk.out
    assert desk("show", "older", "--json") == ExitCode.DONE
    told = json.loads(desk.out)
    named = {"name": "maze", "version": old["version"], "sha256": old["sha256"]}
    assert (told["packages"], told["run_id"]) == ([named], "older")
    assert old["version"] != new["version"]
    assert desk("env", "remove", old["sha256"]) == ExitCode.DONE
    assert desk("show", "older") == ExitCode.DONE
    assert f"\npackage: removed from the store ({old['sha256'][:12]})\n" in desk.out


@pytest.mark.parametrize("environment", [{"id": "CartPole-v1"}, {"packages": "text"}, 7])
def test_a_run_without_packages_shows_none(desk: Desk, environment: object) -> None:
    desk.facts.script = False
    publish_once(desk, RunRequested(run="bare", spec={"environment": environment}))
    assert desk("show", "bare") == ExitCode.DONE, desk.err
    assert "package" not in desk.out
    assert desk("show", "bare", "--json") == ExitCode.DONE
    assert json.loads(desk.out)["packages"] == []
