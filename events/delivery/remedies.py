"""How a person can shorten work that is too long: a clause for each function."""

from typing import NamedTuple

from faastraingym.events.topology.stack_file import Function


class Remedy(NamedTuple):
    """The remedy for one function."""

    work: str  # the function's work, for a person
    shorten: str
    otherwise: str  # where it ought to be quick


REMEDIES = {
    "rollout": Remedy(
        "rollout",
        "shorten it (rollout.num_steps, environment.num_envs)",
        "if it should be quick, its environment never answers",
    ),
    "evaluate": Remedy(
        "evaluation",
        "give it fewer episodes (evaluation.episodes) or shorter ones (max_episode_steps)",
        "if it should be quick, its environment never answers or its episodes never end",
    ),
    "update-policy": Remedy(
        "update",
        "make it smaller (rollout.count, rollout.num_steps, passes over the batch) or give it"
        " more threads (learner.threads)",
        "if it should be quick, its replica has less processor than it needs",
    ),
}


def overtime(function: Function, times: int) -> str:
    """A sentence that names the work that was too long, how often it was, and the remedy."""
    remedy = REMEDIES.get(function.name, Remedy("call", "shorten it", "if not, it hangs"))
    often = {1: "", 2: " twice"}.get(times, f" {times} times")
    return (
        f"its {remedy.work} ran longer than exec_timeout={function.timeout:g}s{often}: "
        f"{remedy.shorten}, or raise exec_timeout of {function.name} in stack.yml; "
        f"{remedy.otherwise}"
    )
