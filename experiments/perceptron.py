"""What a perceptron can learn: logic gates, and clouds with an ever smaller gap between them."""

import itertools
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from matplotlib.figure import Figure

from experiments.options import ScriptOptions
from experiments.ranges import at_least
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.plotting.perceptron import perceptron_figure
from rhythmic.static import logic_gate, perceptron_learning, perceptron_output
from rhythmic.static.perceptron import (
    LOGIC_GATES,
    LabelledExamples,
    PerceptronLearning,
    best_threshold_accuracy,
    first_error_free_epoch,
    largest_margin_plane,
    novikoff_bound,
    separable_clouds,
)

SMALLEST_GAP = 1e-4  # a margin much smaller is lost in rounding


@dataclass(frozen=True)
class PerceptronOptions(ScriptOptions):
    """Options of the perceptron's experiment.

    Args:
        num_starts: random start weights for each gate, N(0, 1), besides the start from zero.
        gate_epochs: times that the four examples of a gate are shown.
        gaps: widths of the empty band between two clouds, in standard deviations of the cloud.
        num_features: dimensions of the clouds; every gap is run in each of them.
        num_examples: examples of both clouds together.
        num_clouds: random pairs of clouds for each gap and dimension.
        cloud_epochs: times that all examples of the clouds are shown.
        seed: of every random number.
    """

    num_starts: int = 200
    gate_epochs: int = 100
    gaps: tuple[float, ...] = (0.01, 0.1, 0.3, 1.0, 3.0)
    num_features: tuple[int, ...] = (2, 10)
    num_examples: int = 100
    num_clouds: int = 100
    cloud_epochs: int = 1000
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of range."""
        at_least(self, num_starts=1, gate_epochs=1, num_examples=1, num_clouds=1, cloud_epochs=1)
        at_least(self, gaps=SMALLEST_GAP, num_features=1)


PRESETS = {
    "quick": PerceptronOptions(),
    "full": PerceptronOptions(
        preset="full", num_starts=1000, gaps=(0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0), num_clouds=500
    ),
    "smoke": PerceptronOptions(
        preset="smoke", num_starts=5, gaps=(0.3, 3.0), num_features=(2,), num_clouds=5
    ),
}


def measure(options: PerceptronOptions, stages: Stages) -> Results:
    """Learn the gates from many starts, then the clouds, in double precision."""
    gate_key, example_key, cloud_key = jax.random.split(jax.random.key(options.seed), 3)
    pairs = list(itertools.product(options.num_features, options.gaps))
    parts = {
        f"clouds-{num_features}-{gap!r}": partial(clouds, options, num_features, gap, key)
        for (num_features, gap), key in zip(
            pairs, jax.random.split(cloud_key, len(pairs)), strict=True
        )
    }
    with jax.enable_x64(True):
        results = gates(options, gate_key) | example(options, example_key)
        runs = list(stages.each(parts).values())
    shape = (len(options.num_features), len(options.gaps), options.num_clouds)
    return results | {
        name: np.stack([run[name] for run in runs]).reshape(shape) for name in runs[0]
    }


@partial(jax.jit, static_argnums=2)
def learn_gates(
    gates: LabelledExamples, starts: Array, num_epochs: int
) -> tuple[PerceptronLearning, Array]:
    """Learn every gate from every start; give too how many examples are right after each epoch."""

    def one(gate: LabelledExamples, start: Array) -> tuple[PerceptronLearning, Array]:
        learning = perceptron_learning(*gate, start[:2], start[2], num_epochs)
        decide = jax.vmap(perceptron_output, (None, 0, 0))
        outputs = decide(gate.inputs, learning.weights, learning.theta)
        return learning, (outputs == gate.targets).sum(axis=-1)

    return jax.vmap(jax.vmap(one, (None, 0)), (0, None))(gates, starts)


def gates(options: PerceptronOptions, key: jax.Array) -> Results:
    """Learn each gate: start 0 has zero weights, the others random ones."""
    random = jax.random.normal(key, (options.num_starts, 3))
    starts = jnp.concatenate([jnp.zeros((1, 3)), random])
    pairs = [logic_gate(name) for name in LOGIC_GATES]
    learning, right = learn_gates(
        jax.tree.map(lambda *rows: jnp.stack(rows), *pairs), starts, options.gate_epochs
    )
    return {
        "gate_errors": np.asarray(learning.errors),
        "gate_epochs": np.asarray(first_error_free_epoch(learning.errors)),
        "gate_right": np.asarray(right),
        "gate_best": np.array([round(4 * best_threshold_accuracy(*pair)) for pair in pairs]),
        "gate_bound": lowest_bounds(
            np.stack([pair.inputs for pair in pairs]), np.stack([pair.targets for pair in pairs])
        ),
        "gate_lines": np.concatenate(
            [learning.weights[:, 0], learning.theta[:, 0, :, None]], axis=-1
        ),
    }


@partial(jax.jit, static_argnums=(2, 3, 4))
def learn_clouds(
    keys: jax.Array, gap: float, num_examples: int, num_features: int, num_epochs: int
) -> tuple[LabelledExamples, Array, Array]:
    """Draw a pair of clouds for each key, learn it from zero; give examples, updates, epochs."""

    def one(key: jax.Array) -> tuple[LabelledExamples, Array, Array]:
        pair = separable_clouds(num_examples, num_features, gap, key=key)
        errors = perceptron_learning(*pair, jnp.zeros(num_features), 0.0, num_epochs).errors
        return pair, errors.sum(), first_error_free_epoch(errors)

    return jax.vmap(one)(keys)


def clouds(options: PerceptronOptions, num_features: int, gap: float, key: jax.Array) -> Results:
    """Count the updates and epochs that many pairs of clouds take, and the bound on updates."""
    keys = jax.random.split(key, options.num_clouds)
    pairs, updates, epochs = learn_clouds(
        keys, gap, options.num_examples, num_features, options.cloud_epochs
    )
    return {
        "updates": np.asarray(updates),
        "epochs": np.asarray(epochs),
        "bound": lowest_bounds(np.asarray(pairs.inputs), np.asarray(pairs.targets)),
    }


novikoff_bounds = jax.jit(jax.vmap(novikoff_bound))


def lowest_bounds(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Give Novikoff's bound for the largest margin of each data set; NaN if it has no margin."""
    planes = [largest_margin_plane(*pair) for pair in zip(inputs, targets, strict=True)]
    weights, theta, _ = (np.stack(values) for values in zip(*planes, strict=True))
    return np.asarray(novikoff_bounds(inputs, targets, weights, theta))


