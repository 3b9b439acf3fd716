"""Commands that read and end runs, typed on fakes."""

import asyncio
import json
import re

import numpy as np
import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.events.ports import Unavailable
from faastraingym.schemas.messages import RunRequested, StopRequested
from faastraingym.schemas.payloads import Policy, Statistics, dump
from tests.cli.conftest import Desk, publish_once
from tests.client.facts import RUN, SPEC, beginning, completed

REPORT_KEYS = {
    "run_id",
    "status",
    "reason",
    "algorithm",
    "environment",
    "spec",
    "versions",
    "env_steps",
    "episodes",
    "best_return",
    "evaluation",
    "policy",
    "usage",
    "wall_seconds",
}


def test_follow_tells_a_run_that_ended_long_ago(trained: Desk) -> None:
    """From its first fact to its summary."""
    assert trained("follow", RUN) == ExitCode.DONE
    assert "requested: CartPole-v1 with ppo" in trained.out
    assert "cost of rollout: 2 invocations, 3.00 seconds, 1.50 GB-seconds, 1 cold starts" in (
        trained.out
    )


@pytest.mark.parametrize("command", ["follow", "show", "events", "stop"])
def test_an_unknown_run_is_told_with_the_nearest(trained: Desk, command: str) -> None:
    """Exit code 3 and a suggestion."""
    assert trained(command, RUN[:-1] + "3") == ExitCode.BAD_INPUT
    assert f"did you mean '{RUN}'?" in trained.err


@pytest.mark.parametrize("command", ["follow", "show", "events", "stop"])
def test_a_wildcard_is_no_run(trained: Desk, command: str) -> None:
    """It would match every run's facts."""
    assert trained(command, "*") == ExitCode.BAD_INPUT


def test_show_json_is_the_report(trained: Desk) -> None:
    """With everything that it promises."""
    assert trained("show", RUN, "--json") == ExitCode.DONE
    report = json.loads(trained.out)
    assert report.keys() >= REPORT_KEYS
    assert report["evaluation"] == {"mean": 480.5, "std": 12.25, "episodes": 20}
    assert report["policy"].keys() == {"version", "key", "sha256"}
    assert report["usage"] == {
        "rollout": {"invocations": 2, "seconds": 3.0, "gb_seconds": 1.5, "cold_starts": 1}
    }
    assert (report["status"], report["reason"], report["best_return"]) == (
        "completed",
        "target",
        480.5,
    )


def test_show_tells_why_a_run_failed(desk: Desk) -> None:
    """Reason and traceback; reading it is no failure of the command."""
    desk.facts.ending = "failed"
    publish_once(desk, RunRequested(run=RUN, spec=SPEC))
    assert desk("show", RUN) == ExitCode.DONE
    assert "reason: the environment raised\n" in desk.out
    assert desk.out.endswith("Traceback: boom\n")


def test_runs_are_listed_the_newest_first(trained: Desk) -> None:
    """With the evaluation of the policy that each reports."""
    trained.facts.ending = "stopped"
    publish_once(trained, RunRequested(run="other", spec=SPEC))
    assert trained("runs", "--json") == ExitCode.DONE
    rows = json.loads(trained.out)
    assert [(r["run_id"], r["status"], r["reason"], r["evaluation"]) for r in rows] == [
        ("other", "completed", "stopped", 480.5),
        (RUN, "completed", "target", 480.5),
    ]
    assert trained("runs") == ExitCode.DONE
    assert re.fullmatch(
        r"other\tcompleted\tCartPole-v1\t0\t\S+Z\t1\t64\t480.50\t\d+\.\d\tstopped",
        trained.out.splitlines()[1],
    )


def test_runs_are_chosen_by_status_and_number(trained: Desk) -> None:
    """A failed one is told in a line, whatever its reason has."""
    trained.facts.ending = "failed"
    publish_once(trained, RunRequested(run="broken", spec={**SPEC, "seed": 7}))
    publish_once(trained, *beginning("going"))
    for argv, names in (
        (("--status", "failed"), ["broken"]),
        (("--status", "completed"), [RUN]),
        (("--status", "running"), ["going"]),
        (("--status", "stopping"), []),
        (("--limit", "2"), ["going", "broken"]),
        (("--limit", "1", "--status", "completed"), [RUN]),
    ):
        assert trained("runs", "--json", *argv) == ExitCode.DONE
        assert [row["run_id"] for row in json.loads(trained.out)] == names
    assert trained("runs", "--status", "failed") == ExitCode.DONE
    assert len(trained.out.splitlines()) == 2
    assert "\t7\t" in trained.out
    for argv in (("--limit", "0"), ("--limit", "x"), ("--status", "dead")):
        assert trained("runs", *argv) == ExitCode.BAD_INPUT


def test_no_runs_are_an_empty_list(desk: Desk) -> None:
    """Not an error."""
    assert desk("runs", "--json") == ExitCode.DONE
    assert json.loads(desk.out) == []


def test_events_are_lines_or_documents(trained: Desk) -> None:
    """Time, type and words; as JSON the whole fact, one a line."""
    assert trained("events", RUN) == ExitCode.DONE
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  run\.requested  ", trained.out)
    assert trained("events", RUN, "--json", "--follow") == ExitCode.DONE
    facts = [json.loads(line) for line in trained.out.splitlines()]
    assert [fact["type"] for fact in facts][::7] == ["run.requested", "report.written"]
    assert [fact["sequence"] for fact in facts] == list(range(1, 9))
    assert facts[0]["spec"] == SPEC


