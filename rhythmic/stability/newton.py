"""One fixed point of a step from one start: damped Newton steps, pure, for ``vmap``.

Source: More, Lecture Notes in Mathematics 630 (1978) 105; Sussillo and Barak, Neural Computation 25
(2013) 626.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Int

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.stability._steps import PRECISION, Step, flatten_step
from rhythmic.typing import Array, Float, PyTree

Residual = Callable[[Array], Array]

FIRST_DAMPING, SMALLEST_DAMPING, LARGEST_DAMPING = 1e-2, 1e-12, 1e12


class Outcome(IntEnum):
    """How a search for a zero of F(s) = step(s) - s ended.

    Attributes:
        UNCONVERGED: neither of the two below within the steps allowed or the precision.
        FIXED_POINT: |F| is below the tolerance.
        SLOW_POINT: |F| is not, but 1/2 |F|^2 no longer falls in any direction: its gradient is
            zero. Here the state moves most slowly, without standing still.
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
        tolerance = default_tolerance(values.dtype)

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


def default_tolerance(dtype: jnp.dtype) -> float:
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
