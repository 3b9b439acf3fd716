"""Where the channels of an image are."""

import pytest

from faastraingym.algorithms.networks import images


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((84, 84), (84, 84, 1)),
        ((84, 84, 3), (84, 84, 3)),
        ((3, 84, 84), (84, 84, 3)),
        ((4, 84, 84), (84, 84, 4)),  # FrameStackObservation of GrayscaleObservation
        ((10, 84, 84), (84, 84, 10)),
        ((210, 160, 3), (210, 160, 3)),
        ((1, 60, 80), (60, 80, 1)),
        ((4, 4, 3), (4, 4, 3)),  # three would do for either end; two are equal
        ((8, 8, 111), (8, 8, 111)),  # planes of a board
        ((6, 60, 80), (60, 80, 6)),
        ((4, 84, 84, 3), (84, 84, 12)),  # FrameStackObservation of colours
        ((2, 3, 84, 84), (84, 84, 6)),
    ],
)
def test_they_are_found(shape: tuple[int, ...], size: tuple[int, int, int]) -> None:
    order = images.axes(shape)
    assert order is not None
    assert sorted(order) == list(range(len(shape)))
    assert images.size(shape, order) == size


@pytest.mark.parametrize("shape", [(3, 3, 3), (4, 9, 3), (7, 8, 9)])
def test_they_are_asked_for_where_nothing_tells(shape: tuple[int, ...]) -> None:
    assert images.axes(shape) is None
    assert images.axes(shape, "first") == (1, 2, 0)
    assert images.axes(shape, "last") == (0, 1, 2)
    assert images.axes((5, *shape), "first") == (2, 3, 0, 1)


def test_what_is_given_goes_before_what_is_found() -> None:
    assert images.axes((84, 84, 3), "first") == (1, 2, 0)
