from typing import NamedTuple

import numpy as np
import pytest

from faastraingym.algorithms import trees
from faastraingym.schemas.arrays import pack, unpack
from faastraingym.schemas.errors import PayloadError


class Moments(NamedTuple):
    count: np.ndarray
    mean: dict[str, dict[str, np.ndarray]]


TREE = ((), Moments(np.array(3, np.int32), {"b": {"k": np.ones((2, 1), np.float32)}}))


def test_a_tree_survives_the_wire() -> None:
    """Structure, scalars, shapes and dtypes come back; paths are sorted."""
    flat = trees.flatten(TREE)
    assert list(flat) == sorted(flat) == ["1/count", "1/mean/b/k"]
    empty, moments = trees.restore(TREE, unpack(pack(flat)))
    assert empty == ()
    assert (moments.count.dtype, moments.count.shape, int(moments.count)) == (np.int32, (), 3)
    assert np.array_equal(moments.mean["b"]["k"], TREE[1].mean["b"]["k"])


def test_a_missing_leaf_is_an_error() -> None:
    """An optimizer state of another shape is not taken for this one."""
    with pytest.raises(PayloadError, match="1/count"):
        trees.restore(TREE, {})


def test_nesting_copies() -> None:
    """What the update donates is not the caller's array."""
    flat = {"a/b": np.zeros(2), "c": np.ones(1)}
    nested = trees.nest(flat)
    nested["a"]["b"][0] = 5.0
    assert flat["a/b"][0] == 0.0
    assert nested["c"].tolist() == [1.0]
