"""Object keys. A key derives from what an object is, never from when or by whom it was made."""


def manifest(run: str) -> str:
    """The validated specification of a run."""
    return f"runs/{run}/manifest.msgpack"


def trajectory(run: str, version: int, index: int) -> str:
    """What slot `index` collected under policy `version`."""
    return f"runs/{run}/trajectories/{version}/{index}.msgpack"


def rewards(run: str, version: int) -> str:
    """Transformed rewards of the batch collected under policy `version`."""
    return f"runs/{run}/rewards/{version}.msgpack"


def policy(run: str, version: int) -> str:
    """What an actor needs of policy `version`."""
    return f"runs/{run}/policies/{version}.msgpack"


def learner(run: str, version: int) -> str:
    """What the learner needs to go on from policy `version`."""
    return f"runs/{run}/learner/{version}.msgpack"


def evaluation(run: str, version: int) -> str:
    """The evaluation episodes of policy `version`."""
    return f"runs/{run}/evaluations/{version}.msgpack"


def report(run: str) -> str:
    """The final report."""
    return f"runs/{run}/report.json"


def learning_curve(run: str) -> str:
    """The report's picture."""
    return f"runs/{run}/learning_curve.png"
