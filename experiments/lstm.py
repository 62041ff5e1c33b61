"""What an LSTM's gates do on a task that a plain RNN fails: one symbol kept among distractors."""

from dataclasses import dataclass
from functools import partial
from typing import get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.answers import bracketed
from experiments.ranges import at_least, rising, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from experiments.task_networks import TaskNetworks, TaskOptions, train_on_tasks
from rhythmic.cells import LSTMCell
from rhythmic.gates import Gate, class_separation, gate_trace, holding_node, with_gate_held
from rhythmic.networks import Network, NetworkSpec
from rhythmic.plotting.memory import all_cells_figure, gates_by_symbol_figure, memory_figure
from rhythmic.plotting.sequences import model_appearance, spread_over_seeds
from rhythmic.tasks import Batch, DelayedRecall
from rhythmic.theory import ladder
from rhythmic.training.objectives import is_correct
from rhythmic.typing import Array

NUM_SHOWN = 256  # sequences on which nodes are watched
GATES = get_args(Gate)
HOLDS = ("open", "at its mean", "shut")


@dataclass(frozen=True)
class LSTMOptions(TaskOptions):
    """A flag marks one of two symbols among distractors; a cue asks for it later.

    Args:
        models: networks to compare, out of rnn, lstm and rhythmic; lstm must be one.
        longest_lags: rising; for each, networks are trained on lags from 1 step up to it.
        shown_lag: steps from symbol to cue in the sequences whose gates are shown.
        hidden_size: nodes of the RNN; the LSTM has half as many memory cells. The rhythmic RNN
            has the 11 golden rhythms of the lecture.
    """

    models: tuple[str, ...] = ("rnn", "lstm", "rhythmic")
    longest_lags: tuple[int, ...] = (5, 20, 60)
    shown_lag: int = 40
    num_updates: int = 600
    hidden_size: int = 16

    def check(self) -> None:
        """Raise a ValueError of one line for an option out of its range."""
        at_least(self, hidden_size=2)
        known = set(self.models) <= set(architectures(self))
        if not known or "lstm" not in self.models:
            allowed = "lstm and any of rnn and rhythmic"
            raise ValueError(f"models is {' '.join(self.models)!r}; give {allowed}")
        within(self, longest_lags="[1, inf)")
        rising(self, "longest_lags")
        last = self.longest_lags[-1]
        if last < 3:
            raise ValueError(f"longest_lags is {self.longest_lags}; it must end with 3 or more")
        # Something must come before the flag and something after it.
        within(self, shown_lag=f"[2, {last - 1}]")
        super().check()


PRESETS = {
    "quick": LSTMOptions(),
    "full": LSTMOptions(
        preset="full",
        longest_lags=(2, 5, 10, 20, 40, 60),
        num_seeds=6,
        learning_rates=(0.003, 0.01, 0.03, 0.1),
    ),
    "smoke": LSTMOptions(
        preset="smoke",
        models=("lstm",),
        longest_lags=(2, 6),
        shown_lag=4,
        num_seeds=2,
        learning_rates=(0.03,),
        num_updates=20,
        hidden_size=4,
    ),
}


