"""What every readout is: start statistics, the logits of a training batch, the logits otherwise."""

from abc import abstractmethod
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.typing import Array, Float, Vector

Features = Float[Array, "hidden batch"]
Logits = Float[Array, "class_ batch"]
ExampleWeights = Float[Array, " batch"]


def without_padding(features: Features, weights: ExampleWeights) -> Features:
    """Return the features of a batch, zero where an example of weight zero stands.

    A number that is chosen instead of multiplied by zero may be NaN and touch nothing.
    """
    return jnp.where(weights > 0, features, 0)


class RunningStatistics(NamedTuple):
    """Mean and variance of every feature over the batches seen, ``(hidden,)`` each."""

    mean: Vector
    variance: Vector


class AbstractReadout(eqx.Module):
    """Normalise the features, then ``logits = weight @ normalised + bias``."""

    @abstractmethod
    def initial_statistics(self) -> RunningStatistics:
        """Return the statistics before the first batch: mean zero, variance one."""

    @abstractmethod
    def train(
        self,
        features: Features,
        statistics: RunningStatistics,
        weights: ExampleWeights,
        *,
        key: jax.Array,
    ) -> tuple[Logits, RunningStatistics]:
        """Return the logits of a training batch and the new statistics.

        ``weights`` is one for an example and zero for padding, which touches nothing.
        """

    @abstractmethod
    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Return the logits of examples that are not trained on, by running ``statistics``."""
