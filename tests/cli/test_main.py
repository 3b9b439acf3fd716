"""The commands, typed on fakes."""

import asyncio
import json
import re
import shlex
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest

from faastraingym.cli.command import Group
from faastraingym.cli.command_table import COMMANDS
from faastraingym.cli.exit_codes import ExitCode
from faastraingym.cli.main import main
from faastraingym.cli.parser import parser
from faastraingym.events.ports import Unavailable
from faastraingym.schemas.messages import RunRequested, StopRequested
from faastraingym.schemas.payloads import Policy, Statistics, dump
from tests.cli.conftest import Desk
from tests.client.facts import RUN, SPEC, beginning, completed, usage
from tests.client.terminal import Terminal

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


def publish_once(desk: Desk, *facts) -> None:
    async def publish() -> None:
        for fact in facts:
            await desk.facts.publish_once(fact)

    asyncio.run(publish())


@pytest.fixture
def spec(desk: Desk) -> str:
    return desk.write("cartpole.json", json.dumps(SPEC))


@pytest.fixture
def trained(desk: Desk) -> Desk:
    """A run that reached its target, with metered invocations."""
    desk.facts.metered = [usage("rollout", 2.0, True), usage("rollout", 1.0, False)]
    publish_once(desk, RunRequested(run=RUN, spec=SPEC))
    return desk


@pytest.mark.parametrize(
    ("ending", "code"), [("target", 0), ("budget", 1), ("stopped", 1), ("failed", 2)]
)
def test_train_ends_with_the_code_of_the_ending(
    desk: Desk, spec: str, ending: str, code: int
) -> None:
    """Up, publish, follow, summary."""
    desk.facts.ending = ending
    assert desk("train", spec) == code
    assert desk.started == 1
    run = re.match(r"run (cartpole-20261122-171500-[0-9a-f]{4})\n", desk.out)
    assert run
    assert "evaluation of version 1: return 480.50 ± 12.25 over 20 episodes" in desk.out
    assert f"policy: s3://test/runs/{run.group(1)}/policies/1.msgpack" in desk.out
    assert f"policy SHA-256: {'ab' * 32}\nreproducible: yes\n" in desk.out
    assert f"learning curve: s3://test/runs/{run.group(1)}/learning_curve.png" in desk.out
    assert "faastrain fetch" not in desk.out  # it is written
    assert desk("show", run.group(1)) == 0
    assert f"onto the disk: `faastrain fetch {run.group(1)}`" in desk.out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", desk.out)


@pytest.mark.parametrize("ending", ["target", "budget", "failed"])
def test_a_run_whose_report_cannot_be_written_ends_with_2_and_says_so(
    desk: Desk, spec: str, ending: str
) -> None:
    """Nobody waits for it, and no key is told where nothing lies."""
    desk.facts.ending, desk.facts.unreported = ending, True
    assert desk("train", spec, "--run", RUN) == ExitCode.RUN_FAILED
    assert "unreported: its report cannot be written: OSError" in desk.out
    assert "\nreport: " not in desk.out
    assert desk("follow", RUN) == ExitCode.RUN_FAILED
    assert desk("show", RUN) == ExitCode.DONE
    assert "status: failed\n" in desk.out
    assert "its report cannot be written: OSError" in desk.out
    assert desk("events", RUN, "--follow") == ExitCode.DONE
    assert desk("runs") == ExitCode.DONE
    assert f"{RUN}\tfailed" in desk.out


def test_a_budget_without_a_target_is_a_success(desk: Desk, spec: str) -> None:
    """There was nothing to miss."""
    untargeted = {**SPEC, "stop": {"env_steps": 128}}
    desk.facts.ending = "budget"
    assert desk("train", desk.write("free.json", json.dumps(untargeted))) == ExitCode.DONE


