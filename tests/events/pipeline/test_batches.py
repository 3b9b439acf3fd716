"""When a batch, or an evaluation in pieces, is whole, and what is in it."""

import pytest

from faastraingym.events.pipeline import batches
from faastraingym.events.ports import Unavailable
from faastraingym.schemas.messages import EpisodeSummary
from tests.events import facts
from tests.events.facts import collected, piece, ready, specification

SPEC = specification(rollout={"count": 3, "threshold": 2})
PIECES = specification(evaluation={"every": 1, "episodes": 4, "pieces": 2})


def test_the_first_rollouts_make_the_batch_in_the_order_of_their_slots() -> None:
    said = [collected(4, 2, lag=1), collected(4, 0, lag=1), collected(4, 1, lag=1)]
    assert batches.batch(SPEC, said) == ready(4, (0, 2), lag=1)


def test_a_batch_that_was_said_is_not_said_again() -> None:
    assert batches.batch(SPEC, [collected(1, 0), collected(1, 1), ready(1)]) is None


def test_facts_that_were_counted_and_not_read_are_waited_for() -> None:
    """Else a batch would be smaller than the threshold."""
    with pytest.raises(Unavailable, match="1 rollouts of 2 were read"):
        batches.batch(SPEC, [collected(1, 0)])
    with pytest.raises(Unavailable, match="1 pieces of 2 were read"):
        batches.evaluation(PIECES, [piece(1, 1), piece(1, 1)])


def test_the_pieces_of_an_evaluation_are_in_their_order() -> None:
    said = [facts.updated(1), piece(1, 1), piece(1, 0)]
    assert batches.evaluation(PIECES, said) == [piece(1, 0), piece(1, 1)]


def test_merging_with_nothing_changes_nothing() -> None:
    """A rollout in which no episode ended is the neutral element."""
    nothing = EpisodeSummary()
    one = EpisodeSummary(episodes=1, return_sum=4.0, return_min=4.0, return_max=4.0, length_sum=9)
    assert batches.merge([nothing, one, nothing]) == one
    assert batches.merge([]) == nothing


def test_merged_episodes_are_sums_and_extremes() -> None:
    one = EpisodeSummary(episodes=1, return_sum=4.0, return_min=4.0, return_max=4.0, length_sum=9)
    two = EpisodeSummary(episodes=2, return_sum=-1.0, return_min=-3.0, return_max=2.0, length_sum=5)
    assert batches.merge([one, two]) == EpisodeSummary(
        episodes=3, return_sum=3.0, return_min=-3.0, return_max=4.0, length_sum=14
    )
