"""A replica's start in parts: `python benchmarks/cold_start_process.py SCRIPT BEGUN`.

With the environment of a replica, it does what the template's index.py (SCRIPT) does until it would
listen. BEGUN is the Unix time at which this process was asked for. Prints seconds as JSON:
[interpreter, import, connect].
"""

import time

entered = time.time()

import importlib  # noqa: E402  the clock first
import importlib.util  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402


def main(script: str, begun: float) -> None:
    """Import, connect, tell."""
    clock = time.perf_counter()
    sys.path.insert(0, str(Path(script).parent))  # as if Python had been started with it
    spec = importlib.util.spec_from_file_location("index", script)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{script} is no Python file")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    handle = importlib.import_module(os.environ["handler_module"]).handle  # noqa: SIM112
    import uvloop

    imported = time.perf_counter()

    async def connect() -> float:
        await handle.start()
        connected = time.perf_counter()
        await handle.stop()
        return connected

    print(json.dumps([entered - begun, imported - clock, uvloop.run(connect()) - imported]))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
