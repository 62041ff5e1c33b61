"""What happens to gradients through time: measured by autodiff, and predicted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.cells import AbstractCell, LSTMCell, ResonantCell
from rhythmic.plotting.node import lag_panel
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
    transient_growth,
)
from rhythmic.theory.second_order import impulse_response

TITLES = {
    "first_order": "first-order node",
    "second_order": "second-order node",
    "linear": "linear RNN",
    "tanh": "tanh RNN, driven",
    "lstm": "LSTM",
    "resonant": "resonant layer",
}


STEPS_PER_SECOND = 1000.0
Inputs = np.ndarray
Curve = tuple[str, Any, Any, Any]
through_the_run = eqx.filter_jit(input_sensitivity)


@dataclass(frozen=True)
class BackpropagationOptions(ScriptOptions):
    """Gradients against the lag.

    Args:
        num_lags: largest lag, in steps.
        node_weights: w of the first-order node.
        node_radii: pole radius of the second-order node.
        node_frequency: its frequency in Hz, at 1000 steps a second.
        hidden_size: nodes of the linear RNN, the tanh RNN and the LSTM.
        gains: standard deviation of the tanh RNN's recurrent weights times sqrt(hidden_size),
            about their spectral radius.
        forget_biases: of the LSTM.
        ladder_radius: pole radius of the resonant layer; its frequencies are golden from 2 Hz.
        input_std: standard deviation of the white noise that drives the networks.
        washout: driven steps before the lags begin.
        seed: of weights and noise.
    """

    num_lags: int = 100
    node_weights: tuple[float, ...] = (0.9, 1.0, 1.1)
    node_radii: tuple[float, ...] = (0.95, 0.99999, 1.05)
    node_frequency: float = 37.0
    hidden_size: int = 40
    gains: tuple[float, ...] = (0.5, 1.0, 2.0)
    forget_biases: tuple[float, ...] = (1.0, 5.0)
    ladder_radius: float = 0.99999
    input_std: float = 0.3
    washout: int = 50
    seed: int = 0

    def check(self) -> None:
        """Refuse empty sweeps and values outside the range of what they describe."""
        at_least(self, num_lags=2, hidden_size=2, input_std=0)
        within(self, node_weights="(-inf, inf)", forget_biases="(-inf, inf)")
        within(self, node_radii="(0, inf)", gains="(0, inf)")
        within(self, node_frequency="(0, 500)", ladder_radius="(0, 1)")


PRESETS = {
    "quick": BackpropagationOptions(),
    "full": BackpropagationOptions(preset="full", num_lags=300, hidden_size=64, washout=200),
    "smoke": BackpropagationOptions(preset="smoke", num_lags=20, hidden_size=6, washout=5),
}


def measure(options: BackpropagationOptions, stages: Stages) -> Results:
    """Measure and predict every panel, in double precision."""
    size, lags, washout = options.hidden_size, options.num_lags, options.washout
    rng = np.random.default_rng(options.seed)
    noise = rng.normal(scale=options.input_std, size=(washout + lags, 1))
    weight_ih, unscaled = rng.normal(size=(size, 1)), rng.normal(size=(size, size)) / np.sqrt(size)
    rotation, _ = np.linalg.qr(rng.normal(size=(size, size)))
    chain = 0.8 * np.eye(size) + np.tril(rng.normal(size=(size, size)), -1) / np.sqrt(size)
    networks = {"rotation, 0.95": 0.95 * rotation, "chain, 0.8": chain}
    lstm_key, resonant_key = jax.random.split(jax.random.key(options.seed))
    parts: dict[str, Callable[[], Results]] = {
        "first_order": lambda: first_order(options.node_weights, lags),
        "second_order": lambda: second_order(options.node_radii, options.node_frequency, lags),
        "linear": lambda: linear_networks(networks, lags),
        "tanh": lambda: tanh_networks(weight_ih, unscaled, options.gains, noise, washout),
        "lstm": lambda: lstm_networks(size, options.forget_biases, noise, washout, key=lstm_key),
        "resonant": lambda: resonant_layer(options.ladder_radius, noise, washout, key=resonant_key),
    }

    def double(part: Callable[[], Results]) -> Results:
        with jax.enable_x64(True):
            return part()

    found = stages.each({name: partial(double, part) for name, part in parts.items()})
    results = {f"{part}_{key}": x for part, arrays in found.items() for key, x in arrays.items()}
    return results | {"chain_growth": np.array(transient_growth(chain, lags))}


def relative_difference(results: Results, panel: str) -> np.ndarray:
    """Give each curve's largest difference from theory, relative to the gradient; NaN without.

    A node's gradient passes through zero; there the difference is relative to the envelope.
    """
    found, expected = results[f"{panel}_measured"], results[f"{panel}_predicted"]
    size = np.abs(expected)
    if panel == "second_order":
        envelope = results[f"{panel}_rate"][:, None] ** np.arange(size.shape[1])
        size = np.maximum(size, envelope)
    return np.max(np.abs(found - expected) / np.where(size > 0, size, 1.0), axis=1)


def largest_difference(results: Results) -> float:
    """Give the largest relative difference over all predicted curves."""
    return max(float(np.nanmax(relative_difference(results, panel))) for panel in TITLES)


def summarise(options: BackpropagationOptions, results: Results) -> str:
    """Write one row a curve: rate, gradients at a few lags, difference from theory."""
    lags = sorted({min(lag, options.num_lags) for lag in (1, 10, 30, 100, options.num_lags)})
    titles = "".join(f"{f'lag {lag}':>11}" for lag in lags)
    lines = [f"{'':<42}{'rate':>9}{titles}{'- theory':>11}"]
    for panel, title in TITLES.items():
        differences = relative_difference(results, panel)
        for curve, name in enumerate(results[f"{panel}_name"]):
            sizes = np.abs(results[f"{panel}_measured"][curve, lags])
            difference = differences[curve]
            lines.append(
                f"{title + ', ' + name.replace('$', ''):<42}{results[f'{panel}_rate'][curve]:>9.5g}"
                + "".join(f"{size:>11.3g}" for size in sizes)
                + (f"{difference:>11.1e}" if np.isfinite(difference) else f"{'none':>11}")
            )
    largest, lag = results["chain_growth"]
    lines.append(f"the chain's gradient is largest, {largest:.3g}, at lag {lag:.0f}")
    lines.append(f"largest relative difference from theory: {largest_difference(results):.1e}")
    return "\n".join(lines)


def answer(options: BackpropagationOptions, results: Results) -> str:
    """Give the smallest and the largest gradient of every panel at the largest lag."""
    parts = []
    for panel, title in TITLES.items():
        # A gradient that passes through zero counts by its largest over the last tenth of lags.
        late = np.abs(results[f"{panel}_measured"])[:, -1 - options.num_lags // 10 :].max(axis=1)
        ends = [
            f"{late[curve]:.0e} ({results[f'{panel}_name'][curve].replace('$', '')})"
            for curve in (np.argmin(late), np.argmax(late))
        ]
        parts.append(f"{title} {ends[0]} to {ends[1]}")
    return (
        f"They vanish or explode with the powers of the step's Jacobian (as theory says, where it"
        f" has a formula, to {largest_difference(results):.0e}); by lag {options.num_lags}:"
        f" {'; '.join(parts)}."
    )


def draw(options: BackpropagationOptions, results: Results) -> dict[str, Figure]:
    """Draw every panel: measured lines, predicted dots, rates as thin lines."""
    figure = Figure(figsize=(7.0, 4.6))
    for axes, (panel, title) in zip(figure.subplots(2, 3).flat, TITLES.items(), strict=True):
        names = results[f"{panel}_name"]
        measured = dict(zip(names, np.abs(results[f"{panel}_measured"]), strict=True))
        predicted = dict(zip(names, np.abs(results[f"{panel}_predicted"]), strict=True))
        rates = dict(zip(names, results[f"{panel}_rate"], strict=True))
        lag_panel(axes, measured, predicted, rates)
        axes.set_title(title, loc="left")
        axes.legend(fontsize=6, handlelength=1.6)
    keys = [
        Line2D([], [], color="0.2", label="autodiff"),
        Line2D([], [], color="0.2", ls="", marker="o", ms=2.6, mfc="none", label="theory"),
        Line2D([], [], color="0.2", lw=0.6, label="eigenvalue to the power of the lag (by colour)"),
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=3)
    figure.supylabel("size of the gradient", size=8)
    return {"gradients": figure}


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


@eqx.filter_jit
def products_after_washout(cell: AbstractCell, inputs: jax.Array, washout: int) -> jax.Array:
    """Run the washout, then multiply the step Jacobians of what follows."""
    first = trajectory(cell, inputs[:washout]).final_state if washout else None
    return state_sensitivity(cell, inputs[washout:], initial_state=first)


def collect(curves: Sequence[Curve]) -> Results:
    """Put the curves of one panel into arrays: names, and gradients (curve, lag).

    ``rate`` is the largest eigenvalue's modulus of one step at rest: what multiplies a linear
    network's gradient by a lag in the long run. A driven network leaves it, as its slopes move.
    Predicted is NaN where theory has no formula.
    """
    names, measured, predicted, rates = zip(*curves, strict=True)
    missing = np.full(len(measured[0]), np.nan)
    return {
        "name": np.array(names),
        "measured": np.array(measured, float),
        "predicted": np.array([missing if p is None else p for p in predicted], float),
        "rate": np.array(rates, float),
    }


EXPERIMENT = Experiment(
    name="backpropagation",
    section="RNN additional notes",
    question="What happens to gradients through time?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
