"""What an LSTM's gates do on a task that a plain RNN fails: one symbol kept among distractors."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.lstm_options import PRESETS, LSTMOptions, architectures, recall
from experiments.lstm_report import GATES, HOLDS, answer, summarise
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from experiments.task_networks import TaskNetworks, train_on_tasks
from rhythmic.cells import LSTMCell
from rhythmic.gates import class_separation, gate_trace, holding_node, with_gate_held
from rhythmic.networks import Network
from rhythmic.plotting.memory import all_cells_figure, gates_by_symbol_figure, memory_figure
from rhythmic.tasks import Batch, DelayedRecall
from rhythmic.training.losses import is_correct
from rhythmic.typing import Array

NUM_SHOWN = 256  # sequences on which nodes are watched


def measure(options: LSTMOptions, stages: Stages) -> Results:
    """Train and test every model at every lag, and watch the LSTM's gates."""
    done = stages.each({name: partial(train_and_test, options, name) for name in options.models})
    return {f"{part}_{name}": x for part, found in done.items() for name, x in found.items()}


def train_and_test(options: LSTMOptions, name: str) -> Results:
    """Return one model's accuracies, and what the networks of the longest lag hold in mind."""
    spec, lags = architectures(options)[name], options.longest_lags
    trained = train_on_tasks(
        spec,
        [recall(options, 1, lag) for lag in lags],
        learning_rates=options.learning_rates,
        seeds=range(1, options.num_seeds + 1),
        num_updates=options.num_updates,
        batch_size=options.batch_size,
    )
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
