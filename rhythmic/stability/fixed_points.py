"""Where a network can stand still, or nearly: all fixed and slow points that many starts reach.

Under a constant input a trained network is often understood by its fixed points and the linear
steps around them (Sussillo and Barak 2013). A search from many starts finds them, stable or not.

Source: Sussillo and Barak, Neural Computation 25 (2013) 626.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Complex, Int

from rhythmic.arguments import checked
from rhythmic.stability._steps import Step, flatten_step
from rhythmic.stability.modes import sorted_eigenvalues
from rhythmic.stability.newton import (
    FixedPointSolution,
    Outcome,
    default_tolerance,
    solve_fixed_point,
)
from rhythmic.typing import Array, Float, PyTree


class FixedPoints(NamedTuple):
    """Distinct points, fixed ones first, those reached by most starts first; NumPy arrays.

    Attributes:
        states: in the layout of the starts, point first.
        kind: ``Outcome.FIXED_POINT`` or ``Outcome.SLOW_POINT``.
        residual: largest |step(s) - s| of a component; of a slow point, its speed per step.
        eigenvalues: of the step's Jacobian, the largest modulus first; around a slow point they
            tell what happens while the state creeps by.
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
    network visits, with noise. Nothing says that all points are found: compare ``num_starts`` and
    search from more. Right at a bifurcation, where zeros meet, copies of one point may stay further
    apart than the default distance.

    A resonant layer without input is linear with the fixed point 0 alone; give it
    ``jnp.ones(1)``. A node alone then stands still at u / (1 - w1 - w2), which is thousands for a
    slow one: search from starts of that size, smaller ones do not converge.

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
        Points and what became of every start, those that did not converge included. Not
        traceable: the number of points depends on the values.

    Raises:
        ValueError: for starts without a start axis, a step of a wrong layout or a number out of
            its range.

    Source: Sussillo and Barak, Neural Computation 25 (2013) 626.
    """
    starts = jax.tree.map(jnp.asarray, starts)
    num_starts = _count_starts(starts)
    dtype = jnp.result_type(*jax.tree.leaves(starts))
    tolerance = default_tolerance(dtype) if tolerance is None else tolerance
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
