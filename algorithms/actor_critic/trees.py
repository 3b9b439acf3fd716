"""Trees of arrays as flat dictionaries, and back."""

from typing import Any

import jax
import numpy as np

from faastraingym.algorithms import shape_checks
from faastraingym.schemas.payloads import Arrays


def flatten(tree: Any) -> Arrays:
    """`tree` as path -> array, sorted by path; a path looks like `policy/layer_0/kernel`."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    named = {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}
    # a copy: the update donates its buffers, and a view would be overwritten
    return {name: np.array(named[name]) for name in sorted(named)}


def restore(template: Any, arrays: Arrays) -> Any:
    """The tree of `template`'s structure that `flatten` made `arrays` of; its arrays are copies.

    Raises:
        PayloadError: `arrays` lacks a leaf of `template`, or has one of another shape or dtype.
    """
    paths, structure = jax.tree_util.tree_flatten_with_path(template)
    wanted = {jax.tree_util.keystr(p, simple=True, separator="/"): leaf for p, leaf in paths}
    shape_checks.arrays("LearnerState.optimizer", arrays, wanted)
    return jax.tree_util.tree_unflatten(structure, [np.array(arrays[name]) for name in wanted])


def nest(arrays: Arrays) -> dict[str, Any]:
    """Nested dictionaries of a flat one; the arrays are copies."""
    tree: dict[str, Any] = {}
    for path, array in arrays.items():
        *parents, name = path.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = np.array(array)
    return tree
