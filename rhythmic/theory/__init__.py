"""One node on paper: closed forms of what it does, without training.

Closed forms work in the array namespace of their arguments: NumPy float64 unless one of them is a
JAX array. Scans (`*_trajectory`) always return JAX arrays.
"""

from rhythmic.theory.activation import (
    NODE_ACTIVATIONS,
    NodeEquilibria,
    activation_range,
    activation_trajectory,
    limit_states,
    node_equilibria,
)
from rhythmic.theory.backpropagation import (
    TransientGrowth,
    lagged_products,
    largest_singular_value,
    linear_gradient_norm,
    lstm_rest_jacobian,
    spectral_radius,
    tanh_jacobians,
    transient_growth,
)
from rhythmic.theory.continuous import (
    OscillatorMotion,
    Resonance,
    oscillator_motion,
    oscillator_resonance,
    oscillator_response,
    sampled_oscillator_response,
)
from rhythmic.theory.first_order import (
    FirstOrderRegime,
    first_order_closed_form,
    first_order_regime,
    first_order_trajectory,
)
from rhythmic.theory.forcing import (
    BackwardDifferenceDistortion,
    ForcingTaps,
    backward_difference_distortion,
    forced_drive,
    forcing_weights,
)
from rhythmic.theory.image_ladder import ImageWaves, image_ladder, image_waves
from rhythmic.theory.ladder_families import copied_ladder, random_ladder, span_ladder
from rhythmic.theory.ladders import (
    GOLDEN_RATIO,
    PUBLISHED_GOLDEN_RATIO,
    SIDEREAL_DAY,
    DayLadder,
    LadderName,
    day_ladder,
    geometric_ladder,
    ladder,
    linear_ladder,
    validate_ladder,
)
from rhythmic.theory.oscillator import (
    NodePoles,
    NodeWeights,
    OscillatorParameters,
    Scheme,
    oscillator_from_weights,
    poles_from_weights,
    weights_from_oscillator,
    weights_from_poles,
)
from rhythmic.theory.precision import largest_radius, lowest_computed_cycles, lowest_frequency
from rhythmic.theory.regimes import SecondOrderRegime, second_order_regime
from rhythmic.theory.response import (
    frequency_response,
    impulse_response,
    noise_spectrum,
    stationary_variance,
)
from rhythmic.theory.roots import (
    decay_time,
    is_oscillatory,
    is_stable,
    node_frequency,
    pole_radius,
    second_order_roots,
)
from rhythmic.theory.second_order import second_order_closed_form, second_order_trajectory
from rhythmic.theory.solver import solved_oscillator

__all__ = [
    "GOLDEN_RATIO",
    "NODE_ACTIVATIONS",
    "PUBLISHED_GOLDEN_RATIO",
    "SIDEREAL_DAY",
    "BackwardDifferenceDistortion",
    "DayLadder",
    "FirstOrderRegime",
    "ForcingTaps",
    "ImageWaves",
    "LadderName",
    "NodeEquilibria",
    "NodePoles",
    "NodeWeights",
    "OscillatorMotion",
    "OscillatorParameters",
    "Resonance",
    "Scheme",
    "SecondOrderRegime",
    "TransientGrowth",
    "activation_range",
    "activation_trajectory",
    "backward_difference_distortion",
    "copied_ladder",
    "day_ladder",
    "decay_time",
    "first_order_closed_form",
    "first_order_regime",
    "first_order_trajectory",
    "forced_drive",
    "forcing_weights",
    "frequency_response",
    "geometric_ladder",
    "image_ladder",
    "image_waves",
    "impulse_response",
    "is_oscillatory",
    "is_stable",
    "ladder",
    "lagged_products",
    "largest_radius",
    "largest_singular_value",
    "limit_states",
    "linear_gradient_norm",
    "linear_ladder",
    "lowest_computed_cycles",
    "lowest_frequency",
    "lstm_rest_jacobian",
    "node_equilibria",
    "node_frequency",
    "noise_spectrum",
    "oscillator_from_weights",
    "oscillator_motion",
    "oscillator_resonance",
    "oscillator_response",
    "pole_radius",
    "poles_from_weights",
    "random_ladder",
    "sampled_oscillator_response",
    "second_order_closed_form",
    "second_order_regime",
    "second_order_roots",
    "second_order_trajectory",
    "solved_oscillator",
    "span_ladder",
    "spectral_radius",
    "stationary_variance",
    "tanh_jacobians",
    "transient_growth",
    "validate_ladder",
    "weights_from_oscillator",
    "weights_from_poles",
]
