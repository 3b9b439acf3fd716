"""`python -m faastraingym.deploy.kubernetes.make_secrets FOLDER`: new logins and keys.

They are written as Kubernetes' secrets.

Writes a file for each, and the kustomization that makes secrets of those that the cluster needs:
what each function mounts, and what queue-worker and exporter read. The others are for people,
pipelines and your servers; `nats-accounts.conf` is what a nats-server must know. A folder that is
there already is left alone: its logins are in use.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from faastraingym.adapters.nats import accounts
from faastraingym.adapters.settings import SIGNING_KEY
from faastraingym.embedded import credentials
from faastraingym.embedded.files import private_folder, write_private
from faastraingym.events.topology import stack_file
from faastraingym.events.topology.roles import EXPORTER, QUEUE_WORKER, nats_secret

FUNCTIONS, OURS = "openfaas-fn", "faastraingym"  # namespaces
OF_PROCESS = {
    QUEUE_WORKER: [SIGNING_KEY, nats_secret(QUEUE_WORKER)],
    EXPORTER: [nats_secret(EXPORTER)],
}
LABELS = {"app.kubernetes.io/managed-by": "openfaas"}  # so that faas-cli lists them


def kustomization(stack: dict[str, Any]) -> dict[str, Any]:
    """The secrets of processes and of the functions of a stack.yml."""
    mounted = sorted({name for f in stack["functions"].values() for name in f.get("secrets", [])})
    of_processes = [_secret(name, OURS, files) for name, files in OF_PROCESS.items()]
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "generatorOptions": {"disableNameSuffixHash": True, "labels": LABELS},  # mounted by name
        "secretGenerator": of_processes + [_secret(name, FUNCTIONS, [name]) for name in mounted],
    }


def write(folder: Path) -> None:
    """Everything into `folder`, for its owner's eyes."""
    logins = credentials.generate()
    for name, value in logins.secrets().items():
        write_private(private_folder(folder) / name, value.encode())
    passwords = {role: login.password for role, login in logins.nats.items()}
    write_private(folder / "nats-accounts.conf", accounts.configuration(passwords).encode())
    made = kustomization(stack_file.load(stack_file.path({})))
    write_private(folder / "kustomization.yaml", yaml.safe_dump(made, sort_keys=False).encode())


def _secret(name: str, namespace: str, files: list[str]) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "files": files}


def main(arguments: list[str]) -> None:
    """Exits with one line when there is nothing to be done."""
    if len(arguments) != 1:
        sys.exit("usage: python -m faastraingym.deploy.kubernetes.make_secrets FOLDER")
    folder = Path(arguments[0])
    if folder.exists():
        sys.exit(f"{folder} is there already; remove it to make new logins")
    write(folder)
    print(f"wrote {folder}; next: kubectl apply -k {folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
