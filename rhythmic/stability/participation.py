"""Which nodes a mode lives in, and how far from orthogonal (normal) the modes of a step are.

Source: Perez-Arriaga, Verghese and Schweppe, IEEE Transactions on Power Apparatus and Systems 101
(1982).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Real

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.stability.modes import Modes, eigenvalue_order, finite_square, modes_of_eigenvalues
from rhythmic.theory._arrays import RealLike, ieee_arithmetic
from rhythmic.typing import AnyArray, Float


class Participation(NamedTuple):
    """Modes and the nodes they belong to.

    Attributes:
        modes: the modes, in the order of ``matrix_modes``.
        right: right eigenvectors as columns, of length 1: the pattern that a mode shows.
        left: left eigenvectors as rows, left @ right = 1: what excites a mode.
        share: of every mode, the share of each node, 0 to 1 with sum 1.
        sensitivity: |left| |right| of every mode, 1 or more: how far its eigenvalue may move for
            a change of the matrix of size 1; 1 for all modes of a normal matrix.
        condition: largest over smallest singular value of ``right``, 1 or more; 1 for a normal
            matrix without repeated eigenvalues. ||A^n|| <= condition * spectral_radius^n.
    """

    modes: Modes
    right: Complex[AnyArray, "*batch state mode"]
    left: Complex[AnyArray, "*batch mode state"]
    share: Float[AnyArray, "*batch mode node"]
    sensitivity: Float[AnyArray, "*batch mode"]
    condition: Float[AnyArray, "*batch"]


@checked(finite=True)
@ieee_arithmetic
def mode_participation(
    matrix: Real[RealLike, "*batch state state"], dt: float, *, num_nodes: int | None = None
) -> Participation:
    """Say to which nodes each mode of a linear step belongs.

    The share of state k in mode i is |l_ik r_ki|, with left and right eigenvectors: how much of
    the mode state k shows, times how much state k excites it. Shares do not depend on the units
    of the states. Several states of one node (position and previous position of a resonant layer,
    output and memory of an LSTM) are added up.

    Args:
        matrix: step Jacobians, post by pre, on the last two axes.
        dt: time step in s.
        num_nodes: number of nodes N, where the state is N-vectors laid end to end, as in
            ``step_jacobian``; by default every state is its own node.

    Returns:
        Modes, eigenvectors and shares. Eigenvectors and shares are NaN, and the condition is
        infinite, where the eigenvectors do not span the space to rounding: a defective matrix, as
        the companion matrix of a repeated root. All NaN for a matrix that is not finite.
        Eigenvectors are not differentiable; ``matrix_modes`` is.

    Raises:
        ValueError: for a matrix that is not square or a number of nodes that does not divide it.

    Source: Perez-Arriaga, Verghese and Schweppe, IEEE Transactions on Power Apparatus and Systems
    101 (1982), participation factors.
    """
    xp, values, finite = finite_square(matrix)
    size = values.shape[-1]
    num_nodes = size if num_nodes is None else num_nodes
    checked_integer("num_nodes", num_nodes, 1)
    if size % num_nodes:
        raise ValueError(f"num_nodes is {num_nodes}; it must divide the {size} states")
    eigenvalues, right = (
        x.astype(xp.result_type(values.dtype, np.complex64)) for x in xp.linalg.eig(values)
    )
    order = eigenvalue_order(xp, eigenvalues)
    eigenvalues = xp.take_along_axis(eigenvalues, order, axis=-1)
    right = xp.take_along_axis(right, order[..., None, :], axis=-1)
    eigenvalues = xp.where(finite[..., None], eigenvalues, np.nan)

    widths = xp.linalg.svd(right, compute_uv=False)
    spans = finite & (widths[..., -1] > size * xp.finfo(widths.dtype).eps * widths[..., 0])
    condition = xp.where(spans, widths[..., 0] / widths[..., -1], np.inf)
    usable = spans[..., None, None]
    left = xp.linalg.inv(xp.where(usable, right, xp.eye(size, dtype=right.dtype)))
    right, left = xp.where(usable, right, np.nan), xp.where(usable, left, np.nan)

    share = xp.abs(left * xp.swapaxes(right, -1, -2))
    share = xp.sum(share.reshape(*share.shape[:-1], size // num_nodes, num_nodes), axis=-2)
    return Participation(
        modes=modes_of_eigenvalues(eigenvalues, dt),
        right=right,
        left=left,
        share=share / xp.sum(share, axis=-1, keepdims=True),
        sensitivity=xp.linalg.norm(left, axis=-1) * xp.linalg.norm(right, axis=-2),
        condition=xp.where(finite, condition, np.nan),
    )
