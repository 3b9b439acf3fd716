"""A run's results, fetched on fakes."""

import asyncio
import hashlib
import json

import msgspec
import pytest

from faastraingym.cli.exit_codes import ExitCode
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.schemas import keys
from faastraingym.schemas.messages import ReportWritten, RunRequested, RunResumed, StopRequested
from tests.cli.conftest import Desk, publish_once
from tests.client.facts import NOW, RUN, SPEC, beginning, failed, obj, records

FILES = (
    "report.json",
    "learning_curve.png",
    "policy-1.msgpack",
    "learning_curve.csv",
    "policy.npz",
)


def conclude(desk: Desk, segment: int, *facts: object) -> None:
    """The end of a leg, with what conclude-run writes."""
    report = build(RUN, fold(records(*facts)), [], NOW)  # type: ignore[arg-type]

    async def put() -> None:
        written = await desk.objects.put(keys.report(RUN, segment), msgspec.json.encode(report))
        curve = await desk.objects.put(keys.learning_curve(RUN, segment), b"a picture %d" % segment)
        await desk.facts.publish_once(
            ReportWritten(run=RUN, report=written, learning_curve=curve, segment=segment)
        )

    asyncio.run(put())


@pytest.fixture
def ended(desk: Desk) -> Desk:
    """A run that reached its target."""
    desk.facts.objects = desk.objects
    publish_once(desk, RunRequested(run=RUN, spec=SPEC))
    return desk


