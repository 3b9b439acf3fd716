"""The loggers that there are: a line each. What a line leads to is imported when it is opened."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from faastraingym.loggers.errors import NoLibrary

if TYPE_CHECKING:  # the parser of the command line reads this table
    from faastraingym.loggers.rows import Point, Row


class Subject(NamedTuple):
    """The run whose numbers are written."""

    run: str
    spec: dict[str, Any]


class Writer(Protocol):
    """Where the rows of one run are written. Each method may raise CannotWrite."""

    def written(self) -> "set[Point]":
        """What is there of the run already, as far as this writer can tell."""

    def write(self, rows: "Sequence[Row]") -> None:
        """Write these rows, of which nothing is there; returns when a reader sees them."""

    def close(self, status: str) -> None:
        """End with the run's status: `completed`, `failed`; any other, and it goes on."""


class Kind(NamedTuple):
    """A logger: its option and what follows it, its module's `open`, and its extra."""

    name: str
    takes: str
    help: str
    module: str
    extra: str = ""


KINDS = (
    Kind("tensorboard", "DIR", "TensorBoard's event files, in DIR/RUN", "tensorboard_files",
         "tensorboard"),
    Kind("wandb", "PROJECT", "a run of Weights & Biases; WANDB_MODE=offline: on the disk",
         "wandb_run", "wandb"),
    Kind("mlflow", "URI", "a run of MLflow, on the tracking server or in the store at URI",
         "mlflow_run", "mlflow"),
    Kind("csv", "FILE", "a table with a column for each name", "csv_file"),
    Kind("jsonl", "FILE", "a JSON document for each row, on a line", "jsonl_file"),
)  # fmt: skip


def open_writer(kind: Kind, target: str, subject: Subject) -> Writer:
    """The writer of a run's rows to `target`.

    Raises:
        NoLibrary: the kind's extra is not installed.
        CannotWrite: nothing can be written there.
    """
    try:
        module: Any = import_module(f"faastraingym.loggers.{kind.module}")
    except ModuleNotFoundError as error:
        if not kind.extra or str(error.name).startswith("faastraingym"):
            raise
        raise NoLibrary(
            f"the logger {kind.name} needs the package {error.name}, which is not installed; "
            f'`pip install "faastraingym[{kind.extra}]"` brings it'
        ) from error
    writer: Writer = module.open_writer(target, subject)
    return writer
