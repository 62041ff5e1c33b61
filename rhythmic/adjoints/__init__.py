"""Reverse passes written by hand, where they beat the one that JAX derives.

A function here gives the same values as ``simulate.time_mean`` of the same cell; its gradient
comes from the adjoint equations instead of from the recorded scan. Where the input is mostly
zero, ``mean_squared_amplitude_of_events`` also takes fewer steps.
"""

from rhythmic.adjoints.choice import (
    Method,
    fastest_mean,
    is_connected_resonance,
    is_free_between_events,
    mean_with_adjoint,
    on_processor,
)
from rhythmic.adjoints.resonant import mean_squared_amplitude
from rhythmic.adjoints.resonant_events import (
    FreeMotion,
    free_motion,
    mean_squared_amplitude_of_events,
)

__all__ = [
    "FreeMotion",
    "Method",
    "fastest_mean",
    "free_motion",
    "is_connected_resonance",
    "is_free_between_events",
    "mean_squared_amplitude",
    "mean_squared_amplitude_of_events",
    "mean_with_adjoint",
    "on_processor",
]
