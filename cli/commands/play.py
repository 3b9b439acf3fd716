"""play: an episode of a policy, in a window or as a file."""

import os
import sys
import warnings
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.wrappers import RecordEpisodeStatistics

from faastraingym.cli.context import Context
from faastraingym.client import episodes, loop, opening, playing, training_environment
from faastraingym.client.errors import BadInput
from faastraingym.client.policy import Policy
from faastraingym.schemas.models import PREFIX

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
OTHERWISE = "--environment names another, as my_env.py:MyEnv in the current folder"


def play(arguments: Namespace, context: Context) -> None:
    """Show it where there is a display, unless a file is wanted; print where, and its return."""
    source = Path(arguments.what)
    here = source.exists() or source.suffix == ".npz"
    if not here and arguments.what.startswith(PREFIX):
        policy = context.client.models.policy(arguments.what)
    else:
        policy = Policy.load(source if here else context.client.run(arguments.what))
    mode = "human" if arguments.out is None and _has_display(os.environ) else "rgb_array"
    with RecordEpisodeStatistics(_environment(policy, arguments.environment, mode, context)) as env:
        file = None
        if mode == "human":
            playing.evaluate(policy, env, episodes=1, seed=arguments.seed)
        else:
            file = arguments.out or Path(f"{source.stem or policy.report.run_id}.gif")
            playing.record_video(policy, env, file, seed=arguments.seed)
        returned = float(env.episode_returns)  # so far, where the episode is longer than a file
    if arguments.json:
        context.screen.json({"file": file and str(file), "return": returned})
    else:
        where = f"written to {file}" if file else "shown in a window"
        context.screen.line(
            f"an episode of version {policy.version}, return {returned:.2f}, {where}"
        )


def _has_display(environment: Mapping[str, str]) -> bool:
    return sys.platform in ("darwin", "win32") or any(environment.get(name) for name in DISPLAYS)


def _environment(
    policy: Policy, named: str | None, mode: str, context: Context
) -> "gymnasium.Env[Any, Any]":
    """The one that the policy was trained in, or another with the same spaces.

    Raises:
        BadInput: it cannot be built, or does not draw.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*possible render_modes")  # we say it
        if named:
            return _named(named, mode, policy, context)
        found = training_environment.ready(
            context.client.aio,
            policy.report,
            lambda sentence: context.screen.remark(f"faastrain: {sentence}"),
        )
        wanted = loop.run(found)
        try:
            return training_environment.build(wanted, mode)
        except BadInput as error:
            raise BadInput(f"{error}; {opening.remedy(error, OTHERWISE)}") from error


def _named(named: str, mode: str, policy: Policy, context: Context) -> "gymnasium.Env[Any, Any]":
    """By all that `train` takes; the one of the run as the run had it."""
    training_environment.import_registered(context.world.environment)
    env_id = opening.imported(named)
    loop.run(training_environment.find(context.client.aio, env_id))
    return opening.built(env_id, mode, episodes.trained_in(policy))
