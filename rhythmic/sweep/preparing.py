"""What ``prepare`` gives over a design, known by the hashes of its rows."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import UInt8

from rhythmic.typing import PyTree

ROWS_AT_ONCE = 4096
# Of a larger design, as many points are looked at, evenly spread.
MOST_ROWS = 2**16
DIGEST_BYTES = 32


class PreparedRows(NamedTuple):
    """The rows of some points.

    Attributes:
        places: global indices of the points, ascending.
        digests: the bytes of the row of each, or their sha256 where there are more than of that.
    """

    places: np.ndarray
    digests: UInt8[np.ndarray, "row byte"]

    def hash(self) -> str:
        """Return one sha256 of all."""
        return hashlib.sha256(self.digests.tobytes()).hexdigest()

    def check(self, places: np.ndarray, prepared: PyTree) -> None:
        """Raise a ValueError if the rows of some points are others than they were.

        Args:
            places: global indices of the points, in any order; those not known are not looked at.
            prepared: what ``prepare`` gave for them.
        """
        found = np.searchsorted(self.places, places)
        found[found == len(self.places)] = 0
        known = np.flatnonzero(self.places[found] == places)
        if not known.size:
            return
        digests = row_digests(jax.tree.map(lambda x: x[known], prepared))
        changed = np.flatnonzero(np.any(digests != self.digests[found[known]], axis=1))
        if changed.size:
            raise ValueError(
                f"prepare gave another row for point {places[known[changed[0]]]} than before; a "
                "row must depend on the parameters of its point alone"
            )


def rows_over(num_points: int, prepared: Callable[[np.ndarray], PyTree]) -> PreparedRows:
    """Return the rows of a whole design, of a large one an evenly spread sample with both ends.

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
    return PreparedRows(places, np.concatenate(blocks))


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
