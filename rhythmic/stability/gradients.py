"""Singular values of long products of Jacobians, on a log scale so that nothing overflows.

A product is kept as ``U diag(exp(log_scale)) T``: U orthogonal, T rows of length 1. Each further
factor is taken up by a QR decomposition whose columns are ordered by size first, so that only
ratios of at most 1 are ever formed (the graded decomposition of Loh et al. 1989). At the end the
rows of T are made orthogonal by Jacobi's rotations, which leave on the log scale the singular
values, small ones with as many correct digits as large ones (Demmel and Veselic 1992).

Source: Abarbanel, Brown and Kennel, Journal of Nonlinear Science 1 (1991) 175; the numerical method
as each function says.

The gradient through time against the lag: measured along a run, and predicted by eigenvalues.

Backpropagation over n steps multiplies a gradient by J_T J_{T-1} ... J_{T-n+1}. If all J were one
normal matrix A, its size would be spectral_radius(A)^n at every lag. It is not, for two reasons:
the Jacobians differ from step to step, and they are not normal. The companion matrix
A = [[w1, w2], [1, 0]] of a rhythmic node holds its position and the one before. For roots
r exp(+-i theta) its eigenvectors become parallel as theta goes to 0, with condition number
cot(theta / 2) for r = 1, so

    r^n <= ||A^n|| <= condition * r^n

and ||A^n|| first grows although r < 1: the gradient of a slow rhythm is amplified, for r near 1
almost cot(theta / 2) times a quarter of a cycle later, before it fades. The condition number bounds
how much; the singular values of the products give the actual size.

Source: lecture, "RNN additional notes"; Pascanu, Mikolov and Bengio, ICML 2013, section 2.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Int, Real

from rhythmic._scan import scan
from rhythmic._sums import CompensatedSum, added, compensated, total_of
from rhythmic.arguments import checked
from rhythmic.cells.interface import AbstractCell
from rhythmic.sensitivity import single_example, step_jacobians
from rhythmic.simulate import check_within, first_sample, in_groups, trajectory
from rhythmic.stability._steps import (
    PRECISION,
    Step,
    count_steps,
    flatten_step,
    per_second,
    push_tangents,
)
from rhythmic.stability.modes import mode_participation
from rhythmic.theory._arrays import RealLike, scan_arrays
from rhythmic.theory.backpropagation import spectral_radius
from rhythmic.typing import AnyArray, Array, Float, PyTree

MAX_SWEEPS = 30

# Rows of length 1 and ln of their true lengths.
Scaled: TypeAlias = tuple[Float[Array, " row"], Float[Array, "row state"]]


class GradedProduct(NamedTuple):
    """A product of matrices as ``basis @ diag(exp(log_scale)) @ rows``.

    ``log_scale`` is a compensated sum: over many factors a plain one loses its digits.
    """

    basis: Float[Array, "state state"]
    log_scale: CompensatedSum
    rows: Float[Array, "state state"]


class FiniteTimeExponents(NamedTuple):
    """Finite-time Lyapunov exponents, window first, the largest exponent first.

    Attributes:
        per_step: ln(singular value of the window's Jacobian product) / window.
        per_second: the same over dt, in 1/s.
        final_state: state after the last whole window.
        diverged: whether that state is not finite.
    """

    per_step: Float[Array, "window exponent"]
    per_second: Float[Array, "window exponent"]
    final_state: PyTree
    diverged: Bool[Array, ""]


@checked(finite=True)
def log_singular_values(
    matrices: Real[AnyArray, "time state state"], *, every: int = 1
) -> Float[Array, "product state"]:
    """Return ln of the singular values of M_1, M_2 M_1, M_3 M_2 M_1 ...

    For the Jacobians of a run (``step_jacobians``) these are the gains of deviations since its
    start; for ``jacobians[::-1].mT`` those of gradients against the lag.

    Args:
        matrices: square matrices, the first factor (the rightmost) first.
        every: products of every, 2 every, ... factors are given; the cost of each is a few dozen
            times states^3. A rest of factors is left out.

    Returns:
        Natural logarithms, falling, as a JAX array; -infinity for 0. A row is NaN from the first
        factor that is not finite. Derivatives in forward mode alone. Each factor acts as if it were
        known to the rounding unit: where a direction decays by more than that and grows again
        later, its singular value cannot be determined.

    Raises:
        ValueError: for matrices that are not (time, state, state) or ``every`` out of its range.

    Source: Loh et al. in Baeriswyl and Campbell, Interacting Electrons in Reduced Dimensions
    (1989), 55; Demmel and Veselic, SIAM Journal on Matrix Analysis 13 (1992) 1204.
    """
    (matrices,) = scan_arrays(matrices=matrices)
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or not matrices.size:
        raise ValueError(f"matrices has shape {matrices.shape}; expected (time, state, state)")
    count = len(matrices)
    check_within("every", every, 1, count)

    def extend(product: GradedProduct, matrix: Array) -> tuple[GradedProduct, None]:
        moved = jnp.matmul(matrix, product.basis, precision=PRECISION)
        return _take_up(product, moved), None

    def extend_and_look(product: GradedProduct, group: Array) -> tuple[GradedProduct, Array]:
        product, _ = scan(extend, product, group)
        return product, _product_log_singular_values(product)

    groups = in_groups(matrices, 0, count // every * every, every)
    return scan(extend_and_look, _empty_product(matrices[0]), groups)[1]


@checked(finite=True)
def finite_time_exponents(
    step: Step,
    state: PyTree,
    inputs: PyTree = None,
    *,
    window: int,
    dt: float,
    num_steps: int | None = None,
) -> FiniteTimeExponents:
    """Return the Lyapunov exponents of windows of a run, from singular values.

        lambda_i = ln sigma_i(J_t ... J_{t - window + 1}) / window

    A window as long as the run gives ln of its singular values over its length. Over long windows
    they tend to ``lyapunov_exponents``; over short ones they also show transient growth.

    Args:
        step: pure ``step(state, inputs) -> state``, such as ``cell.step``.
        state: state at the start.
        inputs: samples, time first; None for a step without input.
        window: steps of a window, 1 or more; a rest of steps is left out.
        dt: time step in s, above 0; 1 for a map.
        num_steps: number of steps where there are no inputs.

    Returns:
        All exponents of every window, of rotations J = 0 exactly; -infinity where a singular
        value is 0. NaN in windows where the orbit is not finite (``diverged``).

    Raises:
        ValueError: for a state or step of a wrong layout, a number of steps or window out of
            its range.

    Source: Abarbanel, Brown and Kennel, Journal of Nonlinear Science 1 (1991) 175.
    """
    count = count_steps(inputs, num_steps)
    check_within("window", window, 1, count)
    flat_step, values, restore = flatten_step(step, state, first_sample(inputs))

    def extend(carry: tuple, sample: PyTree) -> tuple[tuple, None]:
        values, product = carry
        values, moved = push_tangents(flat_step, values, sample, product.basis)
        return (values, _take_up(product, moved)), None

    def over_window(values: Array, samples: PyTree) -> tuple[Array, Array]:
        fresh = _empty_product(jnp.zeros((values.size, values.size), values.dtype))
        (values, product), _ = scan(extend, (values, fresh), samples, length=window)
        logarithms = _product_log_singular_values(product)
        return values, jnp.where(jnp.all(jnp.isfinite(values)), logarithms, jnp.nan)

    num_windows = count // window
    groups = in_groups(inputs, 0, num_windows * window, window)
    values, logarithms = scan(over_window, values, groups, length=num_windows)
    per_step = logarithms / window
    diverged = ~jnp.all(jnp.isfinite(values))
    return FiniteTimeExponents(per_step, per_second(per_step, dt), restore(values), diverged)


def _empty_product(like: Array) -> GradedProduct:
    """Return the product of no matrices."""
    unit = jnp.eye(like.shape[-1], dtype=like.dtype)
    return GradedProduct(unit, compensated(jnp.zeros_like(unit[0])), unit)


def _take_up(product: GradedProduct, moved: Float[Array, "state state"]) -> GradedProduct:
    """Put in one more factor M, given as ``moved = M @ product.basis``."""
    moved, log_length = _unit_vectors(moved, axis=0)
    scale = added(product.log_scale, log_length)
    order = jnp.argsort(-total_of(scale))
    total, lost = scale = jax.tree.map(lambda x: x[order], scale)
    basis, triangle = jnp.linalg.qr(moved[:, order])
    gap = (total[None, :] - total[:, None]) + (lost[None, :] - lost[:, None])
    ratio = jnp.exp(jnp.minimum(jnp.where(jnp.isneginf(total)[None, :], -jnp.inf, gap), 0.0))
    rows = jnp.matmul(triangle * ratio, product.rows[order], precision=PRECISION)
    rows, log_length = _unit_vectors(rows, axis=1)
    return GradedProduct(basis, added(scale, log_length), rows)


def _product_log_singular_values(product: GradedProduct) -> Float[Array, " state"]:
    """Return ln of the singular values, falling, by one-sided Jacobi rotations of the rows."""
    log_scale = total_of(product.log_scale)
    order = jnp.argsort(-log_scale)
    log_scale, rows = log_scale[order], product.rows[order]
    size = len(rows)
    if size % 2:  # rows meet in pairs
        rows = jnp.concatenate([rows, jnp.zeros_like(rows[:1])])
        log_scale = jnp.concatenate([log_scale, jnp.full_like(log_scale[:1], -jnp.inf)])
    tolerance = size**0.5 * jnp.finfo(rows.dtype).eps

    def unfinished(carry: tuple) -> Array:
        return (carry[0] > tolerance) & (carry[1] < MAX_SWEEPS)

    def sweep(carry: tuple) -> tuple:
        turned = jnp.zeros_like(carry[0]), *carry[2:]
        turned = jax.lax.fori_loop(0, len(rows) - 1, lambda _, x: _all_pairs(*x), turned)
        return turned[0], carry[1] + 1, *turned[1:]

    worst = jnp.full((), jnp.inf, rows.dtype)
    finished = jax.lax.while_loop(unfinished, sweep, (worst, 0, log_scale, rows))
    return -jnp.sort(-finished[2])[:size]


def _all_pairs(worst: Array, log_scale: Array, rows: Array) -> tuple[Array, Array, Array]:
    """Make row i orthogonal to row (last - i) for all i, then move on to the next pairing."""
    half = len(rows) // 2
    first, second = (log_scale[:half], rows[:half]), (log_scale[::-1][:half], rows[::-1][:half])
    swap = first[0] < second[0]
    large, small, cosine = _rotate(*_exchange(swap, first, second))
    first, second = _exchange(swap, large, small)
    # The round robin: the first row stays, all others move one place on.
    log_scale, rows = (
        jnp.concatenate([x[:1], jnp.roll(jnp.concatenate([x[1:], y[::-1]]), 1, axis=0)])
        for x, y in zip(first, second, strict=True)
    )
    return jnp.maximum(worst, jnp.max(jnp.abs(cosine))), log_scale, rows


def _exchange(swap: Array, first: Scaled, second: Scaled) -> tuple[Scaled, Scaled]:
    """Exchange the rows of two lists, and their scales, where ``swap`` is true."""
    scales = (jnp.where(swap, *x) for x in ((second[0], first[0]), (first[0], second[0])))
    pairs = ((second[1], first[1]), (first[1], second[1]))
    rows = (jnp.where(swap[:, None], *x) for x in pairs)
    one, other = zip(scales, rows, strict=True)
    return one, other


def _rotate(large: Scaled, small: Scaled) -> tuple[Scaled, Scaled, Array]:
    """Rotate pairs of rows until they are orthogonal; give the cosine between them before."""
    (large_log, large_row), (small_log, small_row) = large, small
    cosine = jnp.sum(large_row * small_row, axis=1)
    gap = jnp.where(jnp.isneginf(small_log), -jnp.inf, small_log - large_log)
    ratio, rest = jnp.exp(gap), -jnp.expm1(2 * gap)
    denominator = rest + jnp.sqrt(rest**2 + (2 * ratio * cosine) ** 2)
    # tan(angle) / ratio, which stays finite however small the ratio is.
    lean = 2 * cosine / jnp.where(cosine == 0, 1.0, denominator)
    tangent = ratio * lean
    turn = jax.lax.rsqrt(1 + tangent**2)[:, None]
    new_large = turn * (large_row + (ratio * tangent)[:, None] * small_row)
    new_small = turn * (small_row - lean[:, None] * large_row)
    (new_large, grown), (new_small, shrunk) = (
        _unit_vectors(new_large, 1),
        _unit_vectors(new_small, 1),
    )
    return (large_log + grown, new_large), (small_log + shrunk, new_small), cosine


def _unit_vectors(vectors: Array, axis: int) -> tuple[Array, Array]:
    """Scale vectors to length 1; return them and ln of their lengths (0 and -inf for zero)."""
    largest = jnp.max(jnp.abs(vectors), axis=axis, keepdims=True)
    vectors = vectors / jnp.where(largest > 0, largest, 1.0)
    length = jnp.linalg.norm(vectors, axis=axis, keepdims=True)
    alive = length != 0  # true of NaN, which stays
    safe = jnp.where(alive, length, 1.0)
    logarithm = jnp.where(alive, jnp.log(safe) + jnp.log(jnp.where(alive, largest, 1.0)), -jnp.inf)
    return vectors / safe, jnp.squeeze(logarithm, axis)


class GradientLags(NamedTuple):
    """Sizes of gradients against the lag, as natural logarithms (a size may exceed the dtype).

    Attributes:
        lag: n in steps: 0, every, 2 every, ...
        time: n dt in s.
        log_gradient: ln of the norm of the gradient with respect to s_{T-n} of a quantity whose
            gradient with respect to s_T has norm 1.
        log_singular_values: of d s_T / d s_{T-n}, falling. The first column bounds every
            gradient from above, the last one from below.
        log_power_norm: ln ||A^n|| of the reference step A.
        log_radius_power: n ln spectral_radius(A), the prediction of the eigenvalues of A.
        log_power_bound: that plus ln of the condition of the eigenvectors of A, which
            ``log_power_norm`` cannot exceed; infinite for a defective A.
    """

    lag: Int[Array, " lag"]
    time: Float[Array, " lag"]
    log_gradient: Float[Array, " lag"]
    log_singular_values: Float[Array, "lag state"]
    log_power_norm: Float[Array, " lag"]
    log_radius_power: Float[Array, " lag"]
    log_power_bound: Float[Array, " lag"]


@checked(finite=True)
def gradient_against_lag(
    cell: AbstractCell,
    inputs: Float[Array, "time feature"],
    *,
    dt: float,
    initial_state: PyTree | None = None,
    cotangent: PyTree | None = None,
    reference: Real[RealLike, "state state"] | None = None,
    every: int = 1,
) -> GradientLags:
    """Compare the gradients of a run with what eigenvalues and norms predict.

    A resonant layer's recurrent weights act only where its input is not 0; over blank samples the
    gradient is that of its fixed nodes.

    Args:
        cell: the layer.
        inputs: I_1 ... I_T.
        dt: time step in s.
        initial_state: s_0; by default the cell's state of rest.
        cotangent: gradient with respect to s_T of the quantity followed back, in the layout of the
            state; by default that of the sum of the cell's outputs. Only its direction counts.
        reference: A, a step Jacobian; by default the mean of the run's.
        every: lags kept; singular values cost a few dozen times states^3 at each.

    Returns:
        Curves against the lag, ready to plot. NaN where the run is not finite.

    Raises:
        ValueError: for inputs, cotangent or reference of a wrong shape, or ``every`` out of range.

    Source: lecture, "RNN additional notes"; Pascanu, Mikolov and Bengio, ICML 2013, section 2;
    Trefethen and Embree, Spectra and Pseudospectra (2005), chapter 16.
    """
    inputs = single_example(inputs)
    size = ravel_pytree(cell.initial_state())[0].size
    for name, given, expected in (
        ("cotangent", None if cotangent is None else ravel_pytree(cotangent)[0], (size,)),
        ("reference", reference, (size, size)),
    ):
        if given is not None and jnp.shape(given) != expected:
            raise ValueError(f"{name} has shape {jnp.shape(given)}; the state needs {expected}")
    jacobians = step_jacobians(cell, inputs, initial_state=initial_state)
    if cotangent is None:
        last = trajectory(cell, inputs, initial_state=initial_state).final_state
        cotangent = jax.grad(lambda state: jnp.sum(cell.output(state)))(last)
    step = jnp.mean(jacobians, axis=0) if reference is None else jnp.asarray(reference)
    backwards = jnp.swapaxes(jacobians[::-1], 1, 2)
    both = jnp.stack([backwards, jnp.broadcast_to(step, jacobians.shape)])
    singular, powers = jax.vmap(lambda factors: log_singular_values(factors, every=every))(both)
    lag = np.arange(len(singular) + 1) * every
    radius_power = jnp.where(lag == 0, 0.0, lag * jnp.log(spectral_radius(step)))
    bound = jnp.log(mode_participation(step, dt).condition)
    return GradientLags(
        lag=jnp.asarray(lag),
        time=jnp.asarray(lag * dt, jacobians.dtype),
        log_gradient=_log_norms(backwards, ravel_pytree(cotangent)[0])[::every],
        log_singular_values=_from_lag_zero(singular),
        log_power_norm=_from_lag_zero(powers[:, 0]),
        log_radius_power=radius_power,
        log_power_bound=jnp.where(lag == 0, 0.0, radius_power + bound),
    )


def _from_lag_zero(values: Array) -> Array:
    """Put ln 1 in front, for the empty product."""
    return jnp.concatenate([jnp.zeros_like(values[:1]), values])


def _log_norms(matrices: Array, vector: Array) -> Array:
    """Return ln |M_n ... M_1 v| for n = 0 ..., with v scaled to length 1."""

    def multiply(carry: tuple, matrix: Array) -> tuple[tuple, Array]:
        vector, total = carry
        vector, growth = _unit_vectors(jnp.matmul(matrix, vector, precision=PRECISION), axis=0)
        total = added(total, growth)
        return (vector, total), total_of(total)

    first = _unit_vectors(vector, axis=0)[0], compensated(jnp.zeros((), vector.dtype))
    return _from_lag_zero(scan(multiply, first, matrices)[1])
