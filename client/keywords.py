"""Keywords of `train` that are no setting of the algorithm: where a caller finds what he means."""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec

from faastraingym.algorithms.registry import specification
from faastraingym.schemas.specification import AlgorithmSpec, RunSpec, Section

# Words of Stable-Baselines3 and of Gymnasium, and ours for the same.
OURS = {
    "total_timesteps": "budget=N",
    "total_steps": "budget=N",
    "timesteps": "budget=N",
    "verbose": "progress=True",
    "progress_bar": "progress=True",
    "tensorboard_log": 'loggers={"tensorboard": "DIR"}',
    "n_steps": 'rollout={"num_steps": N}',
    "n_envs": 'environment={"num_envs": N}',
    "env_kwargs": 'environment={"kwargs": {...}}',
    "max_episode_steps": 'environment={"kwargs": {"max_episode_steps": N}}',
    "eval_freq": 'evaluation={"every": N}, in versions of the policy',
    "n_eval_episodes": 'evaluation={"episodes": N}',
    "lr": "learning_rate=X",
    "n_epochs": "update_epochs=N",
    "batch_size": "num_minibatches=N, into which the samples of an update are divided",
    "clip_range": "clip_coef=X",
    "normalize_advantage": "normalize_advantages=True",
    "policy_kwargs": "hidden_sizes=(64, 64), activation",
    "net_arch": "hidden_sizes=(64, 64)",
    "callback": "Client.start(...), and Run.events(follow=True), which gives each fact",
    # arguments of `train` where a run is only started
    "files": "Run.save(folder) once it has ended",
    "progress": "Run.follow(), which shows it",
    "loggers": "Run.follow(loggers=...)",
    "client": "the Client that this is a method of",
}


def sections() -> dict[str, type[Section] | None]:
    """The parts of a specification that `train` takes by name; None: no table of named fields."""
    hints = get_type_hints(RunSpec)
    return {name: _table(hint) for name, hint in hints.items() if name != "algorithm"}


def problem(name: str, algorithm: Any) -> str:
    """What to write for a keyword that the algorithm has no setting of; "": nothing is known.

    Args:
        name: the keyword.
        algorithm: the algorithm's name, which may be none's.
    """
    kind = settings(algorithm)
    if kind is None or name in kind.__struct_fields__:
        return ""
    places = [
        f'{section}={{"{name}": ...}}'
        for section, table in sections().items()
        if table and name in table.__struct_fields__
    ]
    instead = OURS.get(name) or " or ".join(places)
    return f"{name}: is no setting of {algorithm}; write {instead}" if instead else ""


def settings(algorithm: Any) -> type[AlgorithmSpec] | None:
    """The settings of the algorithm of that name; None: there is none."""
    return next((kind for kind in _algorithms() if _tag(kind) == algorithm), None)


def _algorithms() -> Iterator[type[AlgorithmSpec]]:
    """The settings of each algorithm."""
    hint = get_type_hints(specification())["algorithm"]
    yield from get_args(hint) or (hint,)


def _tag(kind: type[msgspec.Struct]) -> object:
    return kind.__struct_config__.tag


def _table(hint: Any) -> type[Section] | None:
    return hint if isinstance(hint, type) and issubclass(hint, Section) else None
