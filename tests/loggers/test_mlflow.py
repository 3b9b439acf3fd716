"""MLflow: a real tracking server on loopback, asked by its own client."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

mlflow = pytest.importorskip("mlflow", reason="the extra `mlflow`; `make loggers` has it")
pytest.importorskip("flask", reason="mlflow's server; `make loggers` has it")

from faastraingym.loggers import mlflow_run  # noqa: E402
from faastraingym.loggers.errors import CannotWrite  # noqa: E402
from faastraingym.loggers.recording import Recording  # noqa: E402
from tests.loggers.cut import CURVES, logged_twice  # noqa: E402
from tests.loggers.facts import ROWS, RUN, SUBJECT  # noqa: E402
from tests.servers import Server, free_ports  # noqa: E402


class MlflowServer(Server):
    """With SQLite in a folder of its own."""

    def __init__(self, directory: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        at = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command = [sys.executable, "-m", "mlflow", "server", *at]
        super().__init__(command, "Application startup complete", directory)

    def stop(self) -> None:
        """With the workers, which outlive it."""
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
        for process in family:
            process.terminate()
        _, alive = psutil.wait_procs(family, timeout=10)
        for process in alive:
            process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    made = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    made.start()
    try:
        yield made
    finally:
        made.stop()


def test_a_run_that_was_cut_off_is_there_once(server: MlflowServer) -> None:
    logged_twice(mlflow_run.open_writer, server.url)
    client = mlflow.MlflowClient(tracking_uri=server.url)
    experiment = client.get_experiment_by_name("CartPole-v1")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == (RUN, "FINISHED")
    assert run.data.params["environment.id"] == "CartPole-v1"
    assert run.data.params["stop.target"] == "475.0"
    for name, curve in CURVES.items():
        found = client.get_metric_history(run.info.run_id, name)
        assert [(m.step, m.value) for m in found] == curve
    assert [m.timestamp for m in client.get_metric_history(run.info.run_id, "train/loss")] == [
        1_002_000,
        1_004_000,
    ]


def test_a_run_that_goes_on_runs_again_and_may_fail(server: MlflowServer) -> None:
    subject = SUBJECT._replace(run="resumed")
    client = mlflow.MlflowClient(tracking_uri=server.url)
    for rows, status, shown in [
        (ROWS[:1], "completed", "FINISHED"),
        (ROWS[:1], "", "FINISHED"),  # nothing is new
        (ROWS[:2], "", "RUNNING"),
        (ROWS, "failed", "FAILED"),
    ]:
        recording = Recording("mlflow", mlflow_run.open_writer(server.url, subject), print)
        for row in rows:
            recording.add(row)
        assert recording.close(status)
        (run,) = client.search_runs(["1"], "attributes.run_name = 'resumed'")
        assert run.info.status == shown


def test_more_than_a_request_takes(server: MlflowServer) -> None:
    """2,500 numbers and 150 parameters."""
    spec = {**SUBJECT.spec, "extra": {f"p{n}": n for n in range(150)}}
    subject = SUBJECT._replace(run="many", spec=spec)
    writer = mlflow_run.open_writer(server.url, subject)
    writer.write([ROWS[0]._replace(step=n, values={"train/loss": float(n)}) for n in range(2500)])
    again = mlflow_run.open_writer(server.url, subject)
    assert again.written() == {("train/loss", n) for n in range(2500)}


def test_a_server_that_is_away_is_said_within_seconds() -> None:
    (port,) = free_ports(1)
    with pytest.raises(CannotWrite, match=rf"MLflow at http://127.0.0.1:{port}: .* correct the UR"):
        mlflow_run.open_writer(f"http://127.0.0.1:{port}", SUBJECT)


def test_a_uri_that_is_none_is_said() -> None:
    with pytest.raises(CannotWrite, match="MLflow at ftp://x: "):
        mlflow_run.open_writer("ftp://x", SUBJECT)
