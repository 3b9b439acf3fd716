"""A full disk: told in words, nothing damaged, and the run goes on once there is room."""

import os
import shutil
import subprocess
import sys

import pytest

from embedded.settings import CHECKOUT
from tests.stack.facts import PATIENCE

SECONDS = "8"  # `python -m tests.stack.full_disk --seconds 60` takes its time


# Root may mount a small disk; others may in a user namespace, where the kernel grants those.
NAMESPACE = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]


def _is_granted() -> bool:
    if os.geteuid() == 0:
        return True  # then nothing excuses a failure
    found = shutil.which(NAMESPACE[0])
    return found is not None and subprocess.run([*NAMESPACE, "true"], check=False).returncode == 0


@pytest.mark.skipif(
    not _is_granted(), reason="neither root nor user namespaces: no small disk can be mounted"
)
def test_a_full_disk_stops_a_run_and_room_lets_it_go_on() -> None:
    """On a tmpfs of its own, in a mount namespace of its own."""
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.stack.full_disk", "--seconds", SECONDS],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
