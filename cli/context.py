"""What every command gets besides its arguments."""

from typing import NamedTuple

from faastraingym.cli.screen import Screen
from faastraingym.client.client import Client
from faastraingym.client.world import World


class Context(NamedTuple):
    """The stack that a command speaks to, and where it prints."""

    client: Client
    screen: Screen

    @property
    def world(self) -> World:
        """The outside of that stack."""
        return self.client.aio.world
