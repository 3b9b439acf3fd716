"""What can go wrong in the numerics.

EnvironmentFailed    the environment's own code raised; `__cause__` is what it raised
"""


class EnvironmentFailed(RuntimeError):  # noqa: N818 - it names what happened
    """An environment could not be built, reset or stepped; doing it again gives the same."""
