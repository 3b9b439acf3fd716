"""MLflow: a run on a tracking server, in the experiment that its environment's id names."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from faastraingym.events.models.mlflow import RUN, experiment
from faastraingym.loggers.errors import CannotWrite
from faastraingym.loggers.kinds import Subject
from faastraingym.loggers.rows import Point, Row

AT_ONCE = 1000  # metrics of a request, and
PARAMETERS_AT_ONCE = 100  # parameters, that a server takes
LONGEST = 500  # characters of a parameter that every server takes
STATUS = {"completed": "FINISHED", "failed": "FAILED"}
SETTINGS = {  # unless they are set
    # a server that is away is told of in seconds, not in the minutes that mlflow would try
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # where a command may print JSON
}


class Run:
    """A Writer. The server knows what is written."""

    def __init__(self, uri: str, subject: Subject) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        self._uri = uri
        self._ended = False
        with self._asking():
            self._client = MlflowClient(tracking_uri=uri)
            number = self._experiment(subject)
            self._id = self._find(number, subject) or self._make(number, subject)

    def written(self) -> set[Point]:
        """Of the run's metrics on the server."""
        with self._asking():
            run = self._client.get_run(self._id)
            self._ended = run.info.status in STATUS.values()
            return {
                (metric.key, metric.step)
                for name in run.data.metrics
                for metric in self._client.get_metric_history(self._id, name)
            }

    def write(self, rows: Sequence[Row]) -> None:
        """As few requests as the server allows."""
        logged = [
            Metric(name, value, int(row.at * 1000), row.step)
            for row in rows
            for name, value in row.values.items()
        ]
        with self._asking():
            if self._ended:  # by a run's earlier segment
                self._client.update_run(self._id, status="RUNNING")
                self._ended = False
            for first in range(0, len(logged), AT_ONCE):
                self._client.log_batch(self._id, metrics=logged[first : first + AT_ONCE])

    def close(self, status: str) -> None:
        """Mark the run as ended, if it is."""
        if status in STATUS:
            with self._asking():
                self._client.set_terminated(self._id, STATUS[status])

    def _experiment(self, subject: Subject) -> str:
        """The id of the experiment that the run's environment names; it is made if need be."""
        name = experiment(subject.spec)
        known = self._client.get_experiment_by_name(name)
        return str(known.experiment_id if known else self._client.create_experiment(name))

    def _find(self, experiment: str, subject: Subject) -> str:
        """The id of the run, if the server has it."""
        wanted = f"tags.`{RUN}` = '{subject.run}'"
        found = self._client.search_runs([experiment], wanted, max_results=1)
        return str(found[0].info.run_id) if found else ""

    def _make(self, experiment: str, subject: Subject) -> str:
        tags = {RUN: subject.run, MLFLOW_RUN_NAME: subject.run}
        made = str(self._client.create_run(experiment, tags=tags).info.run_id)
        parameters = [Param(k, v[:LONGEST]) for k, v in _flat(subject.spec)]
        for first in range(0, len(parameters), PARAMETERS_AT_ONCE):
            few = parameters[first : first + PARAMETERS_AT_ONCE]
            self._client.log_batch(made, params=few)
        return made

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """CannotWrite where the server refuses or is away."""
        try:
            yield
        except (MlflowException, OSError) as error:
            why = " ".join(str(error).split()).partition(" failed with exception")[0]
            raise CannotWrite(
                f"MLflow at {self._uri}: {why:.200} failed; start `mlflow server`, or correct the "
                "URI"
            ) from error


def _flat(spec: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of the specification by their paths, as `algorithm.gamma`."""
    for key, value in spec.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def open_writer(target: str, subject: Subject) -> Run:
    """Rows go to the run with that name at the tracking URI `target`."""
    return Run(target, subject)
