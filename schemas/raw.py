"""A specification that nobody has checked yet, as a request has it: any value may be anything."""

from collections.abc import Mapping
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


def evaluating(spec: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, Any]:
    """The specification of a run that evaluates a policy, all that it needs.

    Args:
        spec: that has `evaluate`, and whatever shall be otherwise than in training.
        trained: the complete specification of the run that trained the policy.

    Returns:
        `spec`, with what it leaves out from `trained`. Of the tables `environment` and `evaluation`
        that goes key by key; another environment takes over no `kwargs` and no code, which are of
        the one that was trained in.
    """
    algorithm = trained.get("algorithm")
    if isinstance(algorithm, Mapping):
        algorithm = {key: value for key, value in algorithm.items() if key != _BEGINNING}
    taken = {key: value for key, value in trained.items() if key not in _OF_LEARNING}
    here = {"environment": _environment(spec, trained), "evaluation": _evaluation(spec, trained)}
    found = {**taken, "algorithm": algorithm, "stop": {"env_steps": 0}, **spec}
    return found | {key: table for key, table in here.items() if table is not None}


_BEGINNING = "init_from"
_OF_LEARNING = ("stop", "reward", "retention", _BEGINNING)
_OF_ONE_ENVIRONMENT = ("kwargs", "packages", "memory")


def _environment(spec: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, Any] | None:
    own, before = spec.get("environment", {}), environment(trained)
    if not isinstance(own, Mapping):
        return None
    other = "id" in own and own["id"] != before.get("id")
    kept = {k: v for k, v in before.items() if not (other and k in _OF_ONE_ENVIRONMENT)}
    return {**kept, **own}


def _evaluation(spec: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, Any] | None:
    """Without the number of pieces, which suits another number of episodes."""
    own, before = spec.get("evaluation", {}), trained.get("evaluation")
    if not isinstance(own, Mapping):
        return None
    kept = before if isinstance(before, Mapping) else {}
    return {**{key: value for key, value in kept.items() if key != "pieces"}, **own}


def text(spec: Any) -> bytes:
    """The specification as JSON with sorted keys: equal ones have the same SHA-256."""
    return msgspec.json.encode(spec, order="deterministic")
