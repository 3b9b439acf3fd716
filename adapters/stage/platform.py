"""The numerical libraries and the processor: with the same ones a run repeats its SHA-256."""

import platform
from contextlib import suppress
from importlib import metadata
from pathlib import Path

LIBRARIES = ("numpy", "jax", "jaxlib")


def describe() -> dict[str, str]:
    """Versions of the numerical libraries that are installed, the system and the processor."""
    versions = {}
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        **versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