def example(options: PerceptronOptions, key: jax.Array) -> Results:
    """Keep one pair of clouds in two dimensions, with the lines learned and of largest margin."""
    gap = sorted(options.gaps)[len(options.gaps) // 2]
    inputs, targets = separable_clouds(options.num_examples, 2, gap, key=key)
    learning = jax.jit(perceptron_learning, static_argnums=4)(
        inputs, targets, jnp.zeros(2), 0.0, options.cloud_epochs
    )
    plane = largest_margin_plane(inputs, targets)
    return {
        "example_gap": np.asarray(gap),
        "example_inputs": np.asarray(inputs),
        "example_targets": np.asarray(targets),
        "example_learned": np.append(learning.weights[-1], learning.theta[-1]),
        "example_widest": np.append(plane.weights, plane.theta),
    }


def summarise(options: PerceptronOptions, results: Results) -> str:
    """Print one row a gate, and one row for each dimension and gap of the clouds."""
    lines = [
        f"Gates, {options.gate_epochs} epochs, zero weights and {options.num_starts} random starts",
        " gate   learned from  most epochs  fewest errors   most right of 4   from zero",
        "              starts    it needed    in an epoch  learned  any line  updates  bound",
    ]
    for row, name in enumerate(LOGIC_GATES):
        epochs, errors = results["gate_epochs"][row], results["gate_errors"][row]
        most = str(epochs.max()) if epochs.max() >= 0 else "none did"
        bound = results["gate_bound"][row]
        lines.append(
            f"{name:>5}{count(epochs >= 0):>15}{most:>13}{errors.min():>15}"
            f"{results['gate_right'][row].max():>9}{results['gate_best'][row]:>10}"
            f"{errors[0].sum():>9}{f'{bound:.0f}' if np.isfinite(bound) else 'none':>7}"
        )
    lines += [
        "",
        f"Clouds, {options.num_examples} examples, {options.cloud_epochs} epochs from zero weights",
        " dimensions    gap (SD)      learned    most epochs      updates        largest share",
        "                                          it needed  median     most  of the bound (%)",
    ]
    for (i, dimension), (j, gap) in itertools.product(
        enumerate(options.num_features), enumerate(options.gaps)
    ):
        epochs, updates = results["epochs"][i, j], results["updates"][i, j]
        share = 100 * (updates / results["bound"][i, j]).max()
        lines.append(
            f"{dimension:>11}{gap:>12g}{count(epochs >= 0):>13}{epochs.max():>15}"
            f"{np.median(updates):>8g}{updates.max():>9}{share:>18.1f}"
        )
    return "\n".join(lines)


def count(chosen: np.ndarray) -> str:
    """Say how many of how many."""
    return f"{chosen.sum()} of {chosen.size}"


def answer(options: PerceptronOptions, results: Results) -> str:
    """Say which gates and how many clouds were learned, and how the bound held."""
    learned, never = [], []
    for row, name in enumerate(LOGIC_GATES):
        epochs = results["gate_epochs"][row]
        if (epochs >= 0).any():
            some = "" if (epochs >= 0).all() else f" from {count(epochs >= 0)} starts"
            learned.append(f"{name} (at most {epochs.max()} epochs{some})")
        else:
            fewest = results["gate_errors"][row].min()
            never.append(
                f"{name} from none of {epochs.size} starts (at least {fewest} of 4 wrong in every "
                f"epoch; any line has at most {results['gate_best'][row]} of 4 right)"
            )
    epochs, share = results["epochs"], (results["updates"] / results["bound"]).max()
    gates_learned = "; ".join([", ".join(learned) or "no gate", *never])
    return (
        f"A perceptron learns {gates_learned}. "
        f"Of pairs of separable clouds it learned {count(epochs >= 0)}, and used at most "
        f"{100 * share:.0f} % of the updates that Novikoff's bound allows."
    )


def draw(options: PerceptronOptions, results: Results) -> dict[str, Figure]:
    """Draw the gates with their lines, errors over epochs, one pair of clouds, and the bound."""
    return {"perceptron": perceptron_figure(results, options.num_features, options.gaps)}


EXPERIMENT = Experiment(
    name="perceptron",
    section="Models so far",
    question="What can a perceptron learn?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
