"""Names that an experiment needs, and who has them."""

import pytest

from faastraingym.events.experiments import names
from faastraingym.schemas.messages import Membership, RunRequested


@pytest.mark.parametrize(
    ("run", "is_taken"),
    [("a", True), ("a-0-7", True), ("a-12-345", True), ("a-0", False), ("b-0-7", False)],
)
def test_the_name_of_another_run_is_taken(run: str, is_taken: bool) -> None:
    assert [*names.taken("a", [RunRequested(run=run, spec={})])] == [run] * is_taken


def test_its_own_runs_take_no_name() -> None:
    own = RunRequested(run="a-0-7", spec={}, experiment=Membership(name="a", trial=0, seed=7))
    assert not [*names.taken("a", [own])]
