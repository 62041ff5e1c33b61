"""Fixed and slow points of a network: all that many starts reach.

Under a constant input a trained network is often understood by its fixed points and the linear
steps around them (Sussillo and Barak 2013). A search from many starts finds them, stable or not,
each by damped Newton steps, pure, for ``vmap``.

Source: More, Lecture Notes in Mathematics 630 (1978) 105; Sussillo and Barak, Neural Computation 25
(2013) 626.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Complex, Int

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.stability._steps import PRECISION, Step, flatten_step
from rhythmic.stability.modes import sorted_eigenvalues
from rhythmic.typing import Array, Float, PyTree

Residual = Callable[[Array], Array]

FIRST_DAMPING, SMALLEST_DAMPING, LARGEST_DAMPING = 1e-2, 1e-12, 1e12


class Outcome(IntEnum):
    """How a search for a zero of F(s) = step(s) - s ended.

    Attributes:
        UNCONVERGED: neither of the two below within the steps allowed or the precision.
        FIXED_POINT: |F| is below the tolerance.
        SLOW_POINT: |F| is not, but 1/2 |F|^2 no longer falls in any direction: its gradient is
            zero. Here the state moves most slowly, without being fixed.
        NOT_FINITE: F was not finite at the start.
    """

    UNCONVERGED = 0
    FIXED_POINT = 1
    SLOW_POINT = 2
    NOT_FINITE = 3


class FixedPointSolution(NamedTuple):
    """What one start led to.

    Attributes:
        state: where the search ended, in the layout of the start.
        residual: largest |F| of a component there, in units of the state.
        outcome: int32 code of ``Outcome``.
        num_steps: Newton steps tried.
    """

    state: PyTree
    residual: Float[Array, ""]
    outcome: Int[Array, ""]
    num_steps: Int[Array, ""]


class _Search(NamedTuple):
    values: Array
    residual: Array
    jacobian: Array
    damping: Array
    num_steps: Array
    outcome: Array


@checked(finite=True)
def solve_fixed_point(
    step: Step,
    start: PyTree,
    sample: PyTree = None,
    *,
    tolerance: float | None = None,
    max_steps: int = 200,
) -> FixedPointSolution:
    """Search a fixed point of a step under a constant input: F(s) = step(s, I) - s = 0.

    Newton steps damped after Levenberg and Marquardt: (J^T J + mu 1) d = -J^T F with J = dF/ds. A
    step is taken only if it lowers |F|; mu, in proportion to |F|, is lowered then and raised
    otherwise. Near a fixed point that is Newton's method; where there is none it runs into a
    minimum of 1/2 |F|^2, a slow point.

    Args:
        step: pure ``step(state, sample) -> state``, such as ``cell.step``.
        start: state to start from.
        sample: the constant input; None for a step without input.
        tolerance: |F| up to which a state counts as fixed, relative to 1 + |state|; by default
            the rounding unit to the power 3/4 (2e-12 in float64, 6e-6 in float32).
        max_steps: steps tried at most.

    Returns:
        The solution. Differentiable (both modes) with respect to whatever the step holds and the
        sample, by the implicit function theorem: right at a fixed point of which 1 is no
        eigenvalue, without meaning elsewhere.

    Raises:
        ValueError: for a state or step of a wrong layout or ``max_steps`` below 1.

    Source: More, Lecture Notes in Mathematics 630 (1978) 105; mu after Fan and Yuan, Computing 74
    (2005) 23; slow points: Sussillo and Barak, Neural Computation 25 (2013) 626.
    """
    checked_integer("max_steps", max_steps, 1)
    flat_step, values, restore = flatten_step(step, start, sample)
    if tolerance is None:
        tolerance = _default_tolerance(values.dtype)

    def residual(values: Array) -> Array:
        return flat_step(values, sample) - values

    def solve(residual: Residual, start: Array) -> tuple[Array, tuple]:
        found = _search(residual, start, tolerance, max_steps)
        # custom_root derives what goes with a solution too, so that all of it must be real.
        counts = (x.astype(start.dtype) for x in (found.outcome, found.num_steps))
        return found.values, (_largest(found.residual), *counts)

    def solve_tangent(linear: Residual, right: Array) -> Array:
        return jnp.linalg.solve(jax.jacfwd(linear)(right), right)

    values, (size, outcome, num_steps) = jax.lax.custom_root(
        residual, values, solve, solve_tangent, has_aux=True
    )
    return FixedPointSolution(
        restore(values), size, outcome.astype(jnp.int32), num_steps.astype(jnp.int32)
    )


def _default_tolerance(dtype: jnp.dtype) -> float:
    """Return the rounding unit to the power 3/4."""
    return float(jnp.finfo(dtype).eps) ** 0.75


def _search(residual: Residual, start: Array, tolerance: float, max_steps: int) -> _Search:
    """Take damped Newton steps until the outcome is known."""

    def unfinished(search: _Search) -> Array:
        running = (search.outcome == Outcome.UNCONVERGED) & (search.num_steps < max_steps)
        return running & (search.damping < LARGEST_DAMPING)

    def advance(search: _Search) -> _Search:
        trial = search.values + _damped_step(search)
        moved = residual(trial)
        # A comparison with NaN is false: what is not finite is not taken.
        better = jnp.sum(moved**2) < jnp.sum(search.residual**2)
        values = jnp.where(better, trial, search.values)
        damping = search.damping * jnp.where(better, 0.2, 5.0)
        return assess(
            search._replace(
                values=values,
                residual=jnp.where(better, moved, search.residual),
                jacobian=jax.jacfwd(residual)(values),
                damping=jnp.maximum(damping, SMALLEST_DAMPING),
                num_steps=search.num_steps + 1,
            )
        )

    def assess(search: _Search) -> _Search:
        size = _largest(search.residual)
        fixed = size <= tolerance * (1 + _largest(search.values))
        slope = jnp.matmul(search.residual, search.jacobian, precision=PRECISION)
        flat = _largest(slope) <= jnp.finfo(size.dtype).eps ** 0.5 * size
        outcome = jnp.where(
            fixed, Outcome.FIXED_POINT, jnp.where(flat, Outcome.SLOW_POINT, Outcome.UNCONVERGED)
        )
        outcome = jnp.where(jnp.isfinite(size), outcome, Outcome.NOT_FINITE)
        return search._replace(outcome=outcome.astype(jnp.int32))

    damping, zero = jnp.asarray(FIRST_DAMPING, start.dtype), jnp.int32(0)
    first = _Search(start, residual(start), jax.jacfwd(residual)(start), damping, zero, zero)
    return jax.lax.while_loop(unfinished, advance, assess(first))


def _damped_step(search: _Search) -> Array:
    """Solve (J^T J + mu 1) d = -J^T F through QR, which does not square the condition of J."""
    size = len(search.values)
    root_mu = jnp.sqrt(search.damping * jnp.linalg.norm(search.residual))
    damped = jnp.concatenate([search.jacobian, root_mu * jnp.eye(size, dtype=root_mu.dtype)])
    basis, triangle = jnp.linalg.qr(damped)
    right = jnp.matmul(search.residual, basis[:size], precision=PRECISION)
    return -jax.scipy.linalg.solve_triangular(triangle, right)


def _largest(values: Array) -> Array:
    return jnp.max(jnp.abs(values))


class FixedPoints(NamedTuple):
    """Distinct points, fixed ones first, those reached by most starts first; NumPy arrays.

    Attributes:
        states: in the layout of the starts, point first.
        kind: ``Outcome.FIXED_POINT`` or ``Outcome.SLOW_POINT``.
        residual: largest |step(s) - s| of a component; of a slow point, its speed per step.
        eigenvalues: of the step's Jacobian, the largest modulus first; around a slow point they
            describe the dynamics while the state passes slowly.
        spectral_radius: the largest modulus.
        num_unstable: how many moduli are above 1: the unstable directions.
        is_stable: a fixed point with a spectral radius below 1.
        num_starts: how many starts reached the point.
        start_outcome: ``Outcome`` of every start.
        start_point: which point each start reached, -1 for none.
        start_state: where each start ended, in the layout of the starts, whether a point or not.
        start_residual: largest |step(s) - s| there.
    """

    states: PyTree
    kind: Int[np.ndarray, " point"]
    residual: Float[np.ndarray, " point"]
    eigenvalues: Complex[np.ndarray, "point state"]
    spectral_radius: Float[np.ndarray, " point"]
    num_unstable: Int[np.ndarray, " point"]
    is_stable: Bool[np.ndarray, " point"]
    num_starts: Int[np.ndarray, " point"]
    start_outcome: Int[np.ndarray, " start"]
    start_point: Int[np.ndarray, " start"]
    start_state: PyTree
    start_residual: Float[np.ndarray, " start"]


@checked(finite=True)
def find_fixed_points(
    step: Step,
    starts: PyTree,
    sample: PyTree = None,
    *,
    tolerance: float | None = None,
    merge_distance: float | None = None,
    max_steps: int = 200,
) -> FixedPoints:
    """Find the fixed and slow points of a step under a constant input, from many starts.

    Every start is searched by ``solve_fixed_point``; points nearer to one another than
    ``merge_distance`` are one, the one of smallest residual. Good starts are states that the
    network visits, with noise. There is no guarantee that all points are found: compare
    ``num_starts`` and search from more. Right at a bifurcation, where zeros meet, copies of one
    point may stay further apart than the default distance.

    A resonant layer without input is linear with the fixed point 0 alone; give it ``jnp.ones(1)``.
    A single node then has its fixed point at u / (1 - w1 - w2), which is thousands for a slow one:
    search from starts of that size, smaller ones do not converge.

    Args:
        step: pure ``step(state, sample) -> state``, such as ``cell.step``.
        starts: states, start first: ``(start, hidden)`` for a state of one array.
        sample: the constant input; None for a step without input.
        tolerance: as in ``solve_fixed_point``.
        merge_distance: largest difference of a component between copies of one point, in units of
            the state; by default the square root of the tolerance, as finely as a point with an
            eigenvalue 1 is known (1e-6 in float64, 3e-3 in float32).
        max_steps: Newton steps tried from each start.

    Returns:
        Points and the outcome of every start, those that did not converge included. Not
        traceable: the number of points depends on the values.

    Raises:
        ValueError: for starts without a start axis, a step of a wrong layout or a number out of
            its range.

    Source: Sussillo and Barak, Neural Computation 25 (2013) 626.
    """
    starts = jax.tree.map(jnp.asarray, starts)
    num_starts = _count_starts(starts)
    dtype = jnp.result_type(*jax.tree.leaves(starts))
    tolerance = _default_tolerance(dtype) if tolerance is None else tolerance
    merge_distance = tolerance**0.5 if merge_distance is None else merge_distance
    for name, value in (("tolerance", tolerance), ("merge_distance", merge_distance)):
        if not value > 0:
            raise ValueError(f"{name} is {value}; it must be above 0")
    found = jax.tree.map(np.asarray, _solve_all(step, starts, sample, tolerance, max_steps))
    ends = [x.reshape(num_starts, -1) for x in jax.tree.leaves(found.state)]
    chosen, reached = _distinct(
        np.concatenate(ends, axis=1), found.residual, found.outcome, merge_distance
    )
    states = jax.tree.map(lambda x: x[chosen], found.state)
    eigenvalues = sorted_eigenvalues(np.asarray(_jacobians(step, states, sample), np.float64))
    eigenvalues = np.asarray(eigenvalues)
    radius, kind = np.abs(eigenvalues[:, 0]), found.outcome[chosen]
    return FixedPoints(
        states=states,
        kind=kind,
        residual=found.residual[chosen],
        eigenvalues=eigenvalues,
        spectral_radius=radius,
        num_unstable=np.sum(np.abs(eigenvalues) > 1, axis=1),
        is_stable=(kind == Outcome.FIXED_POINT) & (radius < 1),
        num_starts=np.bincount(reached[reached >= 0], minlength=len(chosen)),
        start_outcome=found.outcome,
        start_point=reached,
        start_state=found.state,
        start_residual=found.residual,
    )


@eqx.filter_jit
def _solve_all(
    step: Step, starts: PyTree, sample: PyTree, tolerance: float, max_steps: int
) -> FixedPointSolution:
    def solve(start: PyTree) -> FixedPointSolution:
        return solve_fixed_point(step, start, sample, tolerance=tolerance, max_steps=max_steps)

    return jax.vmap(solve)(starts)


@eqx.filter_jit
def _jacobians(step: Step, states: PyTree, sample: PyTree) -> Float[Array, "point state state"]:
    def jacobian(state: PyTree) -> Array:
        flat_step, values, _ = flatten_step(step, state, sample)
        return jax.jacfwd(flat_step)(values, sample)

    return jax.vmap(jacobian)(states)


def _count_starts(starts: PyTree) -> int:
    """Return the length of the start axis, or raise a ValueError."""
    lengths = {x.shape[0] if x.ndim else 0 for x in jax.tree.leaves(starts)}
    count = lengths.pop() if len(lengths) == 1 else 0
    if not count:
        shapes = ", ".join(str(x.shape) for x in jax.tree.leaves(starts)) or "none"
        raise ValueError(f"starts has shapes {shapes}; expected one leading axis of starts")
    return count


def _distinct(
    ends: np.ndarray, residual: np.ndarray, outcome: np.ndarray, merge_distance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Choose one end for every distinct point; return which, and each start's point or -1."""
    chosen: list[int] = []
    reached = np.full(len(ends), -1)
    # Fixed points first, the sharpest first, so that each copy meets the best one of its kind.
    for start in np.lexsort((residual, outcome)):
        if outcome[start] not in (Outcome.FIXED_POINT, Outcome.SLOW_POINT):
            continue
        distances = np.max(np.abs(ends[chosen] - ends[start]), axis=1)
        near = np.flatnonzero(distances <= merge_distance)
        if not near.size:
            chosen.append(start)
        reached[start] = near[np.argmin(distances[near])] if near.size else len(chosen) - 1
    visits = np.bincount(reached[reached >= 0], minlength=len(chosen))
    order = np.lexsort((-visits, outcome[chosen]))
    new_place = np.argsort(order)
    reached = np.where(reached >= 0, new_place[reached] if len(chosen) else -1, -1)
    return np.array(chosen, int)[order], reached