def test_stop_says_so_once_and_never_to_an_ended_run(trained: Desk) -> None:
    """The request is a fact of the run."""
    assert trained("stop", RUN) == ExitCode.DONE
    assert "has ended already: target" in trained.out
    trained.facts.log = [entry for entry in trained.facts.log if "run.completed" not in entry[0]]
    assert trained("stop", RUN) == ExitCode.DONE
    assert trained.facts.log[-1][1].fact == StopRequested(run=RUN)


def test_export_needs_nothing_of_ours_to_be_read(desk: Desk) -> None:
    """NumPy and json give back parameters, statistics, report and specification."""
    stored = Policy(
        version=1,
        parameters={"policy/head/kernel": np.arange(4, dtype=np.float32).reshape(2, 2)},
        statistics=Statistics(count=3.0, mean=np.ones(2), m2=np.full(2, 6.0)),
    )
    ref = asyncio.run(desk.objects.put(f"runs/{RUN}/policies/1.msgpack", dump(stored)))
    publish_once(desk, RunRequested(run="other", spec=SPEC))  # the script's references lead nowhere
    assert desk("export", "other", "out.npz") == ExitCode.STACK_TROUBLE
    assert "runs/other/policies/1.msgpack is not in the store" in desk.err

    real = completed("target", "third")
    desk.facts.log.clear()
    publish_once(desk, *beginning("third")[:1], _with_policy(real, ref))
    assert desk("export", "third", "out.npz", "--json") == ExitCode.DONE
    assert json.loads(desk.out)["version"] == 1
    with np.load(desk.folder / "out.npz") as data:
        np.testing.assert_array_equal(data["policy/head/kernel"], [[0, 1], [2, 3]])
        np.testing.assert_array_equal(data["statistics/m2"] / data["statistics/count"], [2, 2])
        assert json.loads(str(data["report"]))["run_id"] == "third"


def _with_policy(end, ref):
    import msgspec

    policy = msgspec.structs.replace(end.policy, policy=ref)
    return msgspec.structs.replace(end, policy=policy)


@pytest.mark.parametrize(
    "asked",
    [["out.msgpack"], ["no/such/folder/out.npz"], ["--onnx", "out.npz"], ["--onnx", "no/out.onnx"]],
)
def test_an_export_that_cannot_be_written_is_refused_first(trained: Desk, asked: list[str]) -> None:
    """Before anything is fetched."""
    assert trained("export", "nobody", *asked) == ExitCode.BAD_INPUT
    assert trained.err.startswith(f"faastrain: {asked[-1]}: ")


def test_status_as_json(trained: Desk) -> None:
    """Functions with replicas, streams, and only the runs that go on."""
    publish_once(trained, *beginning("going"))
    assert trained("status", "--json") == ExitCode.DONE
    status = json.loads(trained.out)
    assert status["functions"]["rollout"] == {
        "replicas": 2,
        "available_replicas": 1,
        "invocations": 9,
    }
    assert status["functions"]["evaluate"]["replicas"] == 0
    assert status["streams"]["FTG_FACTS"] == {"messages": 7, "bytes": 1048576}
    assert status["dead_letters"] == 0
    assert status["disk"]["path"] == str(trained.folder / "home")
    assert status["disk"]["free_bytes"] > 0
    assert [run["run_id"] for run in status["runs"]] == ["going"]
    assert status["servers"] == {}


def test_status_in_words(trained: Desk) -> None:
    """A line for each."""
    assert trained("status") == ExitCode.DONE
    assert "rollout              1/2 replicas   9 invocations\n" in trained.out
    assert trained.out.endswith("no run is active\n")


def test_without_a_stack_the_code_is_4(desk: Desk) -> None:
    """One line that says what to do."""
    desk.up = False
    for argv in (["runs"], ["status"], ["show", RUN], ["events", RUN], ["stop", RUN]):
        assert desk(*argv) == ExitCode.STACK_TROUBLE
        assert desk.err == "faastrain: no stack runs here; start it with `faastrain up`\n"


def test_a_broker_that_is_away_is_stack_trouble(desk: Desk) -> None:
    """The adapters' own exception, in one line."""

    async def away(*_: str) -> list:
        raise Unavailable("nats://127.0.0.1:4222: no answer")

    desk.facts.read = away
    assert desk("runs") == ExitCode.STACK_TROUBLE
    assert desk.err == "faastrain: nats://127.0.0.1:4222: no answer\n"


def test_logs_are_printed_with_time_and_replica(desk: Desk) -> None:
    """An age becomes a time; an unknown function is told with the nearest."""
    assert desk("logs", "rollout", "--tail", "5", "--since", "15m") == ExitCode.DONE
    assert desk.out == "2026-11-22T17:15:00Z  rollout-1  done\n"
    assert desk.gateway.asked == ("rollout", False, 5, "2026-11-22T17:00:00+00:00")
    assert desk("logs", "rolout") == ExitCode.BAD_INPUT
    assert "did you mean 'rollout'?" in desk.err
    assert desk("logs", "rollout", "--since", "yesterday") == ExitCode.BAD_INPUT
