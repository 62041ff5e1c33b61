"""The lecture's feedforward networks: three neurons a layer, ten hidden ones, a hundred."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from matplotlib.figure import Figure

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.activations import ACTIVATIONS
from rhythmic.plotting.perceptron import feedforward_figure
from rhythmic.static import (
    feedforward_network,
    feedforward_response,
    num_parameters,
    random_feedforward,
)
from rhythmic.static.feedforward import activity_variance

# The lecture's numbers; biases are zero.
INPUTS = (1, 3, -3)
WEIGHTS_IH = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
WEIGHTS_HO = ((1, 1, 1), (-2, -2, -2), (3, 3, 3))
TWO_INPUTS_TEN_HIDDEN = (2, 10)
NETWORKS_AT_ONCE = 50


@dataclass(frozen=True)
class FeedforwardOptions(ScriptOptions):
    """Options of the feedforward network's experiment.

    Args:
        num_neurons: neurons in each of the three layers of the random networks.
        num_networks: random networks, all with the same inputs, N(0, 1).
        weight_scale: factor on their weights, which are N(0, 1/num_neurons) times it; no unit.
        bins: of the histograms of activity.
        seed: of weights and inputs.
    """

    num_neurons: int = 100
    num_networks: int = 200
    weight_scale: float = 1.0
    bins: int = 60
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of range."""
        at_least(self, num_neurons=1, num_networks=1, bins=1)
        within(self, weight_scale="(0, inf)")


PRESETS = {
    "quick": FeedforwardOptions(),
    "full": FeedforwardOptions(preset="full", num_networks=2000),
    "smoke": FeedforwardOptions(preset="smoke", num_networks=5),
}


def measure(options: FeedforwardOptions, stages: Stages) -> Results:
    """Run the lecture's network, draw the one with ten hidden neurons, run the large ones."""
    del stages  # seconds in all
    small_key, input_key, weight_key = jax.random.split(jax.random.key(options.seed), 3)
    two_ten = random_feedforward(TWO_INPUTS_TEN_HIDDEN, key=small_key)
    return (
        lecture()
        | {"two_ten_weights": np.asarray(two_ten[0].weights)}
        | large(options, input_key, weight_key)
    )


def lecture() -> Results:
    """Give h, H and o of the lecture's network, one row for each activation."""
    network = feedforward_network((np.array(WEIGHTS_IH), np.array(WEIGHTS_HO)))
    inputs = np.array(INPUTS)
    runs = jax.jit(lambda: [feedforward_response(network, inputs, phi) for phi in ACTIVATIONS])()
    return {
        "inputs": inputs,
        "weights_ih": np.asarray(network[0].weights),
        "weights_ho": np.asarray(network[1].weights),
        "hidden_activity": np.stack([hidden.activity for hidden, _ in runs]),
        "hidden_output": np.stack([hidden.output for hidden, _ in runs]),
        # The lecture's o is the weighted sum that reaches the output layer, before any phi.
        "output_activity": np.stack([output.activity for _, output in runs]),
    }


def large(options: FeedforwardOptions, input_key: jax.Array, weight_key: jax.Array) -> Results:
    """Collect the activity of random networks; every activation sees the same weights."""
    sizes = (options.num_neurons,) * 3
    scale = options.weight_scale
    inputs = jax.random.normal(input_key, sizes[:1])

    def run(key: jax.Array) -> tuple[Array, Array]:
        network = random_feedforward(sizes, key=key, weight_scale=scale)
        runs = [feedforward_response(network, inputs, name) for name in ACTIVATIONS]
        return runs[0][0].activity, jnp.stack([output.activity for _, output in runs])

    keys = jax.random.split(weight_key, options.num_networks)
    run_all = jax.jit(partial(jax.lax.map, run, batch_size=NETWORKS_AT_ONCE))
    hidden, outputs = run_all(keys)
    outputs = np.moveaxis(np.asarray(outputs, float), 1, 0)  # activation, network, neuron
    hidden = np.asarray(hidden, float)
    first = random_feedforward(sizes, key=keys[0], weight_scale=scale)
    variance = scale**2 * float(jnp.mean(inputs**2))
    below = [activity_variance(name, variance, weight_scale=scale) for name in ACTIVATIONS]
    limit = 4 * np.sqrt(max(variance, *below))
    edges = np.linspace(-limit, limit, options.bins + 1)
    layers = [hidden, *outputs]
    return {
        "large_weights_ih": np.asarray(first[0].weights),
        "large_shapes": np.array([layer.weights.shape for layer in first]),
        "large_parameters": np.array(num_parameters(first)),
        "large_predicted_sd": np.sqrt([variance, *below]),
        "large_mean": np.array([layer.mean() for layer in layers]),
        "large_sd": np.array([layer.std() for layer in layers]),
        "large_edges": edges,
        "large_density": np.stack([density(layer, edges) for layer in layers]),
    }


