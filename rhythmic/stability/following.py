"""Modes of a matrix that changes, such as a network in training: which one became which."""

import numpy as np
import scipy
from jaxtyping import Complex, Real

from rhythmic.checks import checked_integer
from rhythmic.stability.modes import sorted_eigenvalues
from rhythmic.typing import AnyArray


def followed_eigenvalues(
    matrices: Real[AnyArray, "time state state"], *, substeps: int = 16
) -> Complex[np.ndarray, "time mode"]:
    """Order the eigenvalues of successive matrices so that a column follows one mode.

    Between two matrices M and N the eigenvalues move on continuous paths if the matrix goes
    straight from one to the other. They are worked out at M + (k / substeps) (N - M), and each
    place is joined to the last one by the pairing of least total distance in the complex plane.

    Args:
        matrices: square matrices, for instance the one-step Jacobian after every epoch.
        substeps: places between two matrices, 1 or more; the more, the less two modes that come
            near each other are taken for one another.

    Returns:
        Eigenvalues in float64, the first row in the order of ``sorted_eigenvalues``. Where a pair
        becomes two real modes, or the reverse, which is which is not defined and either is taken;
        real modes are taken to keep their order. Rows are NaN from the first matrix on
        that is not finite.

    Raises:
        ValueError: for matrices that are not (time, state, state) or ``substeps`` below 1.

    Source: assignment by least distance, as for root loci; Kuhn, Naval Research Logistics 2
    (1955) 83.
    """
    values = np.asarray(matrices, dtype=float)
    if values.ndim != 3 or values.shape[1] != values.shape[2] or not values.size:
        raise ValueError(f"matrices has shape {values.shape}; expected (time, state, state)")
    checked_integer("substeps", substeps, 1)
    followed = np.full(values.shape[:2], np.nan, dtype=complex)
    finite = np.isfinite(values).all(axis=(1, 2))
    last = len(values) if finite.all() else int(np.argmin(finite))
    if not last:
        return followed
    followed[0] = sorted_eigenvalues(values[0])
    shares = np.arange(1, substeps + 1)[:, None, None] / substeps
    for row in range(1, last):
        before, after = values[row - 1], values[row]
        now = followed[row - 1]
        for found in np.asarray(sorted_eigenvalues((1 - shares) * before + shares * after)):
            now = found[scipy.optimize.linear_sum_assignment(np.abs(now[:, None] - found))[1]]
        followed[row] = now
    return followed
