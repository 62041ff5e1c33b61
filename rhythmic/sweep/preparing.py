"""What ``prepare`` gives over a design, known by the hashes of its rows."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from rhythmic.typing import PyTree

ROWS_AT_ONCE = 4096
# Of a larger design, as many points are looked at, evenly spread.
MOST_ROWS = 2**16


class PreparedRows(NamedTuple):
    """The rows of some points.

    Attributes:
        places: global indices of the points, ascending.
        digests: sha256 of the row of each.
    """

    places: np.ndarray
    digests: list[bytes]

    def hash(self) -> str:
        """Return one sha256 of all."""
        return hashlib.sha256(b"".join(self.digests)).hexdigest()

    def check(self, places: np.ndarray, prepared: PyTree) -> None:
        """Raise a ValueError if the rows of some points are others than they were.

        Args:
            places: global indices of the points, in any order; those not known are not looked at.
            prepared: what ``prepare`` gave for them.
        """
        found = np.searchsorted(self.places, places)
        found[found == len(self.places)] = 0
        known = np.flatnonzero(self.places[found] == places)
        digests = row_digests(jax.tree.map(lambda x: x[known], prepared))
        for place, number, digest in zip(places[known], found[known], digests, strict=True):
            if digest != self.digests[number]:
                raise ValueError(
                    f"prepare gave another row for point {place} than before; a row must depend "
                    "on the parameters of its point alone"
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
    digests: list[bytes] = []
    for first in range(0, len(places), ROWS_AT_ONCE):
        digests += row_digests(prepared(places[first : first + ROWS_AT_ONCE]))
    return PreparedRows(places, digests)


def row_digests(tree: PyTree) -> list[bytes]:
    """Return the sha256 of every row of the arrays of a tree, with their shapes and dtypes."""
    arrays = [np.ascontiguousarray(x) for x in jax.tree.leaves(tree)]
    start = hashlib.sha256("".join(f"{x.dtype}{x.shape[1:]}" for x in arrays).encode())
    found = []
    for row in range(len(arrays[0]) if arrays else 0):
        digest = start.copy()
        for x in arrays:
            digest.update(x[row].tobytes())
        found.append(digest.digest())
    return found
