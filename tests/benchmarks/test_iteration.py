"""The profile as rows."""

from benchmarks.iteration import rows
from faastraingym.events.views.invocations import invocations
from faastraingym.events.views.iterations import iterations
from faastraingym.events.views.profile import profile
from tests.events.traced import SAID, USAGE


def test_steps_and_kinds_of_each_repetition() -> None:
    """Kinds that the median iteration has nothing of are left out."""
    found = invocations(SAID, USAGE)
    one = profile("r", iterations(SAID, found)[:1], found)
    told = {row.what.strip(): row.samples for row in rows([one, one])}
    assert told["whole iteration"] == [100.0, 100.0]
    assert told["before rollout"] == [18.0, 18.0]
    assert told["in rollout"] == [8.0, 8.0]
    assert told["update"] == [40.0, 40.0]
    assert told["overhead"] == [0.56, 0.56]
    assert "retry" not in told
