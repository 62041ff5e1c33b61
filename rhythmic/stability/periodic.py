"""Periodic orbits under a periodic input, and the stability of deviations from them (Floquet).

A step under an input of T samples, over and over, is a map of the state over one period. A fixed
point of that map is an orbit with the input's period; the eigenvalues of its Jacobian, the product
of the T step Jacobians along the orbit, are the Floquet multipliers.

Source: Kuznetsov, Elements of Applied Bifurcation Theory (2004), sections 1.5 and 10.1.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Complex, Int

from rhythmic.arguments import checked
from rhythmic.checks import checked_integer
from rhythmic.simulate import first_sample
from rhythmic.stability._steps import (
    Step,
    count_steps,
    flatten_step,
    run,
)
from rhythmic.stability.fixed_points import Outcome, solve_fixed_point
from rhythmic.stability.modes import Modes, modes_of_eigenvalues, sorted_eigenvalues
from rhythmic.typing import AnyArray, Array, Float, PyTree


class Floquet(NamedTuple):
    """What one period does to small deviations from an orbit.

    Attributes:
        multipliers: mu, eigenvalues of the period's Jacobian, the largest modulus first.
        per_step: |mu|^(1 / T), factor on the amplitude in one step of T, no unit.
        exponents: ln|mu| / T, in 1/step: the orbit's Lyapunov exponents.
        modes: the multipliers as modes of the whole period: decay time in s, growth in 1/s. The
            frequency in Hz is that seen once a period; the true one may differ by whole multiples
            of the input's frequency. A negative multiplier turns at half of that frequency.
    """

    multipliers: Complex[AnyArray, " mode"]
    per_step: Float[AnyArray, " mode"]
    exponents: Float[AnyArray, " mode"]
    modes: Modes


class PeriodicOrbit(NamedTuple):
    """An orbit that closes after one period of the input.

    Attributes:
        states: after each sample of the period, time first; the last one is also the start.
        residual: largest |difference| of a component after one more period.
        outcome: int32 code of ``Outcome``; only ``FIXED_POINT`` means that the orbit closes.
        num_steps: Newton steps tried.
        floquet: multipliers along ``states``.
        is_stable: the orbit closes and every multiplier lies inside the unit circle.
    """

    states: PyTree
    residual: Float[Array, ""]
    outcome: Int[Array, ""]
    num_steps: Int[Array, ""]
    floquet: Floquet
    is_stable: Bool[Array, ""]


@checked(finite=True)
def floquet_multipliers(
    step: Step, state: PyTree, inputs: PyTree = None, *, dt: float, num_steps: int | None = None
) -> Floquet:
    """Return the Floquet multipliers of an orbit from its state and the inputs of one period.

        mu = eigenvalues of J_T J_{T-1} ... J_1

    Args:
        step: pure ``step(state, inputs) -> state``, such as ``cell.step``.
        state: a state of the orbit, before the first sample; it is not checked that the orbit
            comes back to it.
        inputs: the T samples of one period, time first; None for a step without input.
        dt: time step in s.
        num_steps: T where there are no inputs, for cycles of a map.

    Returns:
        One entry per state. A multiplier is known to about the rounding unit times the norm of the
        product: those far below the largest are noise (``finite_time_exponents`` keeps the scale
        of small ones). NaN where the product is not finite.

    Raises:
        ValueError: for a state or step of a wrong layout or a number of steps out of its range.

    Source: Floquet theory in discrete time; Kuznetsov, Elements of Applied Bifurcation Theory
    (2004), section 1.5.
    """
    period = count_steps(inputs, num_steps)
    flat_step, values, _ = flatten_step(step, state, first_sample(inputs))
    jacobian = jax.jacfwd(lambda values: run(flat_step, values, inputs, period)[0])(values)
    multipliers = sorted_eigenvalues(jacobian)
    whole = modes_of_eigenvalues(multipliers, dt * period)
    exponents = whole.growth_rate * dt
    return Floquet(multipliers, jnp.exp(exponents), exponents, whole)


@checked(finite=True)
def find_periodic_orbit(
    step: Step,
    start: PyTree,
    inputs: PyTree = None,
    *,
    dt: float,
    settle_periods: int = 0,
    num_steps: int | None = None,
    tolerance: float | None = None,
    max_steps: int = 200,
) -> PeriodicOrbit:
    """Find an orbit with the period of its input: settle, then Newton steps on the period's map.

    Without settling, unstable orbits are found too. For an orbit that takes several periods of the
    input (period doubling) give that many periods as ``inputs``.

    Args:
        step: pure ``step(state, inputs) -> state``, such as ``cell.step``.
        start: state to start from, before the first sample.
        inputs: the samples of one period, time first; None for a step without input.
        dt: time step in s.
        settle_periods: periods that are run before the search.
        num_steps: length of the period where there are no inputs.
        tolerance: as in ``solve_fixed_point``, for the difference after one period.
        max_steps: Newton steps tried at most, each at the cost of as many runs as states.

    Returns:
        The orbit and its multipliers; check ``outcome``. Differentiable as ``solve_fixed_point``
        is.

    Raises:
        ValueError: for a state or step of a wrong layout or a number out of its range.

    Source: shooting; Kuznetsov, Elements of Applied Bifurcation Theory (2004), section 10.1.
    """
    checked_integer("settle_periods", settle_periods, 0)
    period = count_steps(inputs, num_steps)
    flat_step, values, restore = flatten_step(step, start, first_sample(inputs))

    def over_period(values: Array, inputs: PyTree) -> Array:
        return run(flat_step, values, inputs, period)[0]

    values = jax.lax.fori_loop(
        0, settle_periods, lambda _, values: over_period(values, inputs), values
    )
    found = solve_fixed_point(over_period, values, inputs, tolerance=tolerance, max_steps=max_steps)
    states = jax.vmap(restore)(run(flat_step, found.state, inputs, period)[1])
    floquet = floquet_multipliers(step, restore(found.state), inputs, dt=dt, num_steps=num_steps)
    closes = found.outcome == Outcome.FIXED_POINT
    return PeriodicOrbit(
        states=states,
        residual=found.residual,
        outcome=found.outcome,
        num_steps=found.num_steps,
        floquet=floquet,
        is_stable=closes & (jnp.abs(floquet.multipliers[0]) < 1),
    )
