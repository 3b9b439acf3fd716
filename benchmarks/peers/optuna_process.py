"""Optuna: `python -m benchmarks.peers.optuna_process SWEEP`, JSON in a file.

As its documentation has it: a process for each core with one storage; heartbeats tell whose process
was killed, and `RetryHeartbeatStaleTrialCallback` lets their trials begin again.
"""

# mypy: disable-error-code="import-not-found, misc"
import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.trial import TrialState

from benchmarks.peers.sweep_training import train

NAME = "sweep"
HEARTBEAT_SECONDS = 5
UNFINISHED = (TrialState.WAITING, TrialState.RUNNING)


def opened(sweep: dict[str, Any]) -> Any:
    """The study; the first who opens it lets every run wait for its turn."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = RDBStorage(
        f"sqlite:///{sweep['folder']}/optuna.db",
        engine_kwargs={"connect_args": {"timeout": 60}},
        heartbeat_interval=HEARTBEAT_SECONDS,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=3),
    )
    return optuna.create_study(
        storage=storage, study_name=NAME, direction="maximize", load_if_exists=True
    )


def work(sweep: dict[str, Any]) -> None:
    """One trial after the other until all have ended, those of a killed process too.

    The processes take their trials in turns: SQLite gives two that ask at once the same one.
    """
    study = opened(sweep)

    def objective(trial: Any) -> float:
        run = trial.suggest_int("run", 0, len(sweep["runs"]) - 1)
        known = study.get_trials(deepcopy=False)[trial.number]
        fcntl.flock(turn, fcntl.LOCK_UN)
        if "fixed_params" not in known.system_attrs:  # another process took the last that waited
            raise optuna.TrialPruned
        return train(sweep, run, lambda mean, model: None)

    with Path(sweep["folder"], "turn").open("w") as turn:  # a killed process gives it back
        while study.get_trials(deepcopy=False, states=UNFINISHED):
            if study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                fcntl.flock(turn, fcntl.LOCK_EX)
                study.optimize(objective, n_trials=1)
            else:
                time.sleep(1)
                fail_stale_trials(study)


def main(file: str) -> None:
    """Every run."""
    sweep = json.loads(Path(file).read_text())
    study = opened(sweep)
    if not study.get_trials(deepcopy=False):
        for run in range(len(sweep["runs"])):
            study.enqueue_trial({"run": run})
    command = [sys.executable, "-m", "benchmarks.peers.optuna_process", file, "work"]
    workers = [subprocess.Popen(command) for _ in range(sweep["at_once"])]
    failed = sum(worker.wait() != 0 for worker in workers)
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    scores = {trial.params["run"]: trial.value for trial in done}
    print(json.dumps([scores.get(run) for run in range(len(sweep["runs"]))]))
    sys.exit(failed)


if __name__ == "__main__":
    if sys.argv[2:]:
        work(json.loads(Path(sys.argv[1]).read_text()))
    else:
        main(sys.argv[1])
