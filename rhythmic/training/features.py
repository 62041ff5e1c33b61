"""Features of examples of a pool, by the method that was resolved for it."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.cells import ResonantCell, trainable
from rhythmic.fast import (
    FreeMotion,
    Method,
    Way,
    free_motion,
    mean_squared_amplitude_of_events,
)
from rhythmic.fast.events import Events, find_events, padded_events
from rhythmic.fast.resonant_events import SPARSE, rings_freely
from rhythmic.fast.ways import GPU_PLATFORMS, is_free_between_events
from rhythmic.networks.network import Network
from rhythmic.training.batches import event_batch, in_batches, sequences
from rhythmic.training.configuration import MemberRhythms
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Float, Int


class Tables(NamedTuple):
    """What a way through time computes of a pool before training, beside the data.

    ``features``, of the way ``precomputed``: what the layers make of each example. ``events`` and
    ``motion``, of the way ``events``: the nonzero samples, and the free motion of the nodes between
    them, which is each run's own where runs have rhythms of their own.
    """

    features: Float[AnyArray, "example hidden"] | None = None
    events: Events | None = None
    motion: FreeMotion | None = None


class InputNoise(NamedTuple):
    """White Gaussian noise for one batch: its standard deviation, 0 for none, and its key."""

    level: float
    key: jax.Array

    def added_to(self, inputs: Array) -> Array:
        """Return inputs with the noise."""
        if self.level == 0:
            return inputs
        return inputs + self.level * jax.random.normal(self.key, inputs.shape, inputs.dtype)


def features_of(
    model: Network,
    data: Data,
    examples: Int[AnyArray, " batch"],
    *,
    method: Method,
    tables: Tables | None = None,
    noise: InputNoise | None = None,
    key: jax.Array | None = None,
) -> Float[Array, "*time hidden batch"]:
    """Return the features of examples, as ``Network.features`` returns them.

    Args:
        model: the network.
        data: the pool of examples.
        examples: which of them.
        method: the way through time.
        tables: what the ways ``precomputed`` and ``events`` read, see ``tables_of``.
        noise: added to the inputs, if its level is above 0; then every step is taken.
        key: of the layers' dropout, for training alone.

    Raises:
        ValueError: for a way without its tables.
    """
    inputs, _ = sequences(data, examples)
    lengths = None if data.lengths is None else jnp.asarray(data.lengths)[examples]
    if method not in ("precomputed", "events"):
        if noise is not None:
            inputs = noise.added_to(inputs)
        return model.features(inputs, lengths, method=method, key=key)
    tables = tables or Tables()
    if method == "precomputed" and tables.features is not None:
        return jnp.asarray(tables.features)[examples].T
    if tables.events is None or tables.motion is None:
        raise ValueError(f"method is {method!r}; it needs what training.tables(data) gives")
    cell = model.sole_cell
    assert isinstance(cell, ResonantCell)
    batch = event_batch(tables.events, examples)
    weights, input_weights = cell.effective_weights(), cell.input_weights
    return mean_squared_amplitude_of_events(weights, tables.motion, *batch, input_weights)


def resolved_way(
    method: Method,
    model: Network,
    data: Data | None,
    platform: str,
    *,
    rhythms: MemberRhythms | None = None,
    shared_layers: bool = True,
) -> Way:
    """Return the way through time for a network and a pool; ``method`` unless it is ``fastest``.

    A layer that nobody trains has its features computed once for all runs. On a CPU a resonant
    layer goes from one nonzero sample to the next, if the inputs are bytes and sparse; else a
    hand-written adjoint or a kernel is taken where the cell has one.

    Args:
        method: what is asked for.
        model: the network, at any parameters.
        data: the pool of examples, known before training; None where it is not, as of a task.
        platform: for which programs are lowered, see ``rhythmic.fast.platform_of``.
        rhythms: of the runs, where they have rhythms of their own.
        shared_layers: whether all runs have the same layers before training; where each draws its
            own, there are no features for all.

    Raises:
        ValueError: for a way that this network or these data do not have.
    """
    known = [] if data is None else _ways_of_pool(model, data, rhythms, shared_layers)
    on_gpu = platform in GPU_PLATFORMS
    having = ["fastest", *known, *(way for way in model.ways if on_gpu or way != "kernel")]
    if method not in having:
        allowed = ", ".join(map(repr, having))
        raise ValueError(
            f"method is {method!r}; for this network, these data and a {platform} it must be one "
            f"of {allowed}"
        )
    if method != "fastest":
        return method
    if rhythms is not None and shared_layers and has_fixed_features(model):
        raise ValueError(
            "rhythms are given; without trained weights in the layer, features belong to one "
            "ladder: make a network of each"
        )
    if "precomputed" in known:
        return "precomputed"
    if "events" in known and platform == "cpu":
        return "events"
    return model.fastest_way(platform)


def _ways_of_pool(
    model: Network, data: Data, rhythms: MemberRhythms | None, shared_layers: bool
) -> list[Way]:
    """Return the ways that read tables, as far as there are such tables of a pool."""
    if data.lengths is not None or model.pooling == "every" or model.input_scaling is not None:
        return []
    if has_fixed_features(model):
        return ["precomputed"] if shared_layers and rhythms is None else []
    cell = model.sole_cell if model.pooling == "mean" else None
    if cell is None or not is_free_between_events(cell, model.feature):
        return []
    nodes = cell.constants() if rhythms is None else rhythms.nodes
    return ["events"] if rings_freely(nodes) and is_sparse(np.asarray(data.inputs)) else []


def tables_of(
    way: Method, model: Network, data: Data, *, batch_size: int, room_for_events: int = 1
) -> Tables:
    """Return what a way reads beside the data; nothing for most. Not inside ``jax.jit``.

    Args:
        way: what ``resolved_way`` gave for these data.
        model: the network, at any parameters.
        data: the pool of examples.
        batch_size: examples at a time while features are computed; bounds the memory.
        room_for_events: events of the longest sequence at least, so that pools whose sequences
            differ have tables of one shape.
    """
    if way == "precomputed":
        features = jax.jit(lambda data: fixed_features(model, data, batch_size))(data)
        return Tables(features=features)
    if way != "events":
        return Tables()
    inputs = np.asarray(data.inputs)
    cell = model.sole_cell
    assert isinstance(cell, ResonantCell)
    events = find_events(inputs)
    events = padded_events(events, max(room_for_events, events.values.shape[1]))
    return Tables(events=events, motion=free_motion(cell.constants(), inputs.shape[1]))


def is_sparse(inputs: np.ndarray) -> bool:
    """Return whether inputs are bytes ``(example, time)``, each sequence of them mostly zero."""
    if inputs.ndim != 2 or inputs.dtype != np.uint8:
        return False
    # One dense sequence is enough: it sets the steps of every batch that it is in, and the memory.
    return bool(np.max(np.count_nonzero(inputs, axis=1)) <= SPARSE * inputs.shape[1])


def share_layers(one: Network, other: Network) -> bool:
    """Return whether two draws of a network have the same layers, unless training changes them."""
    layers = [jax.tree.leaves(eqx.filter(model.layers, eqx.is_array)) for model in (one, other)]
    return not has_fixed_features(one) or all(map(np.array_equal, *layers))


def has_fixed_features(model: Network) -> bool:
    """Return whether the layers hold nothing that training changes."""
    return not any(jax.tree.leaves(trainable((model.encoder, model.layers))))


def fixed_features(model: Network, data: Data, batch_size: int) -> Float[Array, "example hidden"]:
    """Return the features of every example, once for all runs, updates and epochs.

    Exact where the layers have no trained weights: features then depend on the example alone.

    Args:
        model: a network whose layers are not trained.
        data: the pool of examples.
        batch_size: examples at a time; bounds the memory.

    Raises:
        ValueError: for a network whose layers are trained.
    """
    if not has_fixed_features(model):
        raise ValueError("model has a layer that is trained; its features change from step to step")
    num_examples = len(data.targets)
    size = min(batch_size, num_examples)
    batches, _ = in_batches(jnp.arange(num_examples), -(-num_examples // size), size)

    def body(carry: None, examples: Array) -> tuple[None, Array]:
        return carry, features_of(model, data, examples, method="scan").T

    _, features = jax.lax.scan(body, None, batches)
    return features.reshape(-1, features.shape[-1])[:num_examples]
