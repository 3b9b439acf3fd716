"""Ray Tune: `python -m benchmarks.peers.tune_process SWEEP`, JSON in a file.

As its documentation has it: a function that reports a checkpoint with each evaluation, a trial for
each core; where there is an experiment already, `Tuner.restore` lets it go on.
"""

# mypy: disable-error-code="import-not-found, misc"
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from ray import tune

from benchmarks.peers import ray_local
from benchmarks.peers.sweep_training import train

NAME, MODEL = "sweep", "model.zip"


def run(config: dict[str, Any], sweep: dict[str, Any]) -> None:
    """One trial."""

    def told(mean: float, model: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / MODEL)
            checkpoint = tune.Checkpoint.from_directory(folder)
            tune.report({"return_mean": mean}, checkpoint=checkpoint)

    kept = tune.get_checkpoint()
    if not kept:
        train(sweep, config["run"], told)
        return
    with kept.as_directory() as folder:
        train(sweep, config["run"], told, Path(folder) / MODEL)


def main(sweep: dict[str, Any]) -> None:
    """Every run; those of a driver that was killed go on."""
    place = f"{sweep['folder']}/{NAME}"
    trainable = tune.with_resources(tune.with_parameters(run, sweep=sweep), {"cpu": 1})
    if tune.Tuner.can_restore(place):
        tuner = tune.Tuner.restore(place, trainable=trainable)
    else:
        tuner = tune.Tuner(
            trainable,
            param_space={"run": tune.grid_search([*range(len(sweep["runs"]))])},
            tune_config=tune.TuneConfig(max_concurrent_trials=sweep["at_once"]),
            run_config=tune.RunConfig(name=NAME, storage_path=sweep["folder"], verbose=0),
        )
    results = tuner.fit()
    scores = {r.config["run"]: r.metrics["return_mean"] for r in results if not r.error}
    print(json.dumps([scores.get(each) for each in range(len(sweep["runs"]))]))


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = os.getcwd()  # of its workers
    ray_local.start()
    main(json.loads(Path(sys.argv[1]).read_text()))
