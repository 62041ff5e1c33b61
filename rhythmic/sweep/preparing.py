"""What ``prepare`` gives over a design, known by the hashes of its rows."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, UInt8

from rhythmic.typing import PyTree

ROWS_AT_ONCE = 4096
# Of a larger design, as many points are used, evenly spaced.
MOST_ROWS = 2**16
DIGEST_BYTES = 32


class PreparedRows(NamedTuple):
    """The rows of some points.

    Attributes:
        places: global indices of the points, ascending.
        digests: the bytes of the row of each, or their sha256 where there are more than of that.
        again: gives the rows of some of the places once more.
    """

    places: np.ndarray
    digests: UInt8[np.ndarray, "row byte"]
    again: Callable[[np.ndarray], PyTree]

    def hash(self) -> str:
        """Return one sha256 of all."""
        return hashlib.sha256(self.digests.tobytes()).hexdigest()

    def check(self, places: np.ndarray, prepared: PyTree) -> None:
        """Raise a ValueError if the rows of some points are others than they were.

        A product of matrices rounds a row in another way among other rows: real numbers may differ
        by rounding, everything else by nothing.

        Args:
            places: global indices of the points, in any order; those not known are not compared.
            prepared: what ``prepare`` gave for them.
        """
        found = np.searchsorted(self.places, places)
        found[found == len(self.places)] = 0
        known = np.flatnonzero(self.places[found] == places)
        if not known.size:
            return
        digests = row_digests(jax.tree.map(lambda x: x[known], prepared))
        changed = known[np.any(digests != self.digests[found[known]], axis=1)]
        for first in np.unique(found[changed] // ROWS_AT_ONCE) * ROWS_AT_ONCE:
            rows = changed[found[changed] // ROWS_AT_ONCE * ROWS_AT_ONCE == first]
            # Asked for as they were, in one block, so that nothing is rounded in another way.
            before = self.again(self.places[first : first + ROWS_AT_ONCE])
            pairs = zip(jax.tree.leaves(before), jax.tree.leaves(prepared), strict=True)
            others = [differ(old[found[rows] - first], new[rows]) for old, new in pairs]
            wrong = rows[np.any(others, axis=0)]
            if wrong.size:
                raise ValueError(
                    f"prepare gave another row for point {places[wrong[0]]} than before; a row "
                    "must depend on the parameters of its point alone"
                )


def differ(old: np.ndarray, new: np.ndarray) -> Bool[np.ndarray, " row"]:
    """Return which rows of two arrays differ by more than rounding, 1000 of the largest entry's."""
    old, new = (np.asarray(x).reshape(len(x), -1) for x in (old, new))
    if not np.issubdtype(new.dtype, np.inexact):
        return np.any(old != new, axis=1)
    rounding = 1000 * np.finfo(new.dtype).eps
    scale = np.max(np.abs(old), axis=1, initial=0.0, where=np.isfinite(old), keepdims=True)
    with np.errstate(invalid="ignore"):  # the difference of infinities
        close = (np.abs(old - new) <= rounding * scale) | (old == new)
    return ~np.all(close | (np.isnan(old) & np.isnan(new)), axis=1)


def rows_over(num_points: int, prepared: Callable[[np.ndarray], PyTree]) -> PreparedRows:
    """Return the rows of a whole design, of a large one an evenly spaced sample with both ends.

    Args:
        num_points: points of the design.
        prepared: what ``prepare`` gives for global indices.
    """
    places = np.arange(num_points)
    if num_points > MOST_ROWS:
        places = np.linspace(0, num_points - 1, MOST_ROWS).round().astype(np.int64)
    blocks = [
        row_digests(prepared(places[first : first + ROWS_AT_ONCE]))
        for first in range(0, len(places), ROWS_AT_ONCE)
    ]
    return PreparedRows(places, np.concatenate(blocks), prepared)


def row_digests(tree: PyTree) -> UInt8[np.ndarray, "row byte"]:
    """Return the bytes of every row of the arrays of a tree, or the sha256 of longer rows."""
    arrays = [np.ascontiguousarray(x) for x in jax.tree.leaves(tree)]
    parts = [x.reshape(len(x), -1).view(np.uint8) for x in arrays if x.size]
    if sum(x.shape[1] for x in parts) <= DIGEST_BYTES:
        return np.concatenate([np.empty((len(arrays[0]), 0), np.uint8), *parts], axis=1)
    digests = np.empty((len(arrays[0]), DIGEST_BYTES), np.uint8)
    for row, digest in enumerate(digests):
        found = hashlib.sha256()
        for x in parts:
            found.update(x[row])
        digest[:] = np.frombuffer(found.digest(), np.uint8)
    return digests
