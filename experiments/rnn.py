"""The RNN of the lecture, simulated, and how much of each earlier input is left in h_t."""

from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
from cmcrameri import cm
from matplotlib.figure import Figure, SubFigure

from experiments.feedforward import INPUTS, WEIGHTS_HO, WEIGHTS_IH
from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.cells.elman import Feedback
from rhythmic.cells.initialization import scaled_orthogonal
from rhythmic.plotting.node import lag_panel, sensitivity_map
from rhythmic.rnn import simulate_rnn
from rhythmic.sensitivity import input_jacobian
from rhythmic.theory.backpropagation import (
    lagged_products,
    largest_singular_value,
    spectral_radius,
)

FEEDBACKS = get_args(Feedback)
NAMES = {"activity": "$h$ fed back (lecture)", "output": "$H$ fed back"}


@dataclass(frozen=True)
class RNNOptions(ScriptOptions):
    """The network of "Remember Feedforward", three neurons a layer, made recurrent, with tanh.

    Args:
        num_steps: length of the run, in steps.
        pulse_steps: steps for which each input neuron is on, one neuron after the other.
        input_scale: factor on the lecture's input (1, 3, -3).
        recurrent_gain: W_hh is an orthogonal matrix times this; its spectral radius.
        seed: which orthogonal matrix.
    """

    num_steps: int = 60
    pulse_steps: int = 4
    input_scale: float = 0.1
    recurrent_gain: float = 0.9
    seed: int = 16

    def check(self) -> None:
        """Refuse runs too short for three pulses."""
        at_least(self, num_steps=12)
        # Three pulses, each with its echo.
        within(self, pulse_steps=f"[1, {self.num_steps // 4}]", recurrent_gain="[0, inf)")


PRESETS = {
    "quick": RNNOptions(),
    "full": RNNOptions(preset="full"),
    "smoke": RNNOptions(preset="smoke", num_steps=16),
}


def pulses(options: RNNOptions) -> np.ndarray:
    """Switch the input neurons on one after the other, (time, 3)."""
    inputs = np.zeros((options.num_steps, len(INPUTS)))
    for neuron, height in enumerate(INPUTS):
        onset = options.num_steps // 12 + neuron * options.num_steps // 4
        inputs[onset : onset + options.pulse_steps, neuron] = options.input_scale * height
    return inputs


def measure(options: RNNOptions, stages: Stages) -> Results:
    """Simulate both feedbacks; differentiate h_t with respect to every I_s."""
    del stages
    with jax.enable_x64(True):
        key = jax.random.key(options.seed)
        weight_hh = np.asarray(scaled_orthogonal((3, 3), options.recurrent_gain, key=key))
        weight_ih, weight_ho = np.array(WEIGHTS_IH, float), np.array(WEIGHTS_HO, float)
        layers, biases = (weight_ih, weight_hh, weight_ho), (np.zeros(3), np.zeros(3))
        inputs = pulses(options)
        results = {"input": inputs, "weight_hh": weight_hh}
        for feedback in FEEDBACKS:
            run = simulate_rnn(*layers, *biases, inputs, feedback=feedback)
            results |= {f"{feedback}_{key}": np.asarray(x) for key, x in run._asdict().items()}

            def activity(inputs: jax.Array, feedback: Feedback = feedback) -> jax.Array:
                return simulate_rnn(*layers, *biases, inputs, feedback=feedback).activity

            differentiate = jax.jit(partial(input_jacobian, activity))
            jacobians = differentiate(jnp.asarray(inputs))
            results[f"{feedback}_sensitivity"] = np.asarray(largest_singular_value(jacobians))
            results[f"{feedback}_last_jacobian"] = np.asarray(jacobians[-1, ::-1])
    powers = lagged_products(np.broadcast_to(weight_hh, (options.num_steps - 1, 3, 3)))
    results["predicted_jacobian"] = np.asarray(powers @ weight_ih)
    return results


def linear_difference(results: Results) -> float:
    """Give the largest difference between autodiff and W_hh^n W_ih, relative to its size."""
    found, expected = results["activity_last_jacobian"], results["predicted_jacobian"]
    size = np.maximum(largest_singular_value(expected), np.finfo(float).tiny)
    return float(np.max(np.abs(found - expected) / size[:, None, None]))


def summarise(options: RNNOptions, results: Results) -> str:
    """Write the sensitivity of the last h to the inputs before it."""
    curves = {name: results[f"{name}_sensitivity"][-1, ::-1] for name in FEEDBACKS}
    predicted = np.asarray(largest_singular_value(results["predicted_jacobian"]))
    radius = spectral_radius(results["weight_hh"])
    lags = [lag for lag in (0, 1, 2, 5, 10, 20, 40, 80) if lag < options.num_steps]
    lines = [f"W_hh has spectral radius {radius:.4g}; largest |h|, |H|, |o| of the run:"]
    for name in FEEDBACKS:
        sizes = (
            np.abs(results[f"{name}_{key}"]).max() for key in ("activity", "output", "readout")
        )
        lines.append(f"  {name} fed back: " + ", ".join(f"{size:.4g}" for size in sizes))
    lines.append("size of dh_T / dI_(T-lag), the last state and the inputs before it")
    lines.append(f"{'lag':>6}{'activity':>12}{'W^n W_ih':>12}{'output':>12}")
    for lag in lags:
        row = (curves["activity"][lag], predicted[lag], curves["output"][lag])
        lines.append(f"{lag:>6}" + "".join(f"{value:>12.4g}" for value in row))
    lines.append(f"autodiff - W_hh^n W_ih: at most {linear_difference(results):.1e} (relative)")
    return "\n".join(lines)


