"""Trained networks as their rows hold them, and the features that they make of digits."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from experiments.members.rows import own_names
from rhythmic.fast import Way, platform_of
from rhythmic.indices import check_indices
from rhythmic.networks import BuildsNetwork, Network, NetworkSpec
from rhythmic.records import Row
from rhythmic.training import Data
from rhythmic.training.configuration import member_keys
from rhythmic.training.features import Tables, features_of, resolved_way, tables_of
from rhythmic.trees import with_named_arrays
from rhythmic.typing import AnyArray, Float, Int

BATCH_SIZE = 500


def trained_network(spec: BuildsNetwork, row: Row) -> Network:
    """Return the network of a row that keeps ``parameters`` and ``statistics``.

    What a layer draws and does not train is drawn from the row's seed, as in training.
    """
    network = spec.build(1, 10, key=member_keys(row["seed"]).start_values)
    statistics = {f"statistics.{name}": x for name, x in row["statistics"].items()}
    return with_named_arrays(network, own_names(row["parameters"]) | statistics)


@eqx.filter_jit
def _features(
    model: Network, data: Data, tables: Tables, way: Way, examples: Int[AnyArray, " batch"]
) -> AnyArray:
    return features_of(model, data, examples, method=way, tables=tables).T


class FeatureReader:
    """Features before the readout, of many digits, for networks of one architecture."""

    def __init__(self, architecture: NetworkSpec, data: Data):
        """Prepare the digits once for all networks."""
        model = architecture.build(1, 10, key=jax.random.key(0))
        self.way = resolved_way("fastest", model, data, platform=platform_of(jax.devices()[0]))
        tables = tables_of(self.way, model, data, batch_size=BATCH_SIZE)
        self.data, self.tables = jax.tree.map(jnp.asarray, (data, tables))

    def read(
        self, model: Network, examples: Int[np.ndarray, " example"]
    ) -> Float[np.ndarray, "example node"]:
        """Return the features of examples of the pool."""
        check_indices("examples", examples, len(self.data.targets), "examples in the pool")
        size = min(BATCH_SIZE, len(examples))
        # Every batch has one shape, and so one program: the last one is filled up with repeats.
        padded = np.resize(examples, -(-len(examples) // size) * size)
        pool = (self.data, self.tables, self.way)
        parts = [_features(model, *pool, batch) for batch in padded.reshape(-1, size)]
        return np.concatenate([np.asarray(part) for part in parts])[: len(examples)]


def accuracy(
    network: Network, features: Float[np.ndarray, "example node"], labels: Int[AnyArray, " example"]
) -> float:
    """Return the share of examples that a network's own readout tells rightly from features."""
    logits = network.read_out(jnp.asarray(features.T))
    return float(np.mean(np.argmax(np.asarray(logits), axis=0) == np.asarray(labels)))


def knocked_out_accuracies(
    network: Network,
    features: Float[np.ndarray, "example node"],
    means: Float[np.ndarray, " node"],
    labels: Int[AnyArray, " example"],
) -> list[float]:
    """Return the accuracies where the feature of one node after another is set to a constant.

    The node itself goes on within the layer, and drives the others: what is taken away is what
    the readout learns from it.

    Args:
        network: a trained network.
        features: of test examples.
        means: of every feature over training examples, which take the place of the feature.
        labels: of the test examples.
    """
    found = []
    for node, mean in enumerate(means):
        without = np.array(features)
        without[:, node] = mean
        found.append(accuracy(network, without, labels))
    return found
