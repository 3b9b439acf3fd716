"""`faastrain evaluate`, as a person types it, on a stack in memory."""

import asyncio
import hashlib
import json

import msgspec
import pytest

from faastraingym.adapters.packages.sources import pack
from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.events.models.registry import Registry
from faastraingym.schemas import keys, payloads
from faastraingym.schemas.messages import Message, RunRequested
from tests.cli.conftest import Desk, publish_once
from tests.client.facts import POLICY, RUN, SPEC, usage
from tests.events.models.versions import A_MOVE, A_VERSION

SMALL = {**SPEC, "algorithm": {"name": "ppo", "hidden_sizes": []}}
DATA = payloads.dump(POLICY)
NAMED = "models/cartpole@champion"
MY_ENV = """
from gymnasium.envs.classic_control import CartPoleEnv

class MyEnv(CartPoleEnv):
    pass
"""


@pytest.fixture
def measuring(desk: Desk) -> Desk:
    """A stack that plays, and has a model; a run's policy is in this folder."""
    desk.facts.objects = desk.objects
    desk.facts.metered = [usage("evaluate", 4.0, True, run) for run in ("many-1", "many-2")]
    publish_once(desk, RunRequested(run=RUN, spec=SMALL))
    assert desk("fetch", RUN, "trained") == ExitCode.DONE
    models, spaces = Registry(desk.objects, desk.objects), describe(registry.parse(SMALL))
    version = msgspec.structs.replace(
        A_VERSION,
        version=1,
        policy=asyncio.run(models.keep("cartpole", DATA)),
        spec=SMALL,
        spaces=spaces.values(),
    )
    assert asyncio.run(models.add(version))
    assert asyncio.run(models.add(A_MOVE))
    return desk


def requests(desk: Desk) -> list[RunRequested]:
    found: list[Message] = [record.fact for _, record in desk.facts.log]
    return [fact for fact in found if isinstance(fact, RunRequested) and fact.run != RUN]