def test_train_prints_one_json_document(desk: Desk, spec: str) -> None:
    """The report on stdout; what happens meanwhile on stderr."""
    assert desk("train", spec, "--json", "--run", "mine", "--set", "seed=5") == ExitCode.DONE
    report = json.loads(desk.out)
    assert (report["run_id"], report["spec"]["seed"]) == ("mine", 5)
    assert "evaluation of version 1" in desk.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--set", "rollout.threshold=3"), "spec.rollout.threshold: found 3; allowed: 1 to 2"),
        (("--set", "learning_rate=0.01"), "unknown key; did you mean 'algorithm.learning_rate'?"),
        (
            ("--set", "environment.max_episode_steps=9"),
            "unknown key; did you mean 'environment.kwargs.max_episode_steps'?",
        ),
        (("--set", "environment.kwargs.sutton_barto=true"), "did you mean 'sutton_barto_reward'?"),
        (("--set", "environment.id='Cartpole-v1'"), "did you mean 'CartPole-v1'?"),
        (("--set", f"algorithm.hidden_sizes={[4096] * 86_000}"), "the limit is 256000; shorten"),
        (("--run", "not a name"), "is no run's name"),
        (("--sett", "seed=5"), "unrecognized arguments"),
    ],
)
def test_bad_input_is_refused_before_anything_is_published(
    desk: Desk, spec: str, argv: tuple[str, ...], said: str
) -> None:
    """Nothing is started, nothing is said, the code is 3."""
    assert desk("train", spec, *argv) == ExitCode.BAD_INPUT
    assert desk.err.startswith("faastrain: ")
    assert said in desk.err
    assert len(desk.err.splitlines()) == 1
    assert (desk.started, desk.facts.log, desk.out) == (0, [], "")


def test_a_run_has_its_name_for_ever(trained: Desk, spec: str) -> None:
    """A second run of the same name is refused."""
    assert trained("start", spec, "--run", RUN) == ExitCode.BAD_INPUT
    assert f"there is a run '{RUN}' already" in trained.err


def test_start_prints_the_run_alone(desk: Desk, spec: str) -> None:
    """So that a shell can take it."""
    assert desk("start", spec) == ExitCode.DONE
    assert re.fullmatch(r"cartpole-20261122-171500-[0-9a-f]{4}\n", desk.out)
    assert desk.started == 0


@pytest.mark.parametrize("command", ["train", "start"])
def test_what_cannot_be_extended_later_is_told_at_once(desk: Desk, command: str) -> None:
    """A learning rate that anneals over the budget is 0 at its end."""
    linear = {**SPEC, "algorithm": {"name": "ppo", "learning_rate_schedule": "linear"}}
    planned = {**linear, "stop": {**SPEC["stop"], "horizon": 1_000}}
    for name, raw, told in (("a", linear, True), ("b", planned, False), ("c", SPEC, False)):
        desk(command, desk.write(f"{name}.json", json.dumps(raw)))
        said = "its learning rate anneals to 0 at 128 steps; to extend it later, set stop.horizon"
        assert (said in desk.err) is told


def test_a_terminal_without_a_cursor_gets_lines(desk: Desk, spec: str) -> None:
    """As an editor's shell: nothing is drawn over what is there."""
    desk.variables["TERM"] = "dumb"
    desk.printer = Terminal
    assert desk("train", spec) == ExitCode.DONE
    assert "     0.0 s  requested: CartPole-v1 with ppo" in desk.out
    assert "\x1b[?25l" not in desk.out  # hides the cursor


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


@pytest.mark.parametrize("file", ["out.msgpack", "no/such/folder/out.npz"])
def test_an_export_that_cannot_be_written_is_refused_first(trained: Desk, file: str) -> None:
    """Before anything is fetched."""
    assert trained("export", RUN, file) == ExitCode.BAD_INPUT
    assert trained.err.startswith(f"faastrain: {file}: ")


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


