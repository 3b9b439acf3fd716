"""A full disk: told in words, nothing damaged, and the run goes on once there is room."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from tests.checkout import CHECKOUT
from tests.stack.facts import PATIENCE

SECONDS = "8"  # `python -m tests.stack.full_disk --seconds 60` takes its time


def _namespace() -> list[str]:
    """The command by which a small disk may be mounted here; root needs no user namespace."""
    for options in ([], ["--map-root-user"]):
        command = ["unshare", "--mount", *options]
        mount = ["mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
        if (
            shutil.which("unshare")
            and not subprocess.run([*command, *mount], check=False).returncode
        ):
            return command
    return []


NAMESPACE = _namespace()


@pytest.mark.skipif(
    not NAMESPACE and os.geteuid() != 0,
    reason="neither root nor user namespaces: no small disk can be mounted",
)
def test_a_full_disk_stops_a_run_and_room_lets_it_go_on() -> None:
    """On a tmpfs of its own, in a mount namespace of its own."""
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.stack.full_disk", "--seconds", SECONDS],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=6 * PATIENCE,  # below it would be ended before it could say why it fails
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
