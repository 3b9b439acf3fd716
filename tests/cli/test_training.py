"""Commands that start runs, typed on fakes."""

import json
import re

import pytest

from faastraingym.cli.exit_codes import ExitCode
from tests.cli.conftest import Desk
from tests.client.facts import RUN, SPEC
from tests.client.terminal import Terminal


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


def test_a_name_that_is_taken_is_only_refused(desk: Desk) -> None:
    """Nothing is said of a run that does not begin; nor of what it would have been."""
    assert desk("train", "MountanCar-v0", "--run", "one", "--no-files") == 3  # there is none
    desk.write("spec.json", json.dumps(SPEC))
    assert desk("train", "spec.json", "--run", "one", "--no-files") == 0
    assert desk("train", "spec.json", "--run", "one", "--no-files") == 3
    assert desk.out == ""
    assert len(desk.err.splitlines()) == 1
    assert "there is a run 'one' already; choose another name" in desk.err


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


def test_a_budget_is_an_option_and_set_has_the_last_word(desk: Desk, spec: str) -> None:
    for name, more, steps in (("a", (), 640), ("b", ("--set", "stop.env_steps=1280"), 1280)):
        assert desk("start", spec, "--run", name, "--budget", "640", *more) == ExitCode.DONE
        assert desk("show", name, "--json") == ExitCode.DONE
        assert json.loads(desk.out)["spec"]["stop"]["env_steps"] == steps
    assert desk("start", spec, "--budget", "-1") == ExitCode.BAD_INPUT
    assert "spec.stop.env_steps: found -1" in desk.err
