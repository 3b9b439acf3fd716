"""A specification that nobody has checked yet, as a request has it: any value may be anything."""

from typing import Any

import msgspec


def environment(spec: Any) -> dict[str, Any]:
    """The table `environment`; empty where there is none."""
    found = spec.get("environment") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else {}


def base(spec: Any) -> dict[str, Any]:
    """The base run of an experiment; empty where there is none."""
    found = spec.get("run") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else {}


def packages(spec: Any) -> list[str]:
    """The SHA-256 of the packages that the environment names; empty where it names none."""
    named = environment(spec).get("packages")
    return [one for one in named if isinstance(one, str)] if isinstance(named, list) else []


def text(spec: Any) -> bytes:
    """The specification as JSON with sorted keys: equal ones have the same SHA-256."""
    return msgspec.json.encode(spec, order="deterministic")