def test_results_come_to_the_disk_as_they_are(ended: Desk) -> None:
    """In a folder that is called as the run; the policy has the SHA-256 that the report tells."""
    assert ended("fetch", RUN) == ExitCode.DONE
    folder = ended.folder / "runs" / RUN
    assert ended.out.splitlines() == [f"runs/{RUN}/{name}" for name in FILES]
    report = json.loads((folder / "report.json").read_bytes())
    policy = (folder / "policy-1.msgpack").read_bytes()
    assert hashlib.sha256(policy).hexdigest() == report["policy"]["sha256"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_a_folder_of_ones_own_and_json(ended: Desk) -> None:
    """It is made."""
    assert ended("fetch", RUN, "a/b", "--json") == ExitCode.DONE
    told = json.loads(ended.out)
    assert told["run_id"] == RUN
    assert all((ended.folder / file).is_file() for file in told["files"])


def test_what_is_there_is_not_replaced_unasked(ended: Desk) -> None:
    """The same content is left alone; of other content nothing is written at all."""
    assert ended("fetch", RUN, "out") == ExitCode.DONE
    assert ended("fetch", RUN, "out") == ExitCode.DONE
    (ended.folder / "out" / "report.json").write_text("mine")
    (ended.folder / "out" / "policy-1.msgpack").unlink()
    assert ended("fetch", RUN, "out") == ExitCode.BAD_INPUT
    assert "out/report.json is there with other content" in ended.err
    assert not (ended.folder / "out" / "policy-1.msgpack").exists()
    assert ended("fetch", RUN, "out", "--force") == ExitCode.DONE
    assert json.loads((ended.folder / "out" / "report.json").read_bytes())["run_id"] == RUN


def test_where_nothing_can_be_written(ended: Desk) -> None:
    """A file where the folder would be, a folder where a file would be."""
    ended.write("file", "")
    assert ended("fetch", RUN, "file") == ExitCode.BAD_INPUT
    (ended.folder / "out" / "report.json").mkdir(parents=True)
    assert ended("fetch", RUN, "out") == ExitCode.BAD_INPUT
    assert ended.err.startswith("faastrain: out: cannot be written: ")


def test_a_run_that_goes_on_has_no_results_yet(desk: Desk) -> None:
    """Nor has one that nobody knows."""
    publish_once(desk, *beginning(), StopRequested(run=RUN))
    assert desk("fetch", RUN) == ExitCode.BAD_INPUT
    assert f"run {RUN} has not ended" in desk.err
    assert desk("fetch", "nobody") == ExitCode.BAD_INPUT
    assert not (desk.folder / "runs").exists()


def test_a_failed_run_has_a_report_and_perhaps_no_policy(desk: Desk) -> None:
    publish_once(desk, failed())
    conclude(desk, 0, failed())
    assert desk("fetch", RUN) == ExitCode.DONE
    assert desk.out.split() == [f"runs/{RUN}/{n}" for n in FILES if not n.startswith("policy")]


def test_each_leg_has_its_own(ended: Desk) -> None:
    """The last one, unless another is named."""
    resumed = RunResumed(run=RUN, manifest=obj("m"), segment=1, env_steps=256, target=None)
    end = msgspec.structs.replace(failed(), segment=1)
    publish_once(ended, resumed, end)
    assert ended("fetch", RUN) == ExitCode.BAD_INPUT
    conclude(ended, 1, RunRequested(run=RUN, spec=SPEC), resumed, end)
    assert ended("fetch", RUN, "out") == ExitCode.DONE
    assert ended.out.splitlines()[0] == f"out/{keys.report(RUN, 1).rpartition('/')[2]}"
    assert ended("fetch", RUN, "out", "--leg", "0") == ExitCode.DONE
    assert "out/report.json" in ended.out
    assert ended("fetch", RUN, "--leg", "2") == ExitCode.BAD_INPUT
    assert "has the segments 0 to 1" in ended.err


def test_train_leaves_the_results_in_a_folder_of_the_run(desk: Desk) -> None:
    """Report, curve and policy; unless nobody wants them."""
    desk.facts.objects = desk.objects
    spec = desk.write("s.json", json.dumps(SPEC))
    assert desk("train", spec, "--run", "mine") == ExitCode.DONE
    assert desk.err == "results are in runs/mine\n"
    assert {path.name for path in (desk.folder / "runs" / "mine").iterdir()} == set(FILES)
    assert desk("train", spec, "--run", "other", "--no-files") == ExitCode.DONE
    assert not (desk.folder / "runs" / "other").exists()


def test_train_refuses_a_folder_that_has_files_before_it_starts(desk: Desk) -> None:
    (desk.folder / "runs" / "mine").mkdir(parents=True)
    desk.write("runs/mine/report.json", "of an earlier run")
    spec = desk.write("s.json", json.dumps(SPEC))
    assert desk("train", spec, "--run", "mine") == ExitCode.BAD_INPUT
    assert "runs/mine: has files already; choose another name" in desk.err
    assert (desk.facts.log, desk.started) == ([], 0)
    assert desk("train", spec, "--run", "mine", "--no-files") == ExitCode.DONE


def test_results_that_cannot_be_written_do_not_change_how_the_run_ended(desk: Desk) -> None:
    """Its objects are not in the store: that is told, with what to do."""
    spec = desk.write("s.json", json.dumps(SPEC))
    assert desk("train", spec, "--run", "mine", "--json") == ExitCode.DONE
    assert json.loads(desk.out)["run_id"] == "mine"
    said = desk.err.splitlines()[-1]
    assert said.startswith("faastrain: no results in runs/mine: object test/report is not in")
    assert said.endswith("; `faastrain fetch mine runs/mine` tries again")


def test_an_export_is_a_file_or_a_dataset(ended: Desk) -> None:
    """Exactly one of them; --versions is of a dataset, A-B."""
    assert ended("export", RUN) == ExitCode.BAD_INPUT
    assert "one of the arguments FILE --onnx --minari is required" in ended.err
    assert ended("export", RUN, "out.npz", "--onnx", "out.onnx") == ExitCode.BAD_INPUT
    assert ended("export", RUN, "out.npz", "--minari", "a-v0") == ExitCode.BAD_INPUT
    assert ended("export", RUN, "out.npz", "--versions", "1-2") == ExitCode.BAD_INPUT
    assert "--versions chooses what --minari writes; add --minari NAME" in ended.err
    for wrong in ("1", "1:2", "a-b", "-1"):
        assert ended("export", RUN, "--minari", "a-v0", f"--versions={wrong}") == (
            ExitCode.BAD_INPUT
        )
        assert f"--versions {wrong}: write A-B, the first and the last version" in ended.err
    assert ended("export", RUN, "--minari", "nameless") == ExitCode.BAD_INPUT
    assert "nameless: is no dataset's name" in ended.err
