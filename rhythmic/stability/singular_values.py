"""Singular values of long products of Jacobians, on a log scale so that nothing overflows.

A product is kept as ``U diag(exp(log_scale)) T``: U orthogonal, T rows of length 1. Each further
factor is taken up by a QR decomposition whose columns are ordered by size first, so that only
ratios of at most 1 are ever formed (the graded decomposition of Loh et al. 1989). At the end the
rows of T are made orthogonal by Jacobi's rotations, which leave on the log scale the singular
values, small ones with as many correct digits as large ones (Demmel and Veselic 1992).

Source: Abarbanel, Brown and Kennel, Journal of Nonlinear Science 1 (1991) 175; the numerical method
as each function says.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Real

from rhythmic._scan import scan
from rhythmic._sums import CompensatedSum, added, compensated, total_of
from rhythmic.arguments import checked
from rhythmic.simulate import check_within, first_sample, in_groups
from rhythmic.stability._steps import (
    PRECISION,
    Step,
    count_steps,
    flatten_step,
    per_second,
    push_tangents,
)
from rhythmic.theory._arrays import scan_arrays
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
    """Give ln of the singular values of M_1, M_2 M_1, M_3 M_2 M_1 ...

    For the Jacobians of a run (``step_jacobians``) these are the gains of deviations since its
    start; for ``jacobians[::-1].mT`` those of gradients against the lag.

    Args:
        matrices: square matrices, the first factor (the rightmost) first.
        every: products of every, 2 every, ... factors are given; the cost of each is a few dozen
            times states^3. A rest of factors is left out.

    Returns:
        Natural logarithms, falling, as a JAX array; -infinity for 0. A row is NaN from the first
        factor that is not finite. Derivatives in forward mode alone. Each factor acts as if it
        were known to the rounding unit: where a direction fades by more than that and grows again
        later, no method knows its singular value.

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
        return take_up(product, moved), None

    def extend_and_look(product: GradedProduct, group: Array) -> tuple[GradedProduct, Array]:
        product, _ = scan(extend, product, group)
        return product, product_log_singular_values(product)

    groups = in_groups(matrices, 0, count // every * every, every)
    return scan(extend_and_look, empty_product(matrices[0]), groups)[1]


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
    """Give the Lyapunov exponents of windows of a run, from singular values.

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
        return (values, take_up(product, moved)), None

    def over_window(values: Array, samples: PyTree) -> tuple[Array, Array]:
        fresh = empty_product(jnp.zeros((values.size, values.size), values.dtype))
        (values, product), _ = scan(extend, (values, fresh), samples, length=window)
        logarithms = product_log_singular_values(product)
        return values, jnp.where(jnp.all(jnp.isfinite(values)), logarithms, jnp.nan)

    num_windows = count // window
    groups = in_groups(inputs, 0, num_windows * window, window)
    values, logarithms = scan(over_window, values, groups, length=num_windows)
    per_step = logarithms / window
    diverged = ~jnp.all(jnp.isfinite(values))
    return FiniteTimeExponents(per_step, per_second(per_step, dt), restore(values), diverged)


def empty_product(like: Array) -> GradedProduct:
    """Return the product of no matrices."""
    unit = jnp.eye(like.shape[-1], dtype=like.dtype)
    return GradedProduct(unit, compensated(jnp.zeros_like(unit[0])), unit)


def take_up(product: GradedProduct, moved: Float[Array, "state state"]) -> GradedProduct:
    """Put in one more factor M, given as ``moved = M @ product.basis``."""
    moved, log_length = unit_vectors(moved, axis=0)
    scale = added(product.log_scale, log_length)
    order = jnp.argsort(-total_of(scale))
    total, lost = scale = jax.tree.map(lambda x: x[order], scale)
    basis, triangle = jnp.linalg.qr(moved[:, order])
    gap = (total[None, :] - total[:, None]) + (lost[None, :] - lost[:, None])
    ratio = jnp.exp(jnp.minimum(jnp.where(jnp.isneginf(total)[None, :], -jnp.inf, gap), 0.0))
    rows = jnp.matmul(triangle * ratio, product.rows[order], precision=PRECISION)
    rows, log_length = unit_vectors(rows, axis=1)
    return GradedProduct(basis, added(scale, log_length), rows)


def product_log_singular_values(product: GradedProduct) -> Float[Array, " state"]:
    """Give ln of the singular values, falling, by one-sided Jacobi rotations of the rows."""
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
    (new_large, grown), (new_small, shrunk) = unit_vectors(new_large, 1), unit_vectors(new_small, 1)
    return (large_log + grown, new_large), (small_log + shrunk, new_small), cosine


def unit_vectors(vectors: Array, axis: int) -> tuple[Array, Array]:
    """Scale vectors to length 1; return them and ln of their lengths (0 and -inf for zero)."""
    largest = jnp.max(jnp.abs(vectors), axis=axis, keepdims=True)
    vectors = vectors / jnp.where(largest > 0, largest, 1.0)
    length = jnp.linalg.norm(vectors, axis=axis, keepdims=True)
    alive = length != 0  # true of NaN, which stays
    safe = jnp.where(alive, length, 1.0)
    logarithm = jnp.where(alive, jnp.log(safe) + jnp.log(jnp.where(alive, largest, 1.0)), -jnp.inf)
    return vectors / safe, jnp.squeeze(logarithm, axis)
