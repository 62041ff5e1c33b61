"""Whether an activation function protects the node h_t = phi(w h_{t-1}) from exploding."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.plotting.node import bifurcation_panel, protection_panel
from rhythmic.theory.activation import (
    NODE_ACTIVATIONS,
    activation_trajectory,
    limit_states,
    node_equilibria,
)

SATURATING = ("tanh", "sigmoid")
# A distance that has shrunk by this factor is lost in the rounding of a state near 1.
OVER = 1e-17


@dataclass(frozen=True)
class ActivationOptions(ScriptOptions):
    """The node with an activation function.

    Args:
        start: h_0 of one run of every weight; the other starts at -h_0.
        example_weight: w of the runs that are drawn against time.
        example_steps: length of these runs, in steps.
        tanh_limit: largest |w| of the grid for tanh.
        sigmoid_limit: largest |w| of the grid for the sigmoid.
        num_weights: weights on each grid.
        num_steps: length of the runs on the grid, in steps.
    """

    start: float = 0.1
    example_weight: float = 2.0
    example_steps: int = 1000
    tanh_limit: float = 4.0
    sigmoid_limit: float = 16.0
    num_weights: int = 401
    num_steps: int = 2000

    def check(self) -> None:
        """Refuse a silent start, empty grids and runs of one step."""
        within(self, start="(0, inf)", tanh_limit="(0, inf)", sigmoid_limit="(0, inf)")
        at_least(self, example_steps=2, num_steps=2, num_weights=2)


PRESETS = {
    "quick": ActivationOptions(),
    "full": ActivationOptions(preset="full", num_weights=1601, num_steps=10_000),
    "smoke": ActivationOptions(preset="smoke", num_weights=41, num_steps=200),
}


def measure(options: ActivationOptions, stages: Stages) -> Results:
    """Run the example with every activation, and grids of weights with the saturating ones."""
    results = {"example": run_example(options)}
    parts: dict[str, Callable[[], Results]] = {
        name: lambda name=name: run_grid(options, name)  # type: ignore[misc]
        for name in SATURATING
    }
    for name, arrays in stages.each(parts).items():
        results |= {f"{name}_{key}": array for key, array in arrays.items()}
    return results


def run_example(options: ActivationOptions) -> np.ndarray:
    """Run the example weight with every activation, (time, activation)."""
    with jax.enable_x64(True):
        runs = [
            activation_trajectory(
                name, options.example_weight, options.start, options.example_steps
            )
            for name in NODE_ACTIVATIONS
        ]
        return np.stack(runs, axis=1)


def run_grid(options: ActivationOptions, name: str) -> Results:
    """Run one activation over weights and both starts, and say what theory predicts."""
    limit = options.tanh_limit if name == "tanh" else options.sigmoid_limit
    weights = np.linspace(-limit, limit, options.num_weights)
    starts = np.array([options.start, -options.start])

    def end(weight: jax.Array, start: jax.Array) -> tuple[jax.Array, jax.Array]:
        states = activation_trajectory(name, weight, start, options.num_steps)
        return states[-2:], abs(states[1:]).max()

    over_starts = jax.vmap(end, in_axes=(None, 0))
    with jax.enable_x64(True):
        last_two, largest = jax.jit(jax.vmap(over_starts, in_axes=(0, None)))(weights, starts)
    found = node_equilibria(name, weights)
    predicted = limit_states(name, weights[:, None], starts)
    simulated = np.sort(last_two, axis=-1)
    return {
        "weight": weights,
        "simulated": simulated,
        "predicted": predicted,
        "difference": np.abs(simulated - predicted).max(axis=(1, 2)),
        "largest": np.asarray(largest),
        "settling_factor": found.settling_factor,
        "fixed_point": found.fixed_point,
        "fixed_point_is_stable": found.fixed_point_is_stable,
        "cycle": found.cycle,
    }


def settled(options: ActivationOptions, results: Results, name: str) -> np.ndarray:
    """Mark the weights where the run was long enough to forget its start."""
    return results[f"{name}_settling_factor"] ** options.num_steps < OVER


def summarise(options: ActivationOptions, results: Results) -> str:
    """Write where the example ends, and how far the grids are from theory."""
    weight, last = options.example_weight, options.example_steps
    lines = [f"h_t = phi(w h_(t-1)), w = {weight:g}, h_0 = {options.start:g}"]
    lines.append(f"{'phi':<10}{'h_10':>12}{f'h_{last}':>14}  limits of theory")
    for column, name in enumerate(NODE_ACTIVATIONS):
        early, late = results["example"][min(10, last), column], results["example"][-1, column]
        low, high = limit_states(name, weight, options.start)
        limits = f"{low:.6g}" if low == high else f"{low:.6g} and {high:.6g}"
        lines.append(f"{name:<10}{early:>12.6g}{late:>14.6g}  {limits}")
    lines.append("")
    lines.append(f"{options.num_weights} weights, {options.num_steps} steps, simulation - theory")
    for name in SATURATING:
        weights, difference = results[f"{name}_weight"], results[f"{name}_difference"]
        over = settled(options, results, name)
        worst = np.argmax(difference)
        lines.append(
            f"{name:<8} largest |h| {results[f'{name}_largest'].max():.9g}; settled at"
            f" {over.sum()} weights: at most {difference[over].max(initial=0):.1e};"
            f" all: {difference[worst]:.1e} (w = {weights[worst]:.3g})"
        )
    return "\n".join(lines)


def answer(options: ActivationOptions, results: Results) -> str:
    """Say which activations protect, and how well theory and simulation agree."""
    ends = dict(zip(NODE_ACTIVATIONS, results["example"][-1], strict=True))
    ending = ", ".join(f"{name} {value:.3g}" for name, value in ends.items())
    largest = max(results[f"{name}_largest"].max() for name in SATURATING)
    worst = max(
        results[f"{name}_difference"][settled(options, results, name)].max(initial=0)
        for name in SATURATING
    )
    explode = {name for name, value in ends.items() if abs(value) > max(1.0, options.start)}
    if largest > 1 or explode & set(SATURATING):
        verdict = "No"
    else:
        verdict = "If it saturates, yes" if explode else "Nothing explodes here"
    return (
        f"{verdict}: from h_0 = {options.start:g} with w = {options.example_weight:g},"
        f" h_{options.example_steps} is {ending}; over {options.num_weights} weights each, tanh and"
        f" sigmoid stay within |h| <= {largest:.3g} and settle or flicker where theory says, to"
        f" {worst:.0e} once the start is forgotten."
    )


def draw(options: ActivationOptions, results: Results) -> dict[str, Figure]:
    """Draw the example against time and the bifurcation picture of both activations."""
    figure = Figure(figsize=(7.0, 2.8))
    protection, *pictures = figure.subplots(1, 3)
    examples = dict(zip(NODE_ACTIVATIONS, results["example"].T, strict=True))
    protection_panel(protection, examples)
    protection.set_title(f"$w$ = ${options.example_weight:g}$", loc="left")
    for axes, name in zip(pictures, SATURATING, strict=True):
        bifurcation_panel(
            axes,
            results[f"{name}_weight"],
            results[f"{name}_fixed_point"],
            results[f"{name}_fixed_point_is_stable"],
            results[f"{name}_cycle"],
            results[f"{name}_simulated"],
        )
        axes.set_title(name, loc="left")
    handles, labels = pictures[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=4)
    return {"bifurcation": figure}


EXPERIMENT = Experiment(
    name="activation",
    section="RNN dynamics (simplified)",
    question="Does the activation function protect against explosion?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
