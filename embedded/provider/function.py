"""A deployment, read once: the values of its labels and variables."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from faastraingym.embedded.contract.messages import FunctionDeployment
from faastraingym.embedded.contract.names import HANDLER, check_function_name
from faastraingym.embedded.errors import ProviderError
from faastraingym.embedded.provider.images import Code, code
from faastraingym.events.topology.quantities import quantity
from faastraingym.events.topology.stack_file import MAX_COUNT, StackError, seconds

_SCALE = "com.openfaas.scale."
PROCESS = "python index.py"  # `fprocess` in the template's template.yml


class Function(NamedTuple):
    """A deployment's values, checked."""

    deployment: FunctionDeployment
    code: Code
    created_at: datetime
    floor: int  # replicas that stay when nothing is asked
    ceiling: int
    max_inflight: int | None  # per replica; None: unlimited
    idle_after: float  # seconds until a replica that is not needed goes
    exec_timeout: float  # seconds
    memory_bytes: int | None

    @property
    def name(self) -> str:
        """The service's name."""
        return self.deployment.service


def read(deployment: FunctionDeployment, root: Path, created_at: datetime) -> Function:
    """Read a deployment; raises ProviderError: 400, naming what is wrong in it."""
    check_function_name(deployment.service)
    labels, variables = deployment.labels or {}, deployment.env_vars or {}
    _check_variables(variables)
    _check_process(deployment.env_process)
    to_zero = labels.get(_SCALE + "zero") == "true"
    floor = _whole(labels, _SCALE + "min", "1")
    ceiling = _whole(labels, _SCALE + "max", str(max(1, floor)))
    if floor > ceiling or ceiling < 1:
        raise ProviderError(400, f"{_SCALE}min={floor} is above {_SCALE}max={ceiling}.")
    inflight = _whole(variables, "max_inflight", "0")
    return Function(
        deployment=deployment,
        code=code(deployment.image, root, (deployment.annotations or {}).get(HANDLER, "")),
        created_at=created_at,
        floor=0 if to_zero else floor,
        ceiling=ceiling,
        max_inflight=inflight or None,
        idle_after=_duration(labels, _SCALE + "zero-duration", "15m"),
        exec_timeout=_duration(variables, "exec_timeout", "60s"),
        memory_bytes=_memory(deployment),
    )


def _check_variables(variables: Mapping[str, str]) -> None:
    """Refuse at once the variables with which no process can be started."""
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name + value:
            raise ProviderError(400, f"envVars: {name!r:.80} cannot be set in a process.")


def _check_process(command: str) -> None:
    # An image of another template may be named as a function of ours.
    if command not in ("", PROCESS):
        raise ProviderError(
            400,
            f"envProcess is {command!r:.80}; only `{PROCESS}` of the template python3-faastrain is "
            "started here, so leave `fprocess` out, or deploy the image on a cluster.",
        )


def _memory(deployment: FunctionDeployment) -> int | None:
    text = deployment.limits.memory if deployment.limits else ""
    try:
        return quantity(text) if text else None
    except ValueError as error:
        raise ProviderError(400, f"limits.memory: {error}.") from error


def _whole(values: Mapping[str, str], key: str, default: str) -> int:
    text = values.get(key, default)
    if not (text.isdecimal() and len(text) <= 9 and int(text) <= MAX_COUNT):
        raise ProviderError(400, f"{key} is a whole number, 0 to {MAX_COUNT}; found {text!r:.40}.")
    return int(text)


def _duration(values: Mapping[str, str], key: str, default: str) -> float:
    text = values.get(key, default)
    try:
        return seconds(text)
    except StackError as error:
        raise ProviderError(400, f"{key}: {error}.") from error
