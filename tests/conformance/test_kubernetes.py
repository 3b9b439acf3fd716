"""kustomize itself builds deploy/kubernetes; Kubernetes's own schemas take all of it."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from faastraingym.deploy.kubernetes import make_secrets
from faastraingym.events.topology import stack_file
from tests.checkout import CHECKOUT
from tests.conformance.programs import program

BASE = CHECKOUT / "deploy" / "kubernetes" / "base"
VERSIONS = ("1.31", kubernetes_validate.latest_version())


def built(folder: Path) -> list[dict[str, Any]]:
    """What `kubectl apply -k` would apply, each held to the schemas of the versions."""
    said = subprocess.run([program("kustomize"), "build", folder], check=True, capture_output=True)
    found = [one for one in yaml.safe_load_all(said.stdout) if one]
    for one in found:
        for version in VERSIONS:
            kubernetes_validate.validate(one, version, strict=True)
    return found


def test_the_base_is_built_with_pinned_images() -> None:
    found = built(BASE)
    pods = [one["spec"]["template"]["spec"] for one in found if one["kind"] == "Deployment"]
    images = {container["image"] for pod in pods for container in pod["containers"]}
    assert images == {"ghcr.io/faastraingym/faastraingym:0.1.0"}
    (settings,) = [one for one in found if one["kind"] == "ConfigMap"]
    named = {c["envFrom"][0]["configMapRef"]["name"] for pod in pods for c in pod["containers"]}
    assert named == {settings["metadata"]["name"]}  # with its digest: a change restarts the pods


def test_the_secrets_are_built(tmp_path: Path) -> None:
    """Of the names that are mounted, each with the file that OpenFaaS looks for."""
    make_secrets.write(tmp_path / "secrets")
    found = built(tmp_path / "secrets")
    of_functions = [one for one in found if one["metadata"]["namespace"] == make_secrets.FUNCTIONS]
    assert of_functions
    assert all(list(one["data"]) == [one["metadata"]["name"]] for one in of_functions)
    names = {one["metadata"]["name"] for one in found} - {
        one["metadata"]["name"] for one in of_functions
    }
    assert names == {"queue-worker", "exporter"}


def test_faas_cli_makes_a_function_of_every_entry_of_the_stack(tmp_path: Path) -> None:
    """For the operator: custom resources that carry the entries' names, images, secrets."""
    said = subprocess.run(
        [program("faas-cli"), "generate", "-f", CHECKOUT / "stack.yml", "--api", "openfaas.com/v1"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    made = {one["spec"]["name"]: one["spec"] for one in yaml.safe_load_all(said.stdout) if one}
    entries = stack_file.load(CHECKOUT / "stack.yml", {})["functions"]
    assert made.keys() == entries.keys()
    for name, spec in made.items():
        assert set(spec["secrets"]) == set(entries[name]["secrets"])
        assert spec["image"].endswith(f"/{name}:0.1.0")
