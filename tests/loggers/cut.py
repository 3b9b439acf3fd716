"""A run that is logged in two goes, the first of which is cut off."""

from collections.abc import Callable

from faastraingym.loggers.kinds import Subject, Writer
from faastraingym.loggers.recording import Recording
from faastraingym.loggers.rows import points
from tests.loggers.facts import ROWS, SUBJECT

Curve = list[tuple[int, float]]
CURVES: dict[str, Curve] = {
    "rollout/ep_rew_mean": [(64, 20.0), (128, 40.0)],
    "train/loss": [(64, 0.5), (128, 0.25)],
    "eval/mean_reward": [(64, 30.0)],
}


def logged_twice(opened: Callable[[str, Subject], Writer], target: str) -> None:
    """All rows, by a writer that knows what one wrote that never came to its end."""
    first = opened(target, SUBJECT)
    assert first.written() == set()
    first.write(ROWS[:1])
    first.write(ROWS[1:2])
    again = opened(target, SUBJECT)
    assert again.written() >= {point for row in ROWS[:2] for point in points(row)}
    troubles: list[str] = []
    recording = Recording("real", again, troubles.append)
    for row in ROWS:
        recording.add(row)
    assert recording.close("completed"), troubles
    assert recording.numbers == 1
