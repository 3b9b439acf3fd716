import pytest

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.stage import limits
from faastraingym.algorithms.limits import Limits


def test_the_memory_that_runs_may_use() -> None:
    """Quantities as in stack.yml; what is not told is 0."""
    told = {"FTG_ROLLOUT_MEMORY": "512Mi", "FTG_LEARNER_MEMORY": "2Gi"}
    assert limits.told(told) == Limits(512 << 20, 2 << 30)
    assert limits.told({"FTG_ROLLOUT_MEMORY": ""}) == Limits()
    with pytest.raises(SettingsError, match="FTG_LEARNER_MEMORY: 'much' is not a quantity"):
        limits.told({"FTG_LEARNER_MEMORY": "much"})