def answer(options: RNNOptions, results: Results) -> str:
    """Say how much of an input is left at some lag, with either feedback."""
    lag = min(40, options.num_steps - 1)
    left = {
        name: results[f"{name}_sensitivity"][-1, -1 - lag] / results[f"{name}_sensitivity"][-1, -1]
        for name in FEEDBACKS
    }
    weakest = min(results[f"{name}_sensitivity"][-1].min() for name in FEEDBACKS)
    reach = "every earlier input" if weakest > 0 else "recent inputs alone"
    radius = spectral_radius(results["weight_hh"])
    return (
        f"The last h depends on {reach}: of its response to an input, {left['activity']:.3g} is"
        f" left after {lag} steps with h fed back ({radius:.3g} a step; W_hh^n W_ih to"
        f" {linear_difference(results):.0e}) and {left['output']:.3g} with H = tanh(h) fed back."
    )


def draw(options: RNNOptions, results: Results) -> dict[str, Figure]:
    """Draw the traces beside the sensitivity to every input."""
    figure = Figure(figsize=(7.0, 4.6))
    halves: Any = figure.subfigures(1, 2, width_ratios=(1, 1.25))
    left, right = halves
    draw_traces(left, options, results)
    draw_sensitivity(right, results)
    return {"rnn": figure}


def draw_traces(figure: SubFigure, options: RNNOptions, results: Results) -> None:
    """Draw I, h, H and o, one panel each; colours are neurons."""
    panels = figure.subplots(4, 1, sharex=True)
    times = np.arange(1, options.num_steps + 1)
    colours = cm.batlow((0.0, 0.4, 0.75))
    labels = {"activity": "activity $h$", "output": "output $H$", "readout": "readout $o$"}
    for neuron, colour in enumerate(colours):
        label = f"neuron {neuron + 1}"
        panels[0].step(times, results["input"][:, neuron], where="mid", color=colour, label=label)
        for axes, key in zip(panels[1:], labels, strict=True):
            for feedback, line in zip(("activity", "output"), ("-", ":"), strict=True):
                trace = results[f"{feedback}_{key}"][:, neuron]
                axes.plot(times, trace, color=colour, ls=line, lw=1.0)
    for axes, label in zip(panels, ["input $I$", *labels.values()], strict=True):
        axes.set_ylabel(label)
        axes.axhline(0, color="0.5", lw=0.4, zorder=0)
    panels[-1].set_xlabel("time (steps)")
    figure.align_ylabels(panels)
    for feedback, line in zip(("activity", "output"), ("-", ":"), strict=True):
        panels[0].plot([], [], color="0.3", ls=line, lw=1.0, label=NAMES[feedback])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)


def draw_sensitivity(figure: SubFigure, results: Results) -> None:
    """Draw maps over both times, and the last row of each against the lag."""
    panels = figure.subplot_mosaic([["activity", "output"], ["lag", "lag"]])
    norms = {name: results[f"{name}_sensitivity"] for name in FEEDBACKS}
    positive = np.concatenate([sizes[sizes > 0] for sizes in norms.values()])
    top = np.log10(positive.max())
    bottom = max(np.log10(positive.min()), top - 8)
    for name, sizes in norms.items():
        image = sensitivity_map(panels[name], sizes, (bottom, top))
        panels[name].set_title(NAMES[name], loc="left")
    panels["output"].set_ylabel("")
    where = [panels["activity"], panels["output"]]
    label = r"$\log_{10} \| dh_t / dI_s \|$"
    figure.colorbar(image, ax=where, label=label, shrink=0.8, extend="min")
    curves = {NAMES[name]: norms[name][-1, ::-1] for name in ("activity", "output")}
    predicted = np.asarray(largest_singular_value(results["predicted_jacobian"]))
    lag_panel(panels["lag"], curves, {NAMES["activity"]: predicted})
    panels["lag"].plot([], [], "o", ms=2.6, mfc="none", color="0.3", label="$W_{hh}^n W_{ih}$")
    panels["lag"].set_ylabel(r"$\| dh_T / dI_{T-\mathrm{lag}} \|$")
    panels["lag"].legend(loc="lower left", fontsize=7)


EXPERIMENT = Experiment(
    name="rnn",
    section="RNN model",
    question="Simulate the RNN: how much of each earlier input is left in h_t?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
