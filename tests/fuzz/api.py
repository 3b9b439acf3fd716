"""Schemathesis against a gateway's process, from the document that it serves.

`python -m tests.fuzz.api --examples 300`. Everything is generated from /openapi.json: what fits it
and what does not, on every route, with the password and without.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.embedded.gateway_process import GatewayProcess, gateway_process, prepare
from tests.embedded.support import PASSWORD
from tests.servers import NatsServer

# Of a valid body the document cannot say whether its image exists, so 400 is no fault.
LEFT_OUT = "positive_data_acceptance"
CONFIGURATION = """
# Others than these a function takes too, but OpenAPI has no word for them.
[phases.coverage]
unexpected-methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE"]

[[operations]]
include-path = "/system/logs"
parameters = { follow = "0" }
"""


class Outcome(NamedTuple):
    """What Schemathesis said."""

    passed: bool
    cases: int
    text: str


def schemathesis(gateway: GatewayProcess, examples: int, password: bool) -> Outcome:
    """One run over all operations; repeatable."""
    auth = ["--auth", f"admin:{PASSWORD}"] if password else []
    return of_document(f"{gateway.url}/openapi.json", examples, LEFT_OUT, *auth)


def of_document(url: str, examples: int, left_out: str, *more: str) -> Outcome:
    """One run over all operations of the document at `url`, but for the checks `left_out`."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(CONFIGURATION)
        program = Path(sys.executable).with_name("schemathesis")
        command = [
            str(program),
            f"--config-file={configuration}",
            "run",
            url,
            f"--max-examples={examples}",
            "--seed=1",
            "--generation-database=none",
            "--phases=examples,coverage,fuzzing",
            "--checks=all",
            f"--exclude-checks={left_out}",
            "--request-timeout=30",
            "--no-color",
            "--continue-on-failure",
            *more,
        ]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=3600, check=False, cwd=folder
        )
    found = re.search(r"(\d+) generated", ran.stdout)
    return Outcome(ran.returncode == 0, int(found.group(1)) if found else 0, ran.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.api", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="inputs for each operation")
    examples = parser.parse_args().examples
    with tempfile.TemporaryDirectory(prefix="ftg-", ignore_cleanup_errors=True) as folder:
        nats = NatsServer(Path(folder))
        nats.start()
        try:
            asyncio.run(prepare(nats))
            with gateway_process(nats) as gateway:
                runs = [schemathesis(gateway, examples, password) for password in (True, False)]
        finally:
            nats.kill()
    for run in runs:
        sys.stdout.write(run.text)
    sys.stdout.write(f"{sum(run.cases for run in runs)} inputs\n")
    sys.exit(not all(run.passed for run in runs))


if __name__ == "__main__":
    main()
