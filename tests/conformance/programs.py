"""Programs of others that the tests need: a missing one fails the test, it is never skipped.

of-watchdog apart, which CI cannot have (test_of_watchdog.py).
"""

import shutil
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / ".tools" / "bin"


def program(name: str) -> str:
    """Its path: where `make tools` puts it, or on PATH."""
    ours = TOOLS / name
    found = str(ours) if ours.exists() else shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing; `make tools` installs it")
    return found
