"""TensorBoard's own reader, and its own server, on the files that we write."""

import json
import sys
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("tensorboardX", reason="the extra `tensorboard`; `make loggers` has it")
accumulators = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="`make loggers` has it"
)

from faastraingym.loggers import tensorboard_files  # noqa: E402
from faastraingym.loggers.errors import CannotWrite  # noqa: E402
from faastraingym.loggers.kinds import KINDS, open_writer  # noqa: E402
from tests.loggers.cut import CURVES, Curve, logged_twice  # noqa: E402
from tests.loggers.facts import ROWS, RUN, SUBJECT  # noqa: E402
from tests.servers import Server, free_ports  # noqa: E402


def read(folder: Path) -> dict[str, Curve]:
    found = accumulators.EventAccumulator(str(folder)).Reload()
    assert "specification/text_summary" in found.Tags()["tensors"]
    return {
        name: [(e.step, e.value) for e in found.Scalars(name)] for name in found.Tags()["scalars"]
    }


def test_a_run_that_was_cut_off_is_there_once(tmp_path: Path) -> None:
    logged_twice(tensorboard_files.open_writer, str(tmp_path))
    assert read(tmp_path / RUN) == CURVES


def test_the_times_are_those_of_the_facts(tmp_path: Path) -> None:
    writer = open_writer(KINDS[0], str(tmp_path), SUBJECT)
    writer.written()
    writer.write(ROWS[:1])  # and a reader sees it at once
    found = accumulators.EventAccumulator(str(tmp_path / RUN)).Reload()
    assert [event.wall_time for event in found.Scalars("train/loss")] == [1_002.0]


def test_a_file_that_was_cut_off_ends_before_the_cut(tmp_path: Path) -> None:
    writer = tensorboard_files.open_writer(str(tmp_path), SUBJECT)
    writer.written()
    writer.write(ROWS[:2])
    writer.close("")
    (path,) = (tmp_path / RUN).glob("events*")
    whole, told = path.read_bytes(), []
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        told.append(len([*tensorboard_files.events(path)]))
    assert told == sorted(told)
    assert told[-2:] == [3, 4]  # version, specification, two rows


def test_the_server_shows_it(tmp_path: Path) -> None:
    logged_twice(tensorboard_files.open_writer, str(tmp_path / "logs"))
    (port,) = free_ports(1)
    at = ["--logdir", "logs", "--host", "127.0.0.1", "--port", str(port)]
    server = Server([sys.executable, "-m", "tensorboard.main", *at], "TensorBoard", tmp_path)
    server.start()
    try:
        query = f"scalars?run={RUN}&tag=train%2Floss"
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/data/plugin/scalars/{query}"
        ) as answer:
            told = json.load(answer)
    finally:
        server.stop()
    assert [(step, value) for _, step, value in told] == CURVES["train/loss"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="demo: Not a directory; name another folder"):
        tensorboard_files.open_writer(str(tmp_path / "file"), SUBJECT)
    with pytest.raises(CannotWrite, match="s3://x is no folder of this machine"):
        tensorboard_files.open_writer("s3://x", SUBJECT)
