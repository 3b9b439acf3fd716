"""Weights & Biases: a run of a project, by wandb's own client, online or offline as it is set."""

import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import wandb
from google.protobuf.message import DecodeError
from wandb.proto.wandb_internal_pb2 import HistoryRecord, Record

from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import Subject
from faastraingym.loggers.rows import Point, Row

STEP = "global_step"  # the axis of all charts, as in Stable-Baselines3's own integration
# A run's file is a log as LevelDB's: blocks of records; the file's header is of seven bytes, too.
BLOCK = 32 * 1024
HEAD = struct.Struct("<IHB")  # CRC, size, kind
WHOLE, FIRST, MIDDLE, LAST = 1, 2, 3, 4


class Run:
    """A Writer. What it knows to be written is what this folder's `wandb/` holds of the run."""

    def __init__(self, project: str, subject: Subject) -> None:
        # what wandb would say on the terminal and measure of this machine is not the run's
        settings = wandb.Settings(
            console="off", silent=True, disable_git=True, save_code=False, x_disable_stats=True
        )
        try:
            self._run = wandb.init(
                project=project,
                id=subject.run,
                name=subject.run,
                config=subject.spec,
                resume="allow",
                settings=settings,
            )
        except (wandb.errors.Error, OSError) as error:
            raise CannotWrite(
                f"W&B takes no run for the project {project}: {error}; `wandb login`, or set "
                "WANDB_MODE=offline and later `wandb sync` what lies in ./wandb"
            ) from error
        self._run.define_metric(STEP, hidden=True)
        self._run.define_metric("*", step_metric=STEP)
        self._next = self._run.step

    def written(self) -> set[Point]:
        """Of all logs of the run in this folder's `wandb/`."""
        settings = self._run.settings
        pattern = f"*run-*-{settings.run_id}/run-{settings.run_id}.wandb"
        found: set[Point] = set()
        for path in sorted(Path(settings.wandb_dir).glob(pattern)):
            for values in history(path):
                self._next = max(self._next, int(values["_step"]) + 1)
                step = int(values.get(STEP, -1))
                found.update((name, step) for name in values)
        return found

    def write(self, rows: Sequence[Row]) -> None:
        """Log each; wandb's own service takes them to its file and its server."""
        try:
            for row in rows:
                values = {STEP: row.step, "_timestamp": row.at, **row.values}
                self._run.log(values, step=self._next, commit=True)
                self._next += 1
        except (wandb.errors.Error, OSError) as error:
            raise CannotWrite(f"W&B: {error}") from error

    def close(self, status: str) -> None:
        """Finish; a run that failed is marked so."""
        try:
            self._run.finish(exit_code=int(status == "failed"))
        except (wandb.errors.Error, OSError) as error:
            raise CannotWrite(f"W&B: {error}") from error


def history(path: Path) -> Iterator[dict[str, float]]:
    """The rows that a run's log holds, up to one that a cut left unfinished."""
    return (
        _values(record.history)
        for record in records(path)
        if record.WhichOneof("record_type") == "history"
    )


def records(path: Path) -> Iterator[Record]:
    """All that a run's log holds."""
    for data in _records(path.read_bytes()):
        try:
            yield Record.FromString(data)
        except DecodeError:
            return


def _values(logged: HistoryRecord) -> dict[str, float]:
    return {
        "/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in logged.item
    }


def _records(data: bytes) -> Iterator[bytes]:
    at, held = HEAD.size, b""
    while at + HEAD.size <= len(data):
        left = BLOCK - at % BLOCK
        if left < HEAD.size:  # too little for a head: zeros, up to the next block
            at += left
            continue
        _, size, kind = HEAD.unpack_from(data, at)
        at += HEAD.size
        body = data[at : at + size]
        if len(body) < size or kind not in (WHOLE, FIRST, MIDDLE, LAST):
            return
        held = body if kind in (WHOLE, FIRST) else held + body
        at += size
        if kind in (WHOLE, LAST):
            yield held


def open_writer(target: str, subject: Subject) -> Run:
    """Rows go to the run of that name of the project `target`."""
    return Run(target, subject)