def density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return a histogram per unit of activity, as a share of all values, in range or not."""
    return np.histogram(values, edges)[0] / values.size / np.diff(edges)


def summarise(options: FeedforwardOptions, results: Results) -> str:
    """Print h, H and o for every activation, the shape question and the large networks."""
    lines = [
        f"I = {vector(results['inputs'])}",
        f"W_ih = {matrix(results['weights_ih'])}, W_ho = {matrix(results['weights_ho'])}",
        "o is the activity of the output layer, W_ho H, before any activation function.",
        f"activation{'h = W_ih I':>20}{'H = phi(h)':>30}{'o = W_ho H':>30}",
    ]
    columns = ("hidden_activity", "hidden_output", "output_activity")
    for row, name in enumerate(ACTIVATIONS):
        h, hidden, o = (vector(results[column][row]) for column in columns)
        lines.append(f"{name:<10}{h:>20}{hidden:>30}{o:>30}")
    lines += [
        "",
        f"Two inputs, ten hidden neurons: W_ih has shape {results['two_ten_weights'].shape}",
        "",
        f"N = {options.num_neurons} a layer: W_ih and W_ho have shapes {shapes(results)}, "
        f"{int(results['large_parameters']):,} parameters with biases",
        f"Activity over {options.num_networks} random networks, the same inputs:",
        "layer   activation      mean        SD   SD predicted",
    ]
    for row, between in enumerate(["any", *ACTIVATIONS]):
        layer = "hidden" if row == 0 else "output"
        lines.append(
            f"{layer:<8}{between:<11}{results['large_mean'][row]:>9.4f}"
            f"{results['large_sd'][row]:>10.4f}{results['large_predicted_sd'][row]:>15.4f}"
        )
    return "\n".join(lines)


def vector(values: np.ndarray) -> str:
    """Write a vector in brackets, without decimals if it has none."""
    whole = np.all(values == np.round(values))
    return f"[{', '.join(f'{value:.0f}' if whole else f'{value:.4f}' for value in values)}]"


def matrix(rows: np.ndarray) -> str:
    """Write a matrix row after row."""
    return f"[{', '.join(vector(row) for row in rows)}]"


def shapes(results: Results) -> str:
    """Write the shapes of both matrices of a large network."""
    return " and ".join(
        str(tuple(int(size) for size in shape)) for shape in results["large_shapes"]
    )


def answer(options: FeedforwardOptions, results: Results) -> str:
    """Give the lecture's numbers, the shape and the size of the large network."""
    row = list(ACTIVATIONS).index("binary")
    return (
        f"With the binary activation h = {vector(results['hidden_activity'][row])}, "
        f"H = {vector(results['hidden_output'][row])} and "
        f"o = {vector(results['output_activity'][row])} (activity of the output layer); for two "
        f"inputs and ten hidden neurons W_ih has shape {results['two_ten_weights'].shape}; "
        f"N = {options.num_neurons} neurons a layer are the same two products with "
        f"{int(results['large_parameters']):,} parameters."
    )


def draw(options: FeedforwardOptions, results: Results) -> dict[str, Figure]:
    """Draw the matrices, activity and output for every activation, and the large networks."""
    return {"feedforward": feedforward_figure(results, tuple(ACTIVATIONS))}


EXPERIMENT = Experiment(
    name="feedforward",
    section="Remember Feedforward",
    question="What is the activity and output of each layer?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
