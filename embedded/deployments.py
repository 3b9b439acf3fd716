"""stack.yml's functions as deployments."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from faastraingym.embedded.contract.messages import FunctionDeployment
from faastraingym.embedded.contract.names import HANDLER
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.settings import StackSettings
from faastraingym.events.topology import stack_file


def scale_labels(zero_duration: str) -> str:
    """FTG_SCALE_LABELS: labels that OpenFaaS Community Edition refuses and our own stack needs."""
    return f', com.openfaas.scale.zero: "true", com.openfaas.scale.zero-duration: "{zero_duration}"'


def substitutions(settings: StackSettings) -> dict[str, str]:
    """The variables of stack.yml: ours, unless the user's environment sets them."""
    ours = {
        "FTG_SCALE_LABELS": scale_labels(settings.zero_duration),
        "FTG_COMPILATION_CACHE": quoted(str(settings.home / "cache" / "jax")),
    }
    return ours | dict(settings.environment)


def quoted(text: str) -> str:
    """`text` as YAML, where stack.yml has a variable without quotes around it."""
    return yaml.safe_dump(text, default_style='"', width=math.inf, allow_unicode=True).strip()


def of_stack(file: Path, environment: Mapping[str, str]) -> list[FunctionDeployment]:
    """The deployments of a stack.yml; raises StackError: naming the file and the function."""
    try:
        stack = stack_file.load(file, environment)
    except stack_file.StackError as error:
        raise StackError(str(error)) from error
    return [_deployment(file, name, entry) for name, entry in stack["functions"].items()]


def of_ones_own(file: Path, environment: Mapping[str, str]) -> list[FunctionDeployment]:
    """The same of a stack.yml of one's own, each with its folder, for a provider of processes."""
    deployments = of_stack(file, environment)
    handlers = stack_file.load(file, environment)["functions"]
    for deployment in deployments:
        name = deployment.service
        if "handler" not in handlers[name]:
            raise StackError(f"{file}: functions.{name} has no `handler`, the folder of its code.")
        folder = (file.parent / str(handlers[name]["handler"])).resolve()
        if not (folder / "handler.py").is_file():
            raise StackError(f"{file}: functions.{name}.handler: there is no {folder}/handler.py.")
        deployment.annotations = {**(deployment.annotations or {}), HANDLER: str(folder)}
    return deployments


def _deployment(file: Path, name: str, entry: Mapping[str, Any]) -> FunctionDeployment:
    if not isinstance(entry, dict) or "image" not in entry:
        raise StackError(f"{file}: functions.{name} has no `image`.")
    for field in ("environment", "labels", "annotations"):
        if not isinstance(entry.get(field) or {}, dict):
            raise StackError(f"{file}: functions.{name}.{field} is no map; write `key: value`.")
    fields = {
        "service": name,
        "image": entry["image"],
        "namespace": entry.get("namespace", ""),
        "envVars": _texts(entry.get("environment")),
        "constraints": entry.get("constraints"),
        "secrets": entry.get("secrets"),
        "labels": _texts(entry.get("labels")),
        "annotations": _texts(entry.get("annotations")),
        "limits": entry.get("limits"),
        "requests": entry.get("requests"),
        "readOnlyRootFilesystem": entry.get("readonly_root_filesystem", False),
    }
    try:
        return msgspec.convert(fields, FunctionDeployment)
    except msgspec.ValidationError as error:
        raise StackError(f"{file}: functions.{name}: {error}") from error


def _texts(values: Mapping[str, Any] | None) -> dict[str, str] | None:
    if values is None:
        return None
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    """Nothing is an empty text, as for faas-cli."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
