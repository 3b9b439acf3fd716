"""rewards deploy, key: functions of one's own that give a run's rewards."""

from argparse import Namespace

from faastraingym.cli.context import Context
from faastraingym.client import reward_functions


def deploy(arguments: Namespace, context: Context) -> None:
    """Deploy the functions of a stack.yml, and print their names."""
    names = reward_functions.deploy(arguments.file, context.world)
    if arguments.json:
        context.screen.json({"functions": names})
        return
    for name in names:
        context.screen.line(
            f'deployed {name}; a specification names it: reward.function = "{name}"'
        )


def key(arguments: Namespace, context: Context) -> None:
    """Print the key by which a function knows that a request is this stack's."""
    found = reward_functions.key(arguments.name, context.world)
    if arguments.json:
        context.screen.json({"key": found})
    else:
        context.screen.line(found)
