"""From what a caller names to a raw specification: a file, an environment, a table, keywords."""

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from faastraingym.algorithms.experiments.specification import is_experiment
from faastraingym.client import environments, examples, keywords, remedies
from faastraingym.client.errors import BadInput
from faastraingym.client.specifications import Composed, load
from faastraingym.events.triggers import documents
from faastraingym.schemas.specification import RunSpec, to_dict

DEFAULT_ALGORITHM = "ppo"
DEFAULT_STEPS = 100_000  # of a run of an environment alone, whose caller names no budget


def named(name: str) -> Composed:
    """The specification that a person names: a file, or an environment as `train` takes it.

    An environment's example stands for it where there is one.

    Raises:
        BadInput: it cannot be read, or its code cannot be packed.
    """
    is_spec = is_file(name) and not environments.is_code(name)
    file = Path(name) if is_spec else examples.by_environment().get(name)
    if file:
        return Composed(load(file), name, file.stem, folder=file.parent)
    return _bare(environments.resolve(name), name, None)


def is_file(name: str) -> bool:
    """Whether it can only be a file's name, or there is such a file."""
    return documents.suffix(Path(name).name) in documents.PARSERS or bool(
        name and Path(name).exists()
    )


def composed(
    env: object,
    algorithm: str | None,
    budget: int | None,
    target: float | None,
    seed: int | None,
    overrides: Mapping[str, Any],
) -> Composed:
    """A specification from the arguments of `faastraingym.train`.

    Raises:
        BadInput: `env` is nothing that can be trained, or a file that cannot be read; or a keyword
            is neither a section nor a setting of the algorithm, and means something that is.
    """
    base = _base(env, algorithm)
    raw = copy.deepcopy(base.raw)
    if algorithm and _algorithm(raw) != algorithm:
        raw["algorithm"] = {"name": algorithm}
    if seed is not None:
        raw["seed"] = seed
    stop = {"env_steps": budget, "target": target}
    _merge(raw, "stop", {name: value for name, value in stop.items() if value is not None})
    _override(raw, _plain(overrides))
    return budgeted(
        base._replace(raw=raw, form=remedies.keyword), "`budget=N` and other arguments change that"
    )


def experiment(source: object) -> Composed:
    """The specification of an experiment, from a file or a table.

    Raises:
        BadInput: it is neither, a file that cannot be read, or a run's specification.
    """
    if isinstance(source, Mapping):
        found = Composed(_plain(source), "spec", "experiment")
    elif isinstance(source, str | Path) and is_file(str(source)):
        found = named(str(source))
    else:
        raise BadInput(
            f"experiment: found {source!r:.80}; allowed: the path of a TOML, YAML or JSON file, or "
            'a dictionary, as {"run": {...}, "space": {...}}'
        )
    if not is_experiment(found.raw):
        raise BadInput(
            f"{found.origin}: has no table `space`, so it is no experiment's specification; "
            "Client.start takes a run's"
        )
    return found


def budgeted(composed: Composed, remedy: str) -> Composed:
    """With the default budget where an environment alone is named, which is said.

    Args:
        composed: with all that its caller overrode.
        remedy: how the caller names another one.
    """
    raw = composed.raw
    stop = raw.setdefault("stop", {}) if composed.is_bare else None
    if not isinstance(stop, dict) or "env_steps" in stop:
        return composed
    chosen = f"{_algorithm(raw)} with its defaults for {DEFAULT_STEPS:,} steps"
    raw = raw | {"stop": {"env_steps": DEFAULT_STEPS, **stop}}
    return composed._replace(
        raw=raw, advice=(*composed.advice, f"no specification: {chosen}; {remedy}")
    )


def _base(env: object, algorithm: str | None) -> Composed:
    """What the caller named, before the other arguments apply."""
    if isinstance(env, RunSpec):
        env = to_dict(env)
    if isinstance(env, Mapping):
        return Composed(_plain(env), "spec", "run")
    if isinstance(env, str | Path) and is_file(str(env)) and not environments.is_code(str(env)):
        return named(str(env))
    found = environments.resolve(env)
    example = examples.by_environment(algorithm).get(found.env_id)
    if example:
        return Composed(load(example), found.env_id, _unversioned(found.stem))
    return _bare(found, found.env_id, algorithm)


def _bare(found: environments.Named, origin: str, algorithm: str | None) -> Composed:
    """An environment alone, with an algorithm."""
    chosen = {"name": algorithm or DEFAULT_ALGORITHM}
    raw = {"environment": {"id": found.env_id}, "algorithm": chosen, "stop": {}}
    return Composed(raw, origin, _unversioned(found.stem), source=found.source, is_bare=True)


def _unversioned(env_id: str) -> str:
    return re.sub(r"(-v\d+)?$", "", env_id)


def _override(raw: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    """Replace sections, and settings of the algorithm by all other names.

    Raises:
        BadInput: names are neither, and mean something that is.
    """
    sections = keywords.sections()
    begins = overrides.get("init_from")
    if isinstance(begins, Mapping) and "model" not in begins:  # a dataset, which is the algorithm's
        del sections["init_from"]
    settings = {name: value for name, value in overrides.items() if name not in sections}
    problems = [keywords.problem(name, _algorithm(raw)) for name in settings]
    if any(problems):
        raise BadInput("\n".join(filter(None, problems)))
    for name in overrides.keys() & sections:
        _merge(raw, name, overrides[name])
    if settings:
        _merge(raw, "algorithm", settings)


def _plain(value: Any) -> Any:
    """With Python's numbers and lists for NumPy's, as a sweep has them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _algorithm(raw: Mapping[str, Any]) -> object:
    """The name of the algorithm in a raw specification, if it has one."""
    table = raw.get("algorithm")
    return table.get("name") if isinstance(table, Mapping) else None


def _merge(raw: dict[str, Any], section: str, value: Any) -> None:
    """A table's fields replace those of the same names; anything else replaces the section."""
    known = raw.get(section)
    if isinstance(known, dict) and isinstance(value, Mapping):
        value = {**known, **value}
    raw[section] = value