def test_a_model_is_measured(measuring: Desk) -> None:
    """Progress, a table with an interval, the cost; the alias is resolved before anything runs."""
    assert measuring("evaluate", NAMED, "--episodes", "2", "--run", "judged") == ExitCode.DONE
    lines = measuring.out.splitlines()
    assert lines[0].endswith(f"requested: CartPole-v1 with ppo, 2 episodes of {NAMED}")
    assert "evaluation of version 0: return 20.00 ± 10.00 over 2 episodes" in measuring.out
    head = lines.index("ENVIRONMENT\tSEED\tEPISODES\tRETURN\tLOW\tHIGH\tMIN\tMAX\tLENGTH")
    assert lines[head + 1].split("\t") == [
        "CartPole-v1", "0", "2", "20.00", "10.00", "30.00", "10.00", "30.00", "20.0",
    ]  # fmt: skip
    assert lines[head + 2].startswith("cost: ")
    assert lines[head + 3].startswith("wall clock: ")
    (request,) = requests(measuring)
    assert request.run == "judged"
    evaluate = request.spec["evaluate"]
    assert evaluate["policy"] == NAMED
    assert evaluate["object"]["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert request.spec["stop"]["env_steps"] == 0


def test_a_policy_of_this_machine_is_brought(measuring: Desk) -> None:
    """By its folder or its file; the store has it once, under its SHA-256."""
    digest = hashlib.sha256(DATA).hexdigest()
    for named in ("trained", "trained/policy.npz"):
        assert measuring("evaluate", named, "--episodes", "2", "--seed", "5") == ExitCode.DONE
        assert measuring.objects.data[keys.brought_policy(digest)] == DATA
    first, second = requests(measuring)
    assert first.spec["evaluate"]["policy"] == "trained"
    assert first.spec["evaluate"]["object"] == second.spec["evaluate"]["object"]
    assert first.spec["seed"] == 5
    assert first.spec["environment"]["num_envs"] == SMALL["environment"]["num_envs"]  # type: ignore[index]
    assert first.run.startswith("evaluation-trained-")


def test_environments_and_seeds_are_runs_that_belong_together(measuring: Desk) -> None:
    typed = ["--env", "CartPole-v0", "--env", "CartPole-v1", "--seed", "1", "--seed", "2"]
    code = measuring("evaluate", NAMED, *typed, "--run", "many", "--episodes", "2", "--json")
    assert code == ExitCode.DONE
    told = json.loads(measuring.out)
    assert [(row["environment"], row["seed"], row["run_id"]) for row in told["evaluations"]] == [
        ("CartPole-v0", 1, "many-1"),
        ("CartPole-v0", 2, "many-2"),
        ("CartPole-v0", None, ""),
        ("CartPole-v1", 1, "many-3"),
        ("CartPole-v1", 2, "many-4"),
        ("CartPole-v1", None, ""),
    ]
    assert [row["episodes"] for row in told["evaluations"]] == [2, 2, 4, 2, 2, 4]
    assert told["recordings"] == []
    assert told["gb_seconds"] == 2 * 4.0 * 0.5
    assert "many-4: " in measuring.err  # its progress, beside the document
    played = [request.spec["environment"]["id"] for request in requests(measuring)]
    assert played == ["CartPole-v0", "CartPole-v0", "CartPole-v1", "CartPole-v1"]


def test_how_it_is_played_is_in_the_specification(measuring: Desk) -> None:
    typed = ["--episodes", "70", "--workers", "3", "--stochastic", "--record", "2"]
    assert measuring("evaluate", NAMED, *typed, "--run", "drawn", "--out", "films") == ExitCode.DONE
    (request,) = requests(measuring)
    table = request.spec["evaluation"]
    assert (table["episodes"], table["stochastic"], table["record"]) == (70, True, 2)
    assert table["pieces"] == 3
    films = [f"films/drawn/episode-0-{episode}.gif" for episode in range(2)]
    assert [line for line in measuring.out.splitlines() if "films" in line] == [
        f"recording: {film}" for film in films
    ]
    assert all((measuring.folder / film).read_bytes() == b"GIF89a" for film in films)


def test_it_is_played_in_code_of_one_s_own(measuring: Desk) -> None:
    """Which is stored as `train` stores it; what such code needs beside is set as for `train`."""
    typed = ["--env", "my_env.py:MyEnv", "--episodes", "2"]
    measuring.write("my_env.py", MY_ENV)
    assert measuring("evaluate", NAMED, *typed) == ExitCode.BAD_INPUT
    remedy = "environment.kwargs.max_episode_steps="
    assert f"--set {remedy}N" in measuring.err
    typed += ["--set", f"{remedy}50"]
    for named in (NAMED, "trained"):
        assert measuring("evaluate", named, *typed) == ExitCode.DONE, measuring.err
    digest = pack(measuring.folder / "my_env.py").package.sha256
    for request in requests(measuring):
        assert request.spec["environment"]["id"] == "my_env:MyEnv"
        assert request.spec["environment"]["packages"] == [digest]
    assert any(digest in key for key in measuring.objects.data if key.startswith(keys.ENVIRONMENTS))


def test_detached_it_returns_with_the_names(measuring: Desk) -> None:
    measuring.facts.script = False
    typed = ["evaluate", NAMED, "--seed", "0", "--seed", "1", "--run", "later", "--detach"]
    assert measuring(*typed) == ExitCode.DONE
    assert measuring.out == "later-1\nlater-2\n"
    assert "faastrain follow later-1" in measuring.err
    assert measuring("evaluate", NAMED, "--run", "last", "--detach", "--json") == ExitCode.DONE
    assert json.loads(measuring.out) == {"run_ids": ["last"]}


def test_the_same_command_watches_the_same_run_again(measuring: Desk) -> None:
    """As after Ctrl-C; another policy, or other episodes, want another name."""
    typed = ["evaluate", NAMED, "--run", "again", "--seed", "0", "--seed", "1"]
    assert measuring(*typed, "--episodes", "2") == ExitCode.DONE
    first = measuring.out
    assert measuring(*typed, "--episodes", "2") == ExitCode.DONE
    assert (measuring.out, len(requests(measuring))) == (first, 2)
    assert measuring(*typed, "--episodes", "3") == ExitCode.BAD_INPUT
    assert "there is a run 'again-1' already" in measuring.err
    assert len(requests(measuring)) == 2


def test_a_summary_tells_nothing_of_learning(measuring: Desk) -> None:
    assert measuring("evaluate", NAMED, "--episodes", "2", "--run", "judged") == ExitCode.DONE
    assert measuring("show", "judged") == ExitCode.DONE
    named = [line.partition(":")[0] for line in measuring.out.splitlines()]
    assert named[:6] == ["run", "status", "reason", "task", "evaluates", "evaluation"]
    assert not {"versions", "environment steps", "speed", "best evaluation"} & {*named}


def test_a_run_that_fails_is_told(measuring: Desk) -> None:
    measuring.facts.objects, measuring.facts.ending = None, "failed"
    assert measuring("evaluate", NAMED, "--run", "bad") == ExitCode.RUN_FAILED
    assert "bad failed: the environment raised" in measuring.err
    assert "ENVIRONMENT\t" not in measuring.out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["models/nobody"], "nobody"),
        (["nobody"], "nobody"),
        (["no.npz"], "no.npz: cannot be read"),
        ([NAMED, "--env", "Pendulum-v1"], "Pendulum-v1"),
        ([NAMED, "--env", "NoSuch-v1"], "NoSuch-v1"),
        ([NAMED, "--episodes", "0"], "spec.evaluation.episodes"),
        ([NAMED, "--episodes", "5", "--workers", "6"], "spec.evaluation.workers"),
        ([NAMED, "--record", "33"], "spec.evaluation.record"),
        ([NAMED, "--seed", "-1"], "spec.seed"),
        ([NAMED, "--run", "No Name"], "No Name"),
        ([NAMED, "--env", "CartPole-v1", "--env", "NoSuch-v1"], "NoSuch-v1"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_starts(
    measuring: Desk, typed: list[str], told: str
) -> None:
    assert measuring("evaluate", *typed) == ExitCode.BAD_INPUT
    assert told in measuring.err
    assert "Traceback" not in measuring.err
    assert requests(measuring) == []
