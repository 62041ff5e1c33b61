"""What happens to gradients through time: measured by autodiff, and predicted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments import gradient_curves as panels
from experiments.script import Experiment, ScriptOptions, check_seed, main
from experiments.stages import Results, Stages
from rhythmic.plotting.sensitivity import lag_panel
from rhythmic.theory.backpropagation import transient_growth

TITLES = {
    "first_order": "first-order node",
    "second_order": "second-order node",
    "linear": "linear RNN",
    "tanh": "tanh RNN, driven",
    "lstm": "LSTM",
    "resonant": "resonant layer",
}


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
        for name in ("num_lags", "hidden_size"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 2")
        for name in ("washout", "input_std"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        for name in ("node_weights", "node_radii", "gains", "forget_biases"):
            values = getattr(self, name)
            signed = name in ("node_weights", "forget_biases")
            if not values or not all(np.isfinite(v) and (signed or v > 0) for v in values):
                allowed = "finite numbers" if signed else "finite numbers above 0"
                raise ValueError(f"{name} is {values}; give one or more {allowed}")
        if not 0 < self.node_frequency < 500:
            allowed = "between 0 and 500 Hz"
            raise ValueError(f"node_frequency is {self.node_frequency}; it must lie {allowed}")
        if not 0 < self.ladder_radius < 1:
            raise ValueError(f"ladder_radius is {self.ladder_radius}; it must lie in (0, 1)")
        check_seed(self.seed)


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
        "first_order": lambda: panels.first_order(options.node_weights, lags),
        "second_order": lambda: panels.second_order(
            options.node_radii, options.node_frequency, lags
        ),
        "linear": lambda: panels.linear_networks(networks, lags),
        "tanh": lambda: panels.tanh_networks(weight_ih, unscaled, options.gains, noise, washout),
        "lstm": lambda: panels.lstm_networks(
            size, options.forget_biases, noise, washout, key=lstm_key
        ),
        "resonant": lambda: panels.resonant_layer(
            options.ladder_radius, noise, washout, key=resonant_key
        ),
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