def test_usage_mistakes_are_bad_input(desk: Desk) -> None:
    """One line and code 3, not argparse's own 2."""
    for argv in ([], ["trian"], ["show"], ["train", "none.toml"]):
        assert desk(*argv) == ExitCode.BAD_INPUT
        assert desk.err.startswith("faastrain: ")
        assert len(desk.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["trian"], "invalid choice: 'trian'; did you mean 'train'?; see `faastrain --help`"),
        (["dead", "lst"], "invalid choice: 'lst'; did you mean 'list'?"),
        (["completion", "bsh"], "invalid choice: 'bsh'; did you mean 'bash'?"),
        (["xyzzy"], "choose from "),
    ],
)
def test_a_word_that_is_nearly_a_choice_is_told(desk: Desk, argv: list[str], said: str) -> None:
    assert desk(*argv) == ExitCode.BAD_INPUT
    assert said in desk.err


def test_a_budget_is_an_option_and_set_has_the_last_word(desk: Desk, spec: str) -> None:
    for name, more, steps in (("a", (), 640), ("b", ("--set", "stop.env_steps=1280"), 1280)):
        assert desk("start", spec, "--run", name, "--budget", "640", *more) == ExitCode.DONE
        assert desk("show", name, "--json") == ExitCode.DONE
        assert json.loads(desk.out)["spec"]["stop"]["env_steps"] == steps
    assert desk("start", spec, "--budget", "-1") == ExitCode.BAD_INPUT
    assert "spec.stop.env_steps: found -1" in desk.err


def test_exit_codes_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """By the command's own help, not below each of its pages."""
    for argv, told in ((["--help"], 1), (["train", "--help"], 0), (["dead", "--help"], 0)):
        with pytest.raises(SystemExit):
            main(argv)
        assert capsys.readouterr().out.count("exit codes:") == told


def test_the_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"faastrain {version('faastraingym')}\n"


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Also how to read an export."""
    for argv, said in (
        (["--help"], "trouble with the stack"),
        (["export", "--help"], "numpy.load"),
    ):
        with pytest.raises(SystemExit) as end:
            main(argv)
        assert end.value.code == 0
        assert said in capsys.readouterr().out


def test_help_fits_a_terminal_of_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command is in a section, and its own page begins and ends so that it can be typed."""
    monkeypatch.setenv("COLUMNS", "80")
    pages = [[], *([name.name] for name in COMMANDS)]
    for argv in pages:
        with pytest.raises(SystemExit):
            main([*argv, "--help"])
        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if len(line) > 80 and "> ~/" not in line] == []
        if not argv:
            listed = [line.split()[0] for line in lines if re.match(r"  [a-z]", line)]
            assert listed[: len(COMMANDS)] == [command.name for command in COMMANDS]


def test_every_example_is_a_command() -> None:
    for command in COMMANDS:
        for each in command.commands if isinstance(command, Group) else [command]:
            words = shlex.split(each.example)
            assert parser().parse_args(words).handler == each.handler
            with pytest.raises(SystemExit):
                parser().parse_args([*words[:1], "--help"])


def test_help_imports_nothing_heavy() -> None:
    """So that a person need not wait for it: only the standard library and our own tables."""
    code = (
        "import sys, faastraingym.cli.main; from faastraingym.cli import parser;"
        "parser.parser().format_help();"
        "print(sorted({m.split('.')[0] for m in sys.modules}"
        " & {'msgspec', 'numpy', 'rich', 'nats', 'urllib3', 'aiohttp', 'gymnasium', 'jax'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_name_that_is_taken_is_only_refused(desk: Desk) -> None:
    """Nothing is said of a run that does not begin; nor of what it would have been."""
    assert desk("train", "MountanCar-v0", "--run", "one", "--no-files") == 3  # there is none
    desk.write("spec.json", json.dumps(SPEC))
    assert desk("train", "spec.json", "--run", "one", "--no-files") == 0
    assert desk("train", "spec.json", "--run", "one", "--no-files") == 3
    assert desk.out == ""
    assert len(desk.err.splitlines()) == 1
    assert "there is a run 'one' already; choose another name" in desk.err