def architectures(options: LSTMOptions) -> dict[str, NetworkSpec]:
    """Return the models by name."""
    size = options.hidden_size
    return {
        "rnn": NetworkSpec("rnn", size, pooling="every", name="rnn"),
        "lstm": NetworkSpec("lstm", size // 2, pooling="every", name="lstm"),
        "rhythmic": NetworkSpec(
            "rrn",
            len(ladder("golden")),
            options={"frequencies": ladder("golden")},
            pooling="every",
            encoder_size=1,
            name="rhythmic",
        ),
    }


def recall(options: LSTMOptions, shortest: int, longest: int) -> DelayedRecall:
    """Return the task for a range of lags; sequences are as long for every range."""
    return DelayedRecall(shortest, longest, num_steps=options.longest_lags[-1] + 1)


def measure(options: LSTMOptions, stages: Stages) -> Results:
    """Train and test every model at every lag, and watch the LSTM's gates."""
    done = stages.each({name: partial(train_and_test, options, name) for name in options.models})
    return {f"{part}_{name}": x for part, found in done.items() for name, x in found.items()}


def train_and_test(options: LSTMOptions, name: str) -> Results:
    """Return one model's accuracies, and what the networks of the longest lag hold in mind."""
    spec, lags = architectures(options)[name], options.longest_lags
    trained = train_on_tasks(spec, [recall(options, 1, lag) for lag in lags], options)
    exact = [recall(options, lag, lag) for lag in lags for _ in range(options.num_seeds)]
    shape = (len(lags), options.num_seeds)
    watched = watch(options, trained)
    return {
        "accuracy": trained.test_scores(exact).reshape(shape),
        "learning_rate": trained.learning_rate.reshape(shape)[:, 0],
        "validation_loss": trained.validation_loss.reshape(shape),
        "failed_at_step": np.asarray(trained.state.failed_at_step).reshape(shape),
        "num_parameters": np.asarray(spec.num_parameters(exact[0].input_size, 2)),
        **{key: np.asarray(x) for key, x in watched.items()},
    }


def watch(options: LSTMOptions, trained: TaskNetworks) -> dict[str, Array]:
    """Watch the networks of the longest lag on the same sequences; a row a seed."""
    task = recall(options, options.shown_lag, options.shown_lag)

    @eqx.filter_jit
    def look(networks: Network) -> dict[str, Array]:
        batch = task.sample(NUM_SHOWN, key=jax.random.key(0))
        seen = eqx.filter_vmap(lambda network: look_at(network, batch, task))(networks)
        return seen | {"classes": batch.targets[-1], "inputs": batch.inputs[..., 0]}

    arrays, functions = eqx.partition(trained.networks(), eqx.is_array)
    of_longest = jax.tree.map(lambda x: x[-options.num_seeds :], arrays)
    return look(eqx.combine(of_longest, functions))


def look_at(model: Network, batch: Batch, task: DelayedRecall) -> dict[str, Array]:
    """Return the node that holds the symbol from the flag to the cue.

    ``node`` is its course, ``(time, batch)``: of an LSTM its memory ``c_t``, with the openings
    of its gates and the accuracies with a gate held.
    """
    classes, last = batch.targets[-1], task.num_steps - 2
    stored = last + 1 - int(task.longest_lag)
    if isinstance(model.cell, LSTMCell):
        trace = gate_trace(model.cell, batch.inputs)
        separation = class_separation(trace.memory, classes)
        holding = holding_node(separation, stored, last)
        openings = jnp.stack([getattr(trace, f"{gate}_gate") for gate in GATES])
        return {
            "node": trace.memory[:, holding],
            "separation": separation,
            "gates": openings[:, :, holding],
            "mean_gates": jnp.mean(openings, axis=-1),
            **lesions(model, model.cell, jnp.mean(openings, axis=(1, 3)), batch),
        }
    seen = model.features(batch.inputs)
    separation = class_separation(seen, classes)
    holding = holding_node(separation, stored, last)
    return {"node": seen[:, holding], "separation": separation}


def lesions(model: Network, intact: LSTMCell, means: Array, batch: Batch) -> dict[str, Array]:
    """Return the accuracy intact, and with each gate held open, at its cells' means, or shut."""
    cells = [intact] + [
        with_gate_held(intact, gate, opening)
        for gate, mean in zip(GATES, means, strict=True)
        for opening in (1.0, mean, 0.0)
    ]

    def accuracy(cell: LSTMCell) -> Array:
        held = eqx.tree_at(lambda model: model.layers[0].cell, model, cell)
        said = held.answer(held.features(batch.inputs))[-1]
        return jnp.mean(is_correct(said, batch.targets[-1]))

    found = jax.vmap(accuracy)(jax.tree.map(lambda *x: jnp.stack(x), *cells))
    return {"intact": found[0], "held": found[1:].reshape(len(GATES), len(HOLDS))}


def phases(options: LSTMOptions, results: Results) -> dict[str, np.ndarray]:
    """Return mean openings of the holding cell's gates, ``(seed, gate)``, by phase."""
    gates = results["lstm_gates"].mean(axis=-1)
    stored = gates.shape[-1] - 1 - options.shown_lag
    return {
        "before the flag": gates[..., :stored].mean(axis=-1),
        "at the flag": gates[..., stored],
        "until the cue": gates[..., stored + 1 : -1].mean(axis=-1),
        "at the cue": gates[..., -1],
    }


def kept_memory(options: LSTMOptions, results: Results) -> np.ndarray:
    """Return what the holding cell itself keeps from flag to cue, ``prod_t f_t``, one a seed.

    The product runs over the steps after the flag, the cue's with them; the mean is that over
    sequences. Where it is next to nothing, the symbol lives on in what the cells tell each other.
    """
    forget = results["lstm_gates"][:, GATES.index("forget")]
    return np.prod(forget[:, -options.shown_lag :], axis=1).mean(axis=-1)


def network_table(options: LSTMOptions, results: Results) -> list[str]:
    """Return one line a network: means over networks hide that not all hold the symbol alike."""
    found = phases(options, results)
    held = results["lstm_held"][:, :, HOLDS.index("at its mean")]
    lines = [
        "each network: its holding cell, and recall with a gate of all cells at its mean",
        f"{'seed':>4}{'kept to the cue':>17}{'input at flag':>15}{'at distractors':>16}"
        + "".join(f"{gate:>9}" for gate in GATES),
    ]
    for seed, kept in enumerate(kept_memory(options, results)):
        opened = [found[phase][seed, 0] for phase in ("at the flag", "until the cue")]
        lines.append(
            f"{seed + 1:4d}{kept:17.3f}{opened[0]:15.3f}{opened[1]:16.3f}"
            + "".join(f"{accuracy:9.3f}" for accuracy in held[seed])
        )
    return lines


def summarise(options: LSTMOptions, results: Results) -> str:
    """Return accuracies by lag, gate openings by phase, and accuracies with a gate held."""
    lags = options.longest_lags
    lines = [
        f"accuracy at the longest lag, trained on lags from 1; {options.num_seeds} seeds, mean",
        "intervals: Student's t over seeds, clipped to [0, 1]",
    ]
    lines.append(f"{'lag (steps)':16}{'numbers':>8}" + "".join(f"{lag:8d}" for lag in lags))
    for model in options.models:
        size = int(results[f"{model}_num_parameters"])
        means = results[f"{model}_accuracy"].mean(axis=1)
        rates = results[f"{model}_learning_rate"]
        name = model_appearance(model).label
        lines.append(f"{name:16}{size:8d}" + "".join(f"{mean:8.3f}" for mean in means))
        lines.append(f"{'  its rate':24}" + "".join(f"{rate:8.2g}" for rate in rates))
        at_longest = spread_over_seeds(results[f"{model}_accuracy"][-1], "classes")
        interval = bracketed(at_longest.low, at_longest.high, ".3f")
        lines.append(f"  95 % interval at {lags[-1]}: {interval}")
    lines += ["", f"gates of the cell that holds the symbol, lag {options.shown_lag}, mean opening"]
    lines.append(f"{'':18}" + "".join(f"{gate:>10}" for gate in GATES))
    for phase, openings in phases(options, results).items():
        lines.append(f"{phase:18}" + "".join(f"{mean:10.3f}" for mean in openings.mean(axis=0)))
    lines += [
        "",
        f"accuracy with a gate of all cells held; intact {results['lstm_intact'].mean():.3f}",
    ]
    lines.append(f"{'':18}" + "".join(f"{gate:>10}" for gate in GATES))
    for hold, found in zip(HOLDS, results["lstm_held"].mean(axis=0).T, strict=True):
        lines.append(f"{hold:18}" + "".join(f"{mean:10.3f}" for mean in found))
    lines += ["", *network_table(options, results), ""]
    failed = sum(int(np.sum(results[f"{model}_failed_at_step"] >= 0)) for model in options.models)
    lines.append(f"chosen networks whose numbers stopped being finite: {failed}")
    return "\n".join(lines)


def answer(options: LSTMOptions, results: Results) -> str:
    """Say in one line what the gates do and what they are good for."""
    recalled = ", ".join(
        f"{model_appearance(model).label} {results[f'{model}_accuracy'][-1].mean():.2f}"
        f" ({int(results[f'{model}_num_parameters'])} parameters)"
        for model in options.models
    )
    alone = kept_memory(options, results) > 0.5
    gated = ""
    if alone.any():
        opening = {phase: x[alone].mean(axis=0) for phase, x in phases(options, results).items()}
        at_flag, later = opening["at the flag"], opening["until the cue"]
        gated = (
            f" (forget gate {later[1]:.3f}; input gate {at_flag[0]:.2f} at the marked symbol, "
            f"{later[0]:.2f} at distractors)"
        )
    held = results["lstm_held"].mean(axis=0)[:, HOLDS.index("at its mean")]
    return (
        f"They gate a memory: in {alone.sum()} of {alone.size} LSTMs one cell keeps over half of "
        f"its own for {options.shown_lag} steps{gated}. After {options.longest_lags[-1]} steps of "
        f"distractors recall is {recalled} (chance 0.50). With input, forget or output gates "
        f"held at their means the LSTMs' {results['lstm_intact'].mean():.2f} at "
        f"{options.shown_lag} steps becomes {held[0]:.2f}, {held[1]:.2f}, {held[2]:.2f}."
    )


def drawn_seed(results: Results) -> int:
    """Return the place of the LSTM of the longest lag that validates best."""
    return int(np.argmin(results["lstm_validation_loss"][-1]))


def draw(options: LSTMOptions, results: Results) -> dict[str, Figure]:
    """Draw gates, memory and accuracy; the gates by symbol; and all cells."""
    seed = drawn_seed(results)
    gates: dict[str, np.ndarray] = dict(zip(GATES, results["lstm_gates"][seed], strict=True))
    classes = results["lstm_classes"]
    nodes: dict[str, np.ndarray] = {
        model: results[f"{model}_node"][seed]
        for model in ("lstm", "rnn")
        if model in options.models
    }
    held: dict[str, dict[str, np.ndarray]] = {
        gate: dict(zip(HOLDS, results["lstm_held"][:, place].T, strict=True))
        for place, gate in enumerate(GATES)
    }
    accuracies = {model: results[f"{model}_accuracy"] for model in options.models}
    lags = np.asarray(options.longest_lags)
    return {
        "lstm": memory_figure(
            results["lstm_inputs"], gates, nodes, classes, lags, accuracies, held
        ),
        "gates_by_symbol": gates_by_symbol_figure(gates, nodes["lstm"], classes),
        "all_cells": all_cells_figure(
            dict(zip(GATES, results["lstm_mean_gates"][seed], strict=True)),
            results["lstm_separation"][seed],
            options.shown_lag,
        ),
    }


EXPERIMENT = Experiment(
    name="lstm",
    section="RNN additional notes",
    question="What do the LSTM's extra components do?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
