"""Stability of the two-step node and of networks.

``atlas``            the two-step node over the plane of its weights, in closed form
``atlas_simulation`` the same by a run of the node, and where it may differ
``atlas_sweep``      these as sweeps, at any resolution
``modes``            eigenvalues as frequency (Hz), decay time (s), growth, kind; participation
``fixed_points``     one fixed or slow point from one start; all that many starts reach
``periodic``         orbits under a periodic input and their Floquet multipliers
``lyapunov``         Lyapunov exponents of any step, the dimension that follows from them
``mean_field``       mean-field variance and exponent of the large random network
``gradients``        singular values of long products of Jacobians, finite-time exponents; the
                     gradient against the lag, beside the prediction of the eigenvalues

The Jacobian of one step of any cell, those of a run and their products are in
``rhythmic.sensitivity``; ``spectral_radius`` and ``largest_singular_value`` in
``rhythmic.theory.backpropagation``.

Functions take a pure ``step(state, inputs) -> state``: ``cell.step`` of any cell, or a map.
"""

from rhythmic.stability.fixed_points import find_fixed_points
from rhythmic.stability.gradients import finite_time_exponents, gradient_against_lag
from rhythmic.stability.lyapunov import lyapunov_exponents
from rhythmic.stability.modes import (
    Modes,
    matrix_modes,
    mode_participation,
    modes_of_eigenvalues,
    step_modes,
    trajectory_modes,
)
from rhythmic.stability.periodic import find_periodic_orbit, floquet_multipliers

__all__ = [
    "Modes",
    "find_fixed_points",
    "find_periodic_orbit",
    "finite_time_exponents",
    "floquet_multipliers",
    "gradient_against_lag",
    "lyapunov_exponents",
    "matrix_modes",
    "mode_participation",
    "modes_of_eigenvalues",
    "step_modes",
    "trajectory_modes",
]
