"""Eigenvalues of a step's Jacobian as modes: frequency, decay, and participation of nodes.

Near a state s a step acts as its Jacobian J (``rhythmic.sensitivity.step_jacobian``), and a
deviation is a sum of modes, each multiplied by its eigenvalue in every step: the modulus gives
growth or decay, the angle the frequency.

A resonant layer's recurrent term is W tanh(x u). Where the input u is 0 its step's Jacobian holds
no learned weight and the modes are those of the fixed nodes; evaluate at u = 1, x = 0 for the
learned ones.

Also participation of nodes in modes, deviation of the modes of a step from orthogonality
(non-normality), and tracking of modes while a matrix changes, as in a network during training.

Source: lecture, "Rhythmic RNN"; textbook definition (eigenvalues of the Jacobian); Perez-Arriaga,
Verghese and Schweppe, IEEE Transactions on Power Apparatus and Systems 101 (1982).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Complex, Int, Real

from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.checks import checked_integer
from rhythmic.sensitivity import step_jacobian, step_jacobians
from rhythmic.theory._arrays import RealLike, common_arrays, ieee_arithmetic, select_code
from rhythmic.theory.roots import SecondOrderRegime
from rhythmic.typing import AnyArray, Array, Float, InputArray, PyTree


class Modes(NamedTuple):
    """Modes, the slowest to decay (or fastest to grow) first; of a pair the positive angle first.

    Attributes:
        eigenvalue: complex, no unit.
        modulus: factor on the amplitude in one step, no unit.
        frequency: |angle| / (2 pi dt) in Hz; the Nyquist frequency for a negative real
            eigenvalue, NaN for one that is real and not negative.
        decay_time: -dt / ln(modulus) in s: positive for a mode that fades, 0 for modulus 0,
            infinite for modulus 1, negative for one that grows (minus the e-folding time).
        growth_rate: ln(modulus) / dt in 1/s, -infinity for modulus 0.
        kind: int32 code of ``SecondOrderRegime``: what the mode does by itself.
    """

    eigenvalue: Complex[AnyArray, "*batch mode"]
    modulus: Float[AnyArray, "*batch mode"]
    frequency: Float[AnyArray, "*batch mode"]
    decay_time: Float[AnyArray, "*batch mode"]
    growth_rate: Float[AnyArray, "*batch mode"]
    kind: Int[AnyArray, "*batch mode"]


@checked(finite=True)
def matrix_modes(
    matrix: Real[RealLike, "*batch state state"], dt: float, *, tolerance: float | None = None
) -> Modes:
    """Read the eigenvalues of linear steps as rhythms, decay and growth.

    Example: ``matrix_modes(step_jacobian(cell, cell.initial_state(), jnp.ones(1)), dt=1e-3)`` for a
    resonant layer at x = 0 and u = 1 (at u = 0 its recurrent weights do not act).

    Args:
        matrix: step Jacobians, post by pre, on the last two axes; NumPy arrays are computed in
            float64, JAX arrays in their own dtype.
        dt: time step in s.
        tolerance: distance of a modulus from 1 that counts as neither growth nor decay in
            ``kind``; by default the number of states times the rounding unit.

    Returns:
        One entry per mode. All NaN for a matrix with an entry that is not finite; times and
        frequencies NaN where dt <= 0. Differentiable where eigenvalues are distinct.

    Raises:
        ValueError: for a matrix that is not square, or a ``dt`` that is no finite number.

    Source: lecture, "Rhythmic RNN", whose one node has the modes of its companion matrix.
    """
    return modes_of_eigenvalues(sorted_eigenvalues(matrix), dt, tolerance=tolerance)


@checked(finite=True)
@ieee_arithmetic
def modes_of_eigenvalues(
    eigenvalues: Complex[AnyArray, "*batch mode"], dt: float, *, tolerance: float | None = None
) -> Modes:
    """Read given eigenvalues as modes; for Floquet multipliers ``dt`` is the period.

    Args:
        eigenvalues: complex, kept in their order; real numbers are taken as complex.
        dt: time that one multiplication takes, in s.
        tolerance: as in ``matrix_modes``.

    Returns:
        One entry per eigenvalue, as in ``matrix_modes``.
    """
    xp: Any = jnp if isinstance(eigenvalues, jax.Array) else np
    values = xp.asarray(eigenvalues)
    modulus = xp.abs(values)
    if tolerance is None:
        tolerance = float(values.shape[-1] * jnp.finfo(modulus.dtype).eps)
    gone = modulus == 0  # has no angle, nor a gradient of one
    angle = xp.abs(xp.angle(xp.where(gone, 1.0, values)))
    valid = xp.asarray(dt > 0)
    dt = xp.where(valid, dt, np.nan).astype(modulus.dtype)
    logarithm = xp.where(gone, -np.inf, xp.log(xp.where(gone, 1.0, modulus)))
    lasting = logarithm == 0
    return Modes(
        eigenvalue=values,
        modulus=modulus,
        frequency=xp.where(angle > 0, angle / (2 * np.pi * dt), np.nan),
        decay_time=xp.where(lasting & valid, np.inf, -dt / xp.where(lasting, 1.0, logarithm)),
        growth_rate=logarithm / dt,
        kind=_kind(xp, values, modulus, tolerance),
    )


@checked(finite=True)
def step_modes(cell: AbstractCell, state: PyTree, inputs: InputArray, dt: float) -> Modes:
    """Return the modes of one step of a cell at a state and an input sample.

    Args:
        cell: the layer.
        state: in the layout of ``cell.initial_state()``, without batch axes.
        inputs: one sample, ``(feature,)``; for a resonant layer 1, not 0 (see the module).
        dt: time step in s.

    Raises:
        ValueError: for a state that is not laid out as the cell's, or inputs with a batch axis or
            of a size that does not fit it.
    """
    return matrix_modes(step_jacobian(cell, state, inputs), dt)


@checked(finite=True)
def trajectory_modes(
    cell: AbstractCell,
    inputs: Float[Array, "time feature"],
    dt: float,
    *,
    initial_state: PyTree | None = None,
) -> Modes:
    """Return the modes of every step of a run: the spectrum of the Jacobian along a trajectory.

    All Jacobians are held at once, time x states^2 numbers; cut a long run of a large layer into
    pieces that start where the last one ended.

    Args:
        cell: the layer.
        inputs: I_1 ... I_T.
        dt: time step in s.
        initial_state: s_0; by default the cell's state of rest.

    Returns:
        Modes with time first; row t belongs to d s_t / d s_{t-1}. Each row is sorted by itself, so
        a column does not follow one mode through a crossing.

    Raises:
        ValueError: for inputs that do not fit the cell.
    """
    return matrix_modes(step_jacobians(cell, inputs, initial_state=initial_state), dt)


@checked
@ieee_arithmetic
def sorted_eigenvalues(
    matrix: Real[RealLike, "*batch state state"],
) -> Complex[AnyArray, "*batch mode"]:
    """Return eigenvalues by falling modulus, then rising |angle|, then positive angle first.

    Args:
        matrix: square matrices on the last two axes.

    Returns:
        Complex eigenvalues; all NaN for a matrix with an entry that is not finite.

    Raises:
        ValueError: for a matrix that is not square.
    """
    xp, values, finite = _finite_square(matrix)
    eigenvalues = xp.linalg.eigvals(values).astype(xp.result_type(values.dtype, np.complex64))
    order = _eigenvalue_order(xp, eigenvalues)
    ordered = xp.take_along_axis(eigenvalues, order, axis=-1)
    return xp.where(finite[..., None], ordered, np.nan)


def _finite_square(matrix: Real[RealLike, "*batch state state"]) -> tuple[Any, AnyArray, AnyArray]:
    """Return the namespace, the matrices with zeros for those not finite, and which are finite.

    Raises:
        ValueError: for a matrix that is not square.
    """
    xp, values = common_arrays(matrix=matrix)
    if values.ndim < 2 or values.shape[-1] != values.shape[-2] or not values.shape[-1]:
        raise ValueError(f"matrix has shape {values.shape}; it must end in two equal axes")
    finite = xp.all(xp.isfinite(values), axis=(-2, -1))
    return xp, xp.where(finite[..., None, None], values, 0.0), finite


def _eigenvalue_order(xp: Any, eigenvalues: AnyArray) -> AnyArray:
    """Return the order of ``sorted_eigenvalues``."""
    angle = xp.angle(eigenvalues)
    return xp.lexsort((-angle, xp.abs(angle), -xp.abs(eigenvalues)))


def _kind(xp: Any, values: AnyArray, modulus: AnyArray, tolerance: float) -> AnyArray:
    """Return the code of what each eigenvalue does."""
    code = SecondOrderRegime
    lasts, shrinks = xp.abs(modulus - 1) <= tolerance, modulus < 1
    turns, flickers = values.imag != 0, values.real < 0
    return select_code(
        xp,
        code.EXPLODES,
        (~xp.isfinite(modulus), code.UNDEFINED),
        (modulus == 0, code.GONE),
        (turns & lasts, code.OSCILLATES),
        (turns & shrinks, code.OSCILLATES_AND_DISAPPEARS),
        (turns, code.OSCILLATES_AND_EXPLODES),
        (flickers & lasts, code.FLICKERS),
        (flickers & shrinks, code.FLICKERS_AND_DISAPPEARS),
        (flickers, code.FLICKERS_AND_EXPLODES),
        (lasts, code.EQUILIBRIUM),
        (shrinks, code.DISAPPEARS),
    )


class Participation(NamedTuple):
    """Modes and the nodes they belong to.

    Attributes:
        modes: the modes, in the order of ``matrix_modes``.
        right: right eigenvectors as columns, of length 1: the pattern that a mode shows.
        left: left eigenvectors as rows, left @ right = 1: what excites a mode.
        share: of every mode, the fraction of each node, 0 to 1 with sum 1.
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
    """Return the participation of nodes in each mode of a linear step.

    The fraction of state k in mode i is |l_ik r_ki|, with left and right eigenvectors: how much of
    the mode state k shows, times how much state k excites it. Fractions do not depend on the units
    of the states. Several states of one node (position and previous position of a resonant layer,
    output and memory of an LSTM) are added up.

    Args:
        matrix: step Jacobians, post by pre, on the last two axes.
        dt: time step in s.
        num_nodes: number of nodes N, where the state is N-vectors laid end to end, as in
            ``step_jacobian``; by default every state is its own node.

    Returns:
        Modes, eigenvectors and fractions. Eigenvectors and fractions are NaN, and the condition is
        infinite, where the eigenvectors do not span the space to rounding: a defective matrix, as
        the companion matrix of a repeated root. All NaN for a matrix that is not finite.
        Eigenvectors are not differentiable; ``matrix_modes`` is.

    Raises:
        ValueError: for a matrix that is not square or a number of nodes that does not divide it.

    Source: Perez-Arriaga, Verghese and Schweppe, IEEE Transactions on Power Apparatus and Systems
    101 (1982), participation factors.
    """
    xp, values, finite = _finite_square(matrix)
    size = values.shape[-1]
    num_nodes = size if num_nodes is None else num_nodes
    checked_integer("num_nodes", num_nodes, 1)
    if size % num_nodes:
        raise ValueError(f"num_nodes is {num_nodes}; it must divide the {size} states")
    eigenvalues, right = (
        x.astype(xp.result_type(values.dtype, np.complex64)) for x in xp.linalg.eig(values)
    )
    order = _eigenvalue_order(xp, eigenvalues)
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


def followed_eigenvalues(
    matrices: Real[AnyArray, "time state state"], *, substeps: int = 16
) -> Complex[np.ndarray, "time mode"]:
    """Order the eigenvalues of successive matrices so that a column follows one mode.

    Between two matrices M and N the eigenvalues move on continuous paths if the matrix goes
    straight from one to the other. They are computed at M + (k / substeps) (N - M), and each
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
