"""Ray on this machine's cores, quiet."""

# mypy: disable-error-code="import-not-found"
import logging
import os

os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # read once; a busy machine needs it

import ray


def start() -> None:
    """As many workers as there are cores."""
    ray.init(
        num_cpus=len(os.sched_getaffinity(0)),
        include_dashboard=False,
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
