"""What ``experiments.who_can_rhythm`` is asked for, and its runs: every model, left to itself."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.stages import Results
from rhythmic.cells.elman import Feedback
from rhythmic.network_rhythms import (
    companion_weights,
    free_run,
    leading_mode,
    random_recurrent_weights,
    rotation_weights,
    sequence_network,
)
from rhythmic.rhythm_detection import RhythmKind, measure_rhythm, most_active_node
from rhythmic.static.feedforward import (
    FeedforwardNetwork,
    feedforward_response,
    random_feedforward,
)
from rhythmic.static.hopfield import (
    asynchronous_trajectory,
    random_order,
    synchronous_trajectory,
)
from rhythmic.static.hopfield_storage import hebbian_network, random_patterns
from rhythmic.static.perceptron import perceptron_output
from rhythmic.theory import first_order_trajectory, second_order_trajectory, weights_from_poles
from rhythmic.typing import AnyArray

LINEAR_RADII = (0.99, 1.0, 1.01)
TANH_MODULI = (1.02, 1.2, 2.0)
POLE_RADIUS = 0.99999  # of the lecture's rhythmic network
TRACE_STEPS = 60
BLOCK = 100  # trajectories measured side by side


@dataclass(frozen=True)
class WhoCanRhythmOptions(ScriptOptions):
    """Options of the search for rhythms.

    Args:
        sample_rate: steps a second, Hz; it only gives the frequencies their unit.
        num_steps: steps of the record that is judged; a rhythm needs 8 cycles in it.
        washout: steps before the record.
        num_networks: random networks of each kind and size.
        sizes: numbers of nodes of the random recurrent networks, each at least 2.
        hopfield_units: units of each Hopfield network, from 24 to an eighth of the washout, in
            which each is then updated 8 times one at a time; an eighth as many patterns are stored.
        tanh_radius: spectral radius of the random tanh networks, no unit.
        seed: of everything that is drawn.
    """

    sample_rate: float = 1000.0
    num_steps: int = 2048
    washout: int = 1024
    num_networks: int = 150
    sizes: tuple[int, ...] = (2, 8, 32)
    hopfield_units: int = 32
    tanh_radius: float = 1.2
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        at_least(self, num_steps=64, washout=192, num_networks=1, hopfield_units=24)
        within(self, sizes="[2, inf)", sample_rate="(0, inf)", tanh_radius="(0, inf)")
        if self.hopfield_units > self.washout // 8:
            raise ValueError(
                f"hopfield_units is {self.hopfield_units}; it must be at most {self.washout // 8}, "
                "an eighth of washout, so that every network has settled"
            )
        if self.num_steps + self.washout > 3600:
            # 1.2^3600 is the largest power that the sweep of one weight keeps in double precision.
            total = self.num_steps + self.washout
            raise ValueError(f"num_steps + washout is {total}; it must be at most 3600")


PRESETS = {
    "quick": WhoCanRhythmOptions(),
    "full": WhoCanRhythmOptions(
        preset="full", num_networks=1000, sizes=(2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
    ),
    "smoke": WhoCanRhythmOptions(
        preset="smoke", num_steps=512, washout=256, num_networks=6, sizes=(2,)
    ),
}


def judged(name: str, states: AnyArray, options: WhoCanRhythmOptions) -> Results:
    """Measure trajectories ``(time, *batch)`` after the washout and name what was found.

    They are measured in blocks of one shape, so that one compilation serves every model.
    """
    batch_shape = states.shape[1:]
    columns = np.asarray(states).reshape(len(states), -1)
    spare = -columns.shape[1] % BLOCK
    blocks = np.pad(columns, ((0, 0), (0, spare))).reshape(len(columns), -1, BLOCK)
    found = [
        measure_rhythm(block, sample_rate=options.sample_rate, washout=options.washout)
        for block in jnp.moveaxis(jnp.asarray(blocks), 1, 0)
    ]
    return {
        f"{name}_{field}": np.concatenate([np.asarray(getattr(part, field)) for part in found])[
            : columns.shape[1]
        ].reshape(batch_shape)
        for field in ("kind", "frequency", "growth_rate")
    }


def run_each(run: Callable[[Any], jax.Array], networks: Any, washout: int) -> jax.Array:
    """Run many networks, some at a time, and keep the most active node of each, time first."""

    def active(network: Any) -> jax.Array:
        return most_active_node(run(network), washout=washout)

    return jnp.moveaxis(jax.jit(partial(jax.lax.map, active, batch_size=50))(networks), 0, -1)


def stage_key(options: WhoCanRhythmOptions, stage: int) -> jax.Array:
    """Give every stage its own key."""
    return jax.random.fold_in(jax.random.key(options.seed), stage)


def static_networks(options: WhoCanRhythmOptions) -> Results:
    """Show perceptrons and feedforward networks a constant input, then a rhythmic one."""
    num_steps, num_features = options.washout + options.num_steps, 8
    steady = jnp.ones(num_steps)
    wave = jnp.sin(2 * jnp.pi * jnp.linspace(0.0, num_steps / 25, num_steps, endpoint=False))

    @jax.jit
    @jax.vmap
    def draw(key: jax.Array) -> tuple[jax.Array, jax.Array, FeedforwardNetwork]:
        network_key, input_key, weight_key = jax.random.split(key, 3)
        network = random_feedforward((num_features, 16, 1), key=network_key, bias_scale=0.5)
        size = (num_features,)
        return jax.random.normal(input_key, size), jax.random.normal(weight_key, size), network

    @jax.jit
    def respond(drive: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(
            pattern: jax.Array, weights: jax.Array, network: FeedforwardNetwork
        ) -> tuple[jax.Array, jax.Array]:
            inputs = drive[:, None] * pattern
            output = feedforward_response(network, inputs.T, "tanh")[-1].output[0]
            return perceptron_output(inputs, weights, 0.1), output

        return jax.vmap(one, out_axes=1)(*drawn)

    drawn = draw(jax.random.split(stage_key(options, 0), options.num_networks))
    results: Results = {"drive_frequency": np.asarray(options.sample_rate / 25)}
    for suffix, drive in (("", steady), ("_driven", wave)):
        for name, states in zip(("perceptron", "feedforward"), respond(drive), strict=True):
            results |= judged(name + suffix, states, options)
            results[f"{name}{suffix}_trace"] = np.asarray(states[: TRACE_STEPS + 1, 0])
    return results


def one_node(options: WhoCanRhythmOptions) -> Results:
    """Sweep the one weight of one node, linear and with tanh."""
    num_steps = options.washout + options.num_steps - 1
    linear, bounded = np.linspace(-1.2, 1.2, 49), np.linspace(-3.0, 3.0, 61)
    states = first_order_trajectory(linear, 0.5, num_steps)
    run = jax.vmap(lambda w: free_run(w[None, None], jnp.full(1, 0.5), num_steps)[:, 0], out_axes=1)
    bounded_states = run(jnp.asarray(bounded))
    lasting = int(np.argmin(np.abs(linear + 1))), int(np.argmin(np.abs(bounded + 2)))
    return {
        "linear_node_weight": linear,
        "linear_node_trace": np.asarray(states[: TRACE_STEPS + 1, lasting[0]]),
        "tanh_node_weight": bounded,
        "tanh_node_trace": np.asarray(bounded_states[: TRACE_STEPS + 1, lasting[1]]),
        **judged("linear_node", states, options),
        **judged("tanh_node", bounded_states, options),
    }


def hopfield(options: WhoCanRhythmOptions) -> Results:
    """Run Hopfield networks from random states: one unit at a time, all at once, and in sequence.

    A step of the asynchronous network updates one unit, in an order that all networks share.
    """
    units, num_patterns = options.hopfield_units, options.hopfield_units // 8
    num_steps = options.washout + options.num_steps - 1

    pattern_key, order_key = jax.random.split(stage_key(options, 1))
    order = random_order(-(-num_steps // units), units, key=order_key)[:num_steps]

    def asynchronous(drawn: jax.Array) -> jax.Array:
        return asynchronous_trajectory(hebbian_network(drawn[:, 1:]), drawn[:, 0], order)

    def synchronous(drawn: jax.Array) -> jax.Array:
        return synchronous_trajectory(hebbian_network(drawn[:, 1:]), drawn[:, 0], num_steps)

    def sequence(drawn: jax.Array) -> jax.Array:
        return synchronous_trajectory(sequence_network(drawn[:, 1:]), drawn[:, 1], num_steps)

    # Of each network the start and the patterns that it stores.
    together = random_patterns(units, options.num_networks * (1 + num_patterns), key=pattern_key)
    drawn = jnp.moveaxis(together.reshape(units, options.num_networks, -1), 1, 0)
    # After the washout nothing moves: a network's way there is what is shown.
    settling = asynchronous(drawn[0])[: TRACE_STEPS + 1]
    results: Results = {"sequence_predicted": np.asarray(options.sample_rate / num_patterns)}
    runners = {"asynchronous": asynchronous, "synchronous": synchronous, "sequence": sequence}
    for name, run in runners.items():
        states = run_each(run, drawn, options.washout)
        found = judged(name, states, options)
        shown = int(np.argmax(found[f"{name}_kind"] == RhythmKind.SUSTAINED))
        results |= found | {f"{name}_trace": np.asarray(states[: TRACE_STEPS + 1, shown])}
    return results | {"asynchronous_trace": np.asarray(most_active_node(settling))}


def recurrent_networks(options: WhoCanRhythmOptions, size: int) -> Results:
    """Run random networks of one size.

    As the lecture writes them (h is fed back, H = tanh(h) is shown), each at one of three
    spectral radii; and as they are used (H is fed back).
    """
    num_steps, dt = options.washout + options.num_steps - 1, 1 / options.sample_rate
    keys = jax.random.split(stage_key(options, 100 + size), options.num_networks)
    radii = jnp.asarray(np.resize(LINEAR_RADII, len(keys)))

    def parts(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        weight_key, start_key = jax.random.split(key)
        weights = random_recurrent_weights(size, 1.0, key=weight_key)
        return weights, 0.5 * jax.random.normal(start_key, (size,))

    def run(network: tuple[jax.Array, jax.Array, jax.Array], feedback: Feedback) -> jax.Array:
        weights, start, radius = network
        return free_run(radius * weights, start, num_steps, feedback=feedback)

    weights, starts = jax.jit(jax.vmap(parts))(keys)
    mode = leading_mode(np.asarray(weights), dt)
    results: Results = {
        "predicted": np.asarray(mode.frequency),
        "complex": np.asarray(mode.is_complex),
        "radius": np.asarray(radii),
    }
    tanh_radii = jnp.full(len(keys), options.tanh_radius)
    setups: tuple[tuple[str, Feedback, jax.Array], ...] = (
        ("linear", "activity", radii),
        ("tanh", "output", tanh_radii),
    )
    for name, feedback, radius in setups:
        runner = partial(run, feedback=feedback)
        states = run_each(runner, (weights, starts, radius), options.washout)
        shown = {name: states} if name == "tanh" else {name: states, "shown": jnp.tanh(states)}
        for quantity, values in shown.items():
            results |= judged(quantity, values, options)
            results[f"{quantity}_trace"] = np.asarray(values[: TRACE_STEPS + 1]).T
    return results


def rotations(options: WhoCanRhythmOptions) -> Results:
    """Let two tanh nodes turn by every angle: what do they make of their eigenvalue?"""
    frequency = options.sample_rate * np.linspace(0.01, 0.49, 97)
    num_steps = options.washout + options.num_steps - 1
    moduli = jnp.array(TANH_MODULI)[:, None]
    weights = rotation_weights(jnp.asarray(frequency), moduli, 1 / options.sample_rate)
    run = jax.vmap(lambda w: free_run(w, jnp.array([0.5, 0.1]), num_steps, num_observed=1)[:, 0])
    states = jnp.moveaxis(run(weights.reshape(-1, 2, 2)), 1, 0)
    states = states.reshape(-1, *weights.shape[:-2])
    shown = states[: TRACE_STEPS + 1, 1, np.argmin(np.abs(frequency - 0.06 * options.sample_rate))]
    return {
        "rotation_predicted": frequency,
        "rotation_trace": np.asarray(shown),
        **judged("rotation", states, options),
    }


def rhythmic_node(options: WhoCanRhythmOptions) -> Results:
    """Run the rhythmic node itself, and two ordinary nodes with its two weights."""
    frequency, dt = options.sample_rate * np.linspace(0.01, 0.49, 97), 1 / options.sample_rate
    num_steps = options.washout + options.num_steps - 1
    w1, w2 = map(jnp.asarray, weights_from_poles(frequency, POLE_RADIUS, dt))
    states = second_order_trajectory(w1, w2, 1.0, 0.5 * w1, num_steps)

    def two_nodes(weights: jax.Array, start: jax.Array) -> jax.Array:
        return free_run(weights, start, num_steps - 1, feedback="activity")[:, 0]

    starts = jnp.stack([0.5 * w1, jnp.ones(len(frequency))], -1)
    pair = jax.vmap(two_nodes, out_axes=1)(companion_weights(w1, w2), starts)
    difference = jnp.max(jnp.abs(pair - states[1:])) / jnp.max(jnp.abs(states))
    shown = int(np.argmin(np.abs(frequency - 0.04 * options.sample_rate)))
    return {
        "node_predicted": frequency,
        "pair_difference": np.asarray(difference),
        "node_trace": np.asarray(states[: TRACE_STEPS + 1, shown]),
        **judged("node", states, options),
    }
