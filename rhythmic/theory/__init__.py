"""Single nodes in closed form, without training.

Closed forms work in the array namespace of their arguments: NumPy float64 unless one of them is a
JAX array. Scans (`*_trajectory`) always return JAX arrays.
"""

from rhythmic.theory.activation import activation_trajectory, limit_states, node_equilibria
from rhythmic.theory.backpropagation import (
    lagged_products,
    largest_singular_value,
    linear_gradient_norm,
    spectral_radius,
)
from rhythmic.theory.continuous import oscillator_motion, oscillator_resonance, oscillator_response
from rhythmic.theory.first_order import (
    FirstOrderRegime,
    first_order_closed_form,
    first_order_regime,
    first_order_trajectory,
)
from rhythmic.theory.ladders import (
    GOLDEN_RATIO,
    SIDEREAL_DAY,
    DayLadder,
    LadderName,
    day_ladder,
    geometric_ladder,
    image_ladder,
    ladder,
    random_ladder,
    span_ladder,
    validate_ladder,
)
from rhythmic.theory.oscillator import (
    NodeWeights,
    oscillator_from_weights,
    poles_from_weights,
    weights_from_oscillator,
    weights_from_poles,
)
from rhythmic.theory.roots import (
    SecondOrderRegime,
    decay_time,
    is_oscillatory,
    is_stable,
    node_frequency,
    pole_radius,
    second_order_regime,
    second_order_roots,
)
from rhythmic.theory.second_order import (
    frequency_response,
    second_order_trajectory,
    stationary_variance,
)

__all__ = [
    "GOLDEN_RATIO",
    "SIDEREAL_DAY",
    "DayLadder",
    "FirstOrderRegime",
    "LadderName",
    "NodeWeights",
    "SecondOrderRegime",
    "activation_trajectory",
    "day_ladder",
    "decay_time",
    "first_order_closed_form",
    "first_order_regime",
    "first_order_trajectory",
    "frequency_response",
    "geometric_ladder",
    "image_ladder",
    "is_oscillatory",
    "is_stable",
    "ladder",
    "lagged_products",
    "largest_singular_value",
    "limit_states",
    "linear_gradient_norm",
    "node_equilibria",
    "node_frequency",
    "oscillator_from_weights",
    "oscillator_motion",
    "oscillator_resonance",
    "oscillator_response",
    "pole_radius",
    "poles_from_weights",
    "random_ladder",
    "second_order_regime",
    "second_order_roots",
    "second_order_trajectory",
    "span_ladder",
    "spectral_radius",
    "stationary_variance",
    "validate_ladder",
    "weights_from_oscillator",
    "weights_from_poles",
]
