"""The errors of the numerics.

EnvironmentFailed    the environment's own code raised; `__cause__` is what it raised
Misfit               what it gave cannot be used; `foreign` makes an EnvironmentFailed of it
"""

from faastraingym.schemas.errors import RunFault


class EnvironmentFailed(RunFault):
    """An environment could not be built, reset or stepped; doing it again gives the same."""


class Misfit(ValueError):  # noqa: N818  the condition's own name
    """An environment gave what nothing can be done with; its text is a clause that says what."""
