"""What deploy/kubernetes says, without a cluster: names, secrets, privileges, the network."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from faastraingym.deploy.kubernetes import make_secrets
from faastraingym.events.topology import stack_file
from faastraingym.events.topology.roles import EXPORTER, QUEUE_WORKER
from tests.checkout import CHECKOUT
from tests.servers import binary

BASE = CHECKOUT / "deploy" / "kubernetes" / "base"
INSTALLING = CHECKOUT / "docs" / "tutorials" / "openfaas.md"
STACK = stack_file.load(CHECKOUT / "stack.yml", {})


def objects() -> list[dict[str, Any]]:
    named = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    return [one for name in named for one in yaml.safe_load_all((BASE / name).read_text())]


def deployments() -> dict[str, dict[str, Any]]:
    found = [one for one in objects() if one["kind"] == "Deployment"]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in found}


def test_every_file_is_part_of_it() -> None:
    listed = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    assert {path.name for path in BASE.glob("*.yaml")} == {"kustomization.yaml", *listed}


@pytest.mark.parametrize("name", [QUEUE_WORKER, EXPORTER])
def test_a_pod_may_next_to_nothing(name: str) -> None:
    """No root, no writing, no token; bounded, watched."""
    pod = deployments()[name]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    for container in pod["containers"]:
        locked = container["securityContext"]
        assert locked["readOnlyRootFilesystem"]
        assert not locked["allowPrivilegeEscalation"]
        assert locked["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert container["livenessProbe"]
        assert container["readinessProbe"]


@pytest.mark.parametrize("name", [QUEUE_WORKER, EXPORTER])
def test_a_pod_reads_its_own_secrets(name: str, tmp_path: Path) -> None:
    """Mounted where it is told to look; no other process's."""
    pod = deployments()[name]
    (container,) = pod["containers"]
    (where,) = [e["value"] for e in container["env"] if e["name"] == "FTG_SECRETS"]
    (volume,) = [m["name"] for m in container["volumeMounts"] if m["mountPath"] == where]
    (mounted,) = [v["secret"]["secretName"] for v in pod["volumes"] if v["name"] == volume]
    made = make_secrets.kustomization(STACK)["secretGenerator"]
    (files,) = [one["files"] for one in made if one["name"] == mounted]
    assert f"ftg-nats-{name}" in files
    assert set(files) <= {"ftg-signing-key", f"ftg-nats-{name}"}


def test_every_secret_that_a_function_mounts_is_made(tmp_path: Path) -> None:
    """In the functions' namespace, under its own name, from a file that only its owner reads."""
    folder = tmp_path / "secrets"
    command = [sys.executable, "-m", "faastraingym.deploy.kubernetes.make_secrets", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    made = yaml.safe_load((folder / "kustomization.yaml").read_text())["secretGenerator"]
    names = {one["name"] for one in made if one["namespace"] == make_secrets.FUNCTIONS}
    assert names == {name for f in STACK["functions"].values() for name in f["secrets"]}
    assert all((folder / file).stat().st_size for one in made for file in one["files"])
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    mounted, server = tmp_path / "etc" / "nats-accounts", tmp_path / "etc" / "nats" / "nats.conf"
    for place in (mounted, server.parent):
        place.mkdir(parents=True)
    shutil.copy(folder / "nats-accounts.conf", mounted)
    written = re.search(r"(?m)^(jetstream \{.*)\n(include .*)$", INSTALLING.read_text())
    assert written is not None  # as a reader types it
    server.write_text("\n".join(written.groups()))
    subprocess.run([binary("nats-server"), "-t", "-c", server], check=True)
    again = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)


def test_the_network_lets_through_what_the_settings_name() -> None:
    """Namespaces and ports of broker and gateway, wherever somebody is told to reach them."""
    settings = dict(line.split("=", 1) for line in (BASE / "settings.env").read_text().splitlines())
    for name in ("FTG_NATS_URL", "FTG_GATEWAY_URL"):
        host, port = settings[name].rpartition("//")[2].split(":")
        place = (host.split(".")[1], int(port))
        assert place in reached(QUEUE_WORKER), name
        assert (place in reached("functions")) == (name == "FTG_NATS_URL"), name
    for name in ("FTG_NATS_URL", "FTG_S3_URL"):
        written = STACK["functions"]["rollout"]["environment"][name]
        host, port = written.rpartition("//")[2].split(":")
        assert int(port) in {number for _, number in reached("functions")}, name


def test_the_functions_policy_is_of_ours_and_of_no_other() -> None:
    (found,) = [one["spec"] for one in objects() if one["metadata"]["name"] == "functions"]
    (expression,) = found["podSelector"]["matchExpressions"]
    assert (expression["key"], expression["operator"]) == ("faas_function", "In")
    assert set(expression["values"]) == STACK["functions"].keys()


def test_the_queue_worker_knows_of_as_many_replicas_as_stack_yml_has() -> None:
    """It has that many deliveries in flight; faas-cli is told by the same variables."""
    lines = (BASE / "settings.env").read_text().splitlines()
    told = stack_file.functions(
        stack_file.load(CHECKOUT / "stack.yml", dict(x.split("=", 1) for x in lines))
    )
    assert told == stack_file.functions(STACK)


def reached(policy: str) -> set[tuple[str, int]]:
    """Namespaces and ports that a policy lets out."""
    (found,) = [
        one["spec"]["egress"]
        for one in objects()
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == policy
    ]
    return {
        (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port["port"])
        for rule in found
        for peer in rule["to"]
        for port in rule["ports"]
    }
