import numpy as np

from faastraingym.algorithms import seeding
from faastraingym.schemas.arrays import pack, unpack


def test_equal_identities_give_equal_streams() -> None:
    """A retry draws what the first attempt drew."""
    first = seeding.generator(5, "action", 3, 1).random(4)
    assert np.array_equal(first, seeding.generator(5, "action", 3, 1).random(4))


def test_every_part_of_the_identity_counts() -> None:
    """Another run seed, purpose, index or order of indices gives another stream."""
    identities = [(5, "a", 1, 2), (6, "a", 1, 2), (5, "b", 1, 2), (5, "a", 1, 3), (5, "a", 2, 1)]
    draws = {seeding.integer(*identity) for identity in identities}
    assert len(draws) == len(identities)


def test_the_stream_of_an_identity_never_changes() -> None:
    """Old runs stay reproducible: these numbers may not change from release to release."""
    assert seeding.integer(0, "reset", 0, 0) == 1022086046
    assert seeding.key_data(2**62, "update", 1).dtype == np.uint32


def test_a_packed_generator_goes_on_where_it_stood() -> None:
    """The state survives the wire, in mid-stream and with half a word buffered."""
    source = seeding.generator(1, "action")
    source.integers(0, 10, size=3, dtype=np.int32)
    copy = seeding.unpack_generator(unpack(pack(seeding.pack_generator(source))))
    assert np.array_equal(
        copy.integers(0, 1000, size=5, dtype=np.int32),
        source.integers(0, 1000, size=5, dtype=np.int32),
    )
    assert np.array_equal(copy.standard_normal(9), source.standard_normal(9))
