"""Updates are timed after the one that compiles; what cannot be measured says why."""

from benchmarks import updates


def test_the_update_that_compiles_is_not_counted() -> None:
    """As many seconds as were asked for."""
    found = updates.updates(num_envs=2, repeat=2)
    assert len(found) == 2
    assert all(seconds > 0.0 for seconds in found)


def test_a_device_that_is_missing_is_a_row_with_a_word() -> None:
    """And without samples."""
    row = updates.row("65,536 samples", "GPU", 1, present=False)
    assert (row.samples, row.note) == ([], updates.MISSING)
    assert "65,536" in row.what
