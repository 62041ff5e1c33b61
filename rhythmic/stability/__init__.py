"""Stability of the two-step node and of networks.

``atlas``            the two-step node over the plane of its weights, in closed form
``atlas_simulation`` the same by a run of the node, and in ``atlas_strip`` where it may differ
``atlas_sweep``      these as sweeps, at any resolution
``modes``            eigenvalues as frequency (Hz), decay time (s), growth and kind
``participation``    which nodes a mode belongs to, and how far from normal a step is
``newton``           one fixed or slow point from one start
``fixed_points``     all that many starts reach, with their stability
``periodic``         orbits under a periodic input and their Floquet multipliers
``lyapunov``         Lyapunov exponents of any step, Kaplan-Yorke dimension
``singular_values``  finite-time exponents; singular values of long products of Jacobians
``gradients``        the gradient against the lag, beside what eigenvalues promise
``mean_field``       variance and exponent of the large random network on paper

The Jacobian of one step of any cell, those of a run and their products are in
``rhythmic.sensitivity``; ``spectral_radius`` and ``largest_singular_value`` in
``rhythmic.theory.backpropagation``.

Functions take a pure ``step(state, inputs) -> state``: ``cell.step`` of any cell, or a map.
"""

from rhythmic.stability.atlas import NodeChart, node_chart
from rhythmic.stability.atlas_simulation import SimulatedNode, simulated_node
from rhythmic.stability.atlas_strip import StripDistance, strip_distance
from rhythmic.stability.atlas_sweep import chart_sweep, simulation_sweep, strip_sweep
from rhythmic.stability.fixed_points import FixedPoints, find_fixed_points
from rhythmic.stability.gradients import GradientLags, gradient_against_lag
from rhythmic.stability.lyapunov import (
    LyapunovExponents,
    kaplan_yorke_dimension,
    lyapunov_exponents,
)
from rhythmic.stability.mean_field import MeanField, random_network_mean_field
from rhythmic.stability.modes import (
    Modes,
    matrix_modes,
    modes_of_eigenvalues,
    sorted_eigenvalues,
    step_modes,
    trajectory_modes,
)
from rhythmic.stability.newton import FixedPointSolution, Outcome, solve_fixed_point
from rhythmic.stability.participation import Participation, mode_participation
from rhythmic.stability.periodic import (
    Floquet,
    PeriodicOrbit,
    find_periodic_orbit,
    floquet_multipliers,
)
from rhythmic.stability.singular_values import (
    FiniteTimeExponents,
    finite_time_exponents,
    log_singular_values,
)

__all__ = [
    "FiniteTimeExponents",
    "FixedPointSolution",
    "FixedPoints",
    "Floquet",
    "GradientLags",
    "LyapunovExponents",
    "MeanField",
    "Modes",
    "NodeChart",
    "Outcome",
    "Participation",
    "PeriodicOrbit",
    "SimulatedNode",
    "StripDistance",
    "chart_sweep",
    "find_fixed_points",
    "find_periodic_orbit",
    "finite_time_exponents",
    "floquet_multipliers",
    "gradient_against_lag",
    "kaplan_yorke_dimension",
    "log_singular_values",
    "lyapunov_exponents",
    "matrix_modes",
    "mode_participation",
    "modes_of_eigenvalues",
    "node_chart",
    "random_network_mean_field",
    "simulated_node",
    "simulation_sweep",
    "solve_fixed_point",
    "sorted_eigenvalues",
    "step_modes",
    "strip_distance",
    "strip_sweep",
    "trajectory_modes",
]
