"""MLflow: a real tracking server on loopback, asked by its own client."""

import pytest

mlflow = pytest.importorskip("mlflow", reason="the extra `mlflow`; `make loggers` has it")
pytest.importorskip("flask", reason="mlflow's server; `make loggers` has it")

from faastraingym.loggers import mlflow_run  # noqa: E402
from faastraingym.loggers.errors import CannotWrite  # noqa: E402
from faastraingym.loggers.recording import Recording  # noqa: E402
from tests.loggers.cut import CURVES, logged_twice  # noqa: E402
from tests.loggers.facts import ROWS, RUN, SUBJECT  # noqa: E402
from tests.mlflow_servers import MlflowServer  # noqa: E402
from tests.servers import free_ports  # noqa: E402


def test_a_run_that_was_cut_off_is_there_once(real_mlflow: MlflowServer) -> None:
    logged_twice(mlflow_run.open_writer, real_mlflow.url)
    client = mlflow.MlflowClient(tracking_uri=real_mlflow.url)
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


def test_a_run_that_goes_on_runs_again_and_may_fail(real_mlflow: MlflowServer) -> None:
    subject = SUBJECT._replace(run="resumed")
    client = mlflow.MlflowClient(tracking_uri=real_mlflow.url)
    mlflow_run.open_writer(real_mlflow.url, subject)
    experiment = client.get_experiment_by_name("CartPole-v1").experiment_id
    for rows, status, shown in [
        (ROWS[:1], "completed", "FINISHED"),
        (ROWS[:1], "", "FINISHED"),  # nothing is new
        (ROWS[:2], "", "RUNNING"),
        (ROWS, "failed", "FAILED"),
    ]:
        recording = Recording("mlflow", mlflow_run.open_writer(real_mlflow.url, subject), print)
        for row in rows:
            recording.add(row)
        assert recording.close(status)
        (run,) = client.search_runs([experiment], "attributes.run_name = 'resumed'")
        assert run.info.status == shown


def test_more_than_a_request_takes(real_mlflow: MlflowServer) -> None:
    """2,500 numbers and 150 parameters."""
    spec = {**SUBJECT.spec, "extra": {f"p{n}": n for n in range(150)}}
    subject = SUBJECT._replace(run="many", spec=spec)
    writer = mlflow_run.open_writer(real_mlflow.url, subject)
    writer.write([ROWS[0]._replace(step=n, values={"train/loss": float(n)}) for n in range(2500)])
    again = mlflow_run.open_writer(real_mlflow.url, subject)
    assert again.written() == {("train/loss", n) for n in range(2500)}


def test_a_server_that_is_away_is_said_within_seconds() -> None:
    (port,) = free_ports(1)
    with pytest.raises(CannotWrite, match=rf"MLflow at http://127.0.0.1:{port}: .* correct the UR"):
        mlflow_run.open_writer(f"http://127.0.0.1:{port}", SUBJECT)


def test_a_uri_that_is_none_is_said() -> None:
    with pytest.raises(CannotWrite, match="MLflow at ftp://x: "):
        mlflow_run.open_writer("ftp://x", SUBJECT)
