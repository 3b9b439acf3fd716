"""`entrypoint SERVICE`: credentials into files, then the process itself.

OpenFaaS's secrets are files. Compose cannot give files made from variables to a container whose
root file system is read-only, so they are written here, to a volume or a tmpfs, for their owner.
"""

import os
import sys
from pathlib import Path

PREFIX = "SECRET_"  # SECRET_FTG_NATS_ROLLOUT becomes the secret ftg-nats-rollout
COMMANDS = {
    "gateway": ["-m", "faastraingym.embedded.gateway_process"],
    "queue-worker": ["-m", "faastraingym.adapters.processes.queue_worker"],
    "exporter": ["-m", "faastraingym.adapters.processes.exporter"],
    "provision": ["-m", "faastraingym.deploy.compose.provision"],
}


def write(path: Path, value: str) -> None:
    """A file that only its owner reads, in a folder of the same kind."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(value)


def main(name: str) -> None:
    """Does not return."""
    environment = dict(os.environ)
    folder = Path(environment["FTG_SECRETS"])
    for variable in [name for name in environment if name.startswith(PREFIX)]:
        secret = variable.removeprefix(PREFIX).lower().replace("_", "-")
        write(folder / secret, environment.pop(variable))
    password = environment.pop("GATEWAY_PASSWORD", "")
    if name == "gateway":
        write(Path(environment["FAASTRAIN_HOME"]) / "gateway-password", password)
    if name == "provision":
        write(folder / "gateway-password", password)
    os.execve(sys.executable, [sys.executable, *COMMANDS[name]], environment)  # noqa: S606


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: entrypoint {'|'.join(COMMANDS)}")
    main(sys.argv[1])
