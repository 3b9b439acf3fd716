"""The peers' own interpreter: RLlib pins an older Gymnasium than ours, so they live apart.

`make bench PEERS=1` makes it at .venv-peers; FTG_PEERS_PYTHON names another one.
"""

import functools
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.checkout import CHECKOUT

MISSING = "peer not installed: make bench PEERS=1"
PYTHON = Path(os.environ.get("FTG_PEERS_PYTHON", CHECKOUT / ".venv-peers/bin/python"))
_LIST = """
import importlib.metadata, json
found = importlib.metadata.distributions()
print(json.dumps({d.metadata["Name"].lower().replace("_", "-"): d.version for d in found}))
"""


@functools.cache
def versions(python: Path = PYTHON) -> dict[str, str]:
    """The packages that an interpreter finds; none when there is no such interpreter."""
    if not python.exists():
        return {}
    listed = subprocess.run([python, "-c", _LIST], stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(listed.stdout, type=dict[str, str])


def installed(package: str) -> bool:
    """Whether a peer is there."""
    return package in versions()


def run(process: str, *arguments: str) -> Any:
    """What `benchmarks.peers.<process>` prints on its last line, from JSON.

    Raises:
        subprocess.CalledProcessError: it failed; its errors are on stderr.
    """
    done = subprocess.run(
        [PYTHON, "-m", f"benchmarks.peers.{process}", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout.splitlines()[-1])
