"""Answers with its environment and its secrets, as JSON."""

import json
import os
from pathlib import Path


async def handle(body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    return 200, {"content-type": "application/json"}, json.dumps(seen()).encode()


def seen() -> dict[str, object]:
    folder = Path(os.environ["FTG_SECRETS"])
    secrets = {path.name: path.read_text() for path in folder.iterdir()}
    modes = {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.iterdir()]}
    return {"environment": dict(os.environ), "secrets": secrets, "modes": modes, "pid": os.getpid()}
