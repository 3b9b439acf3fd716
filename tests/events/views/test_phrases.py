"""Facts in words that a person who trains understands."""

from faastraingym.events.views.phrases import configuration, phrase
from faastraingym.schemas.messages import RolloutReissued, RunStalled, TrialReported
from tests.client.facts import RUN


def test_a_stall_is_no_end() -> None:
    """The run waits for something, which is asked for once more."""
    assert phrase(RunStalled(run=RUN, number=0, waiting_for=["update-policy", "evaluate"])) == (
        "no progress lately: asked again for update-policy, evaluate; the run goes on"
    )


def test_a_late_rollout_is_named_with_how_late_it_was() -> None:
    """Beside what its siblings took."""
    late = RolloutReissued(run=RUN, version=7, index=1, seconds=6.04, median_seconds=1.96)
    assert phrase(late) == (
        "version 7, rollout 1: late after 6.0 s, its siblings took 2.0 s; issued a second time"
    )


def test_a_run_of_a_trial_is_named_once() -> None:
    """Though the reason why it failed names it, too."""
    failed = TrialReported(
        run="x",
        trial=3,
        seed=5,
        rung=0,
        end="failed",
        score=None,
        env_steps=0,
        gb_seconds=0.0,
        reason="run x-3-5: rollout: no GPU\nat all",
        policy=None,
        manifest=None,
    )
    assert phrase(failed) == "x-3-5: rollout: no GPU; at all"


def test_a_drawn_number_has_six_digits_and_all_else_is_as_it_is_written() -> None:
    drawn = {"algorithm.learning_rate": 0.00037808948024674533, "rollout.num_steps": 1234567}
    assert configuration({**drawn, "algorithm.activation": "relu"}) == (
        "algorithm.learning_rate = 0.000378089, rollout.num_steps = 1234567, "
        "algorithm.activation = 'relu'"
    )
