"""The curves of ``experiments.backpropagation``: gradients by autodiff beside theory.

Every function gives the curves of one panel as arrays: ``name`` of each curve, ``measured`` and
``predicted`` (curve, lag), and ``rate``, the largest eigenvalue's modulus of one step at rest: what
multiplies a linear network's gradient by a lag in the long run. A driven network leaves it, as its
slopes move. Predicted is NaN where theory has no formula.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from experiments.stages import Results
from rhythmic.cells import AbstractCell, LSTMCell, ResonantCell
from rhythmic.rnn import rnn_cell
from rhythmic.sensitivity import input_sensitivity, state_sensitivity
from rhythmic.simulate import trajectory
from rhythmic.theory import (
    GOLDEN_RATIO,
    first_order_closed_form,
    first_order_trajectory,
    geometric_ladder,
    pole_radius,
    second_order_trajectory,
    weights_from_poles,
)
from rhythmic.theory.backpropagation import (
    lagged_products,
    largest_singular_value,
    linear_gradient_norm,
    lstm_rest_jacobian,
    spectral_radius,
    tanh_jacobians,
)
from rhythmic.theory.response import impulse_response

STEPS_PER_SECOND = 1000.0
Inputs = np.ndarray
Curve = tuple[str, Any, Any, Any]


def first_order(weights: Sequence[float], num_lags: int) -> Results:
    """Differentiate h_t = w h_{t-1} with respect to h_0."""
    w = np.array(weights)
    measured = jax.jacfwd(lambda h0: first_order_trajectory(w, h0, num_lags))(0.1)
    predicted = first_order_closed_form(w, 1.0, num_lags)
    return collect(
        [
            (f"$w$ = {weight:g}", measured[:, node], predicted[:, node], abs(weight))
            for node, weight in enumerate(weights)
        ]
    )


def second_order(radii: Sequence[float], frequency: float, num_lags: int) -> Results:
    """Differentiate h_t = w1 h_{t-1} + w2 h_{t-2} with respect to h_1, h_0 held."""
    w1, w2 = weights_from_poles(frequency, np.array(radii), 1 / STEPS_PER_SECOND)

    def run(h1: jax.Array) -> jax.Array:
        return second_order_trajectory(w1, w2, 0.1, h1, num_lags + 1)[1:]

    measured, predicted = jax.jacfwd(run)(0.1), impulse_response(w1, w2, num_lags)
    rates = pole_radius(w1, w2)
    return collect(
        [
            (f"$r$ = {radius:g}", measured[:, node], predicted[:, node], rates[node])
            for node, radius in enumerate(radii)
        ]
    )


def linear_networks(networks: dict[str, np.ndarray], num_lags: int) -> Results:
    """Differentiate linear networks, given by name, through the whole run.

    Every node has an input of its own, so that a push of an input is a push of the state.
    """
    found = []
    for name, weights in networks.items():
        size = len(weights)
        cell = rnn_cell(np.eye(size), weights, np.zeros(size), activation="identity")
        jacobians = through_the_run(cell, jnp.zeros((num_lags + 1, size)))[::-1]
        measured = np.asarray(largest_singular_value(np.asarray(jacobians)))
        predicted = np.asarray(linear_gradient_norm(weights, num_lags))
        found.append((name, measured, predicted, spectral_radius(weights)))
    return collect(found)


def tanh_networks(
    weight_ih: np.ndarray,
    unscaled: np.ndarray,
    gains: Sequence[float],
    inputs: Inputs,
    washout: int,
) -> Results:
    """Differentiate driven tanh networks; theory needs only the outputs of the run."""
    found = []
    for gain in gains:
        weights = gain * unscaled
        cell = rnn_cell(weight_ih, weights, np.zeros(len(weights)), feedback="output")
        outputs = np.asarray(trajectory(cell, jnp.asarray(inputs)).observed)[washout:]
        products = lagged_products(tanh_jacobians(weights, outputs))
        predicted = np.asarray(largest_singular_value(products))
        measured = measured_sizes(cell, inputs, washout)
        found.append((f"gain {gain:g}", measured, predicted, spectral_radius(weights)))
    return collect(found)


def lstm_networks(
    hidden_size: int,
    forget_biases: Sequence[float],
    inputs: Inputs,
    washout: int,
    *,
    key: jax.Array,
) -> Results:
    """Differentiate LSTMs at rest, where the gradient is linear, and driven."""
    found: list[Curve] = []
    for bias in forget_biases:
        cell = LSTMCell(1, hidden_size, key=key, forget_bias=bias)
        weights, biases = np.asarray(cell.weight_hh), np.asarray(cell.bias_ih + cell.bias_hh)
        rest = lstm_rest_jacobian(weights, biases)
        rate = float(spectral_radius(rest))
        at_rest = measured_sizes(cell, 0 * inputs, washout)
        predicted = np.asarray(linear_gradient_norm(rest, len(at_rest) - 1))
        found.append((f"bias {bias:g}, at rest", at_rest, predicted, rate))
        driven = measured_sizes(cell, inputs, washout)
        found.append((f"bias {bias:g}, driven", driven, None, rate))
    return collect(found)


def resonant_layer(radius: float, inputs: Inputs, washout: int, *, key: jax.Array) -> Results:
    """Differentiate the positions of a golden layer in silence, where it is linear, and driven."""
    frequencies = geometric_ladder(GOLDEN_RATIO, sample_rate=STEPS_PER_SECOND)
    cell = ResonantCell(frequencies, key=key, sample_rate=STEPS_PER_SECOND, pole_radius=radius)
    nodes = cell.hidden_size
    silent = measured_sizes(cell, 0 * inputs, washout, nodes)
    w1, w2 = weights_from_poles(frequencies, radius, 1 / STEPS_PER_SECOND)
    alone = np.abs(impulse_response(w1, w2, len(silent) - 1)).max(axis=1)
    driven = measured_sizes(cell, inputs, washout, nodes)
    return collect([("silent", silent, alone, radius), ("driven", driven, None, radius)])


def measured_sizes(
    cell: AbstractCell, inputs: Inputs, washout: int, num_rows: int | None = None
) -> np.ndarray:
    """Run the washout, then take the size of d s_T / d s_{T-n} for all lags after it.

    ``num_rows`` picks the leading block of the state, such as the positions of a resonant layer.
    """
    products = np.asarray(products_after_washout(cell, jnp.asarray(inputs), washout))
    return np.asarray(largest_singular_value(products[:, :num_rows, :num_rows]))


through_the_run = eqx.filter_jit(input_sensitivity)


@eqx.filter_jit
def products_after_washout(cell: AbstractCell, inputs: jax.Array, washout: int) -> jax.Array:
    """Run the washout, then multiply the step Jacobians of what follows."""
    first = trajectory(cell, inputs[:washout]).final_state if washout else None
    return state_sensitivity(cell, inputs[washout:], initial_state=first)


def collect(curves: Sequence[Curve]) -> Results:
    """Put the curves of one panel into arrays."""
    names, measured, predicted, rates = zip(*curves, strict=True)
    missing = np.full(len(measured[0]), np.nan)
    return {
        "name": np.array(names),
        "measured": np.array(measured, float),
        "predicted": np.array([missing if p is None else p for p in predicted], float),
        "rate": np.array(rates, float),
    }
