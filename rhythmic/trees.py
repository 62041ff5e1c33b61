"""Arrays of a model by their paths, such as ``layers.0.cell.recurrent_weights``."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.typing import Array, PyTree


@checked
def named_arrays(tree: PyTree) -> dict[str, Array]:
    """Return the arrays of a tree, of any shape, by path, such as ``cell.recurrent_weights``."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {path_name(path): leaf for path, leaf in leaves}


@checked
def with_named_arrays(tree: PyTree, arrays: Mapping[str, Any]) -> PyTree:
    """Return ``tree`` with the arrays at the paths that ``arrays`` names; the inverse of the above.

    Each of ``arrays`` should have the shape of what it replaces; that is not checked.

    Raises:
        ValueError: for a path that the tree does not have.
    """
    unknown = sorted(arrays.keys() - named_arrays(tree).keys())
    if unknown:
        raise ValueError(f"arrays names {unknown[0]}, which this model does not have")

    def replace(path: tuple[Any, ...], leaf: PyTree) -> PyTree:
        name = path_name(path)
        return jnp.asarray(arrays[name], leaf.dtype) if name in arrays else leaf

    return jax.tree_util.tree_map_with_path(replace, tree)


def path_name(path: tuple[Any, ...]) -> str:
    """Return a path through a tree, written with dots."""
    return jax.tree_util.keystr(path, simple=True, separator=".")
