"""What the layer makes of examples: computed for each batch, or once where nobody trains it."""

from typing import Literal

import jax
import jax.numpy as jnp

from rhythmic.cells import trainable
from rhythmic.models import Classifier
from rhythmic.training.batches import in_batches, sequences
from rhythmic.training.state import Data
from rhythmic.typing import AnyArray, Array, Float, Int


def labelled_features(
    model: Classifier,
    data: Data,
    examples: Int[AnyArray, " batch"],
    *,
    method: Literal["scan", "fastest"],
) -> tuple[Float[Array, "hidden batch"], Int[Array, " batch"]]:
    """Return features and labels of examples, looked up where ``data`` knows them already.

    Args:
        model: the network.
        data: the pool of examples.
        examples: which of them.
        method: how features are computed, as in ``Classifier.features``.
    """
    inputs, labels = sequences(data, examples)
    if data.features is not None:
        return jnp.asarray(data.features)[examples].T, labels
    return model.features(inputs, method=method), labels


def has_fixed_features(model: Classifier) -> bool:
    """Tell whether the layer holds nothing that training changes."""
    return not any(jax.tree.leaves(trainable(model.cell)))


def with_features(model: Classifier, data: Data, batch_size: int) -> Data:
    """Compute the features of every example, once for all members, updates and epochs.

    Exact where the layer has no trained weights: its features then depend on the example alone.

    Args:
        model: a network whose layer is not trained.
        data: the pool of examples.
        batch_size: examples at a time; bounds the memory.

    Raises:
        ValueError: for a network whose layer is trained.
    """
    if not has_fixed_features(model):
        raise ValueError("model has a layer that is trained; its features change from step to step")
    num_examples = data.labels.shape[0]
    size = min(batch_size, num_examples)
    batches, _ = in_batches(jnp.arange(num_examples), -(-num_examples // size), size)

    def body(carry: None, examples: Array) -> tuple[None, Array]:
        return carry, labelled_features(model, data, examples, method="scan")[0].T

    _, features = jax.lax.scan(body, None, batches)
    return data._replace(features=features.reshape(-1, features.shape[-1])[:num_examples])
