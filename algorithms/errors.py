"""The errors of the numerics.

EnvironmentFailed    the environment's own code raised; `__cause__` is what it raised
"""

from faastraingym.schemas.errors import RunFault


class EnvironmentFailed(RunFault):
    """An environment could not be built, reset or stepped; doing it again gives the same."""
