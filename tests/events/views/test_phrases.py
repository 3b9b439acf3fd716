"""Facts in words that a person who trains understands."""

from faastraingym.events.views.phrases import phrase
from faastraingym.schemas.messages import RunStalled
from tests.client.facts import RUN


def test_a_stall_is_no_end() -> None:
    """The run waits for something, which is asked for once more."""
    assert phrase(RunStalled(run=RUN, number=0, waiting_for=["update-policy", "evaluate"])) == (
        "no progress lately: asked again for update-policy, evaluate; the run goes on"
    )
