"""Trees of arrays as flat dictionaries, and back."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax

from faastraingym.schemas.array_specs import ArraySpec, check_named
from faastraingym.schemas.payloads import Arrays

Shapes = tuple[tuple[str, tuple[int, ...]], ...]


def flatten(tree: Any) -> Arrays:
    """`tree` as path -> array, sorted by path; a path looks like `policy/layer_0/kernel`."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    named = {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}
    # a copy: the update donates its buffers, and a view would be overwritten
    return {name: np.array(named[name]) for name in sorted(named)}


def restore(template: Any, arrays: Arrays) -> Any:
    """The tree of `template`'s structure that `flatten` made `arrays` of; its arrays are copies.

    Raises:
        PayloadError: `arrays` are not the leaves of `template`, with their shapes and dtypes.
    """
    paths, structure = jax.tree_util.tree_flatten_with_path(template)
    wanted = {
        jax.tree_util.keystr(path, simple=True, separator="/"): ArraySpec(
            np.dtype(leaf.dtype).str, *leaf.shape
        )
        for path, leaf in paths
    }
    check_named("LearnerState.optimizer", arrays, wanted)
    return jax.tree_util.tree_unflatten(structure, [np.array(arrays[name]) for name in wanted])


def shapes(arrays: Arrays) -> Shapes:
    """The shapes of arrays by their paths; hashable."""
    return tuple((path, array.shape) for path, array in arrays.items())


@functools.lru_cache(maxsize=16)
def optimizer_template(
    optimizer: Callable[[Any], optax.GradientTransformation], settings: Any, parameters: Shapes
) -> Any:
    """The structure of an optimizer's state, for `restore`.

    Args:
        optimizer: makes it of an algorithm's settings.
        settings: the algorithm's.
        parameters: the shapes of what it optimises.
    """
    zeros = nest({path: np.zeros(shape, np.float32) for path, shape in parameters})
    return jax.eval_shape(optimizer(settings).init, zeros)


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
