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


class RunningStatistics(NamedTuple):
    """Mean and variance of every feature over the batches seen, ``(hidden,)`` each."""

    mean: Vector
    variance: Vector


class AbstractReadout(eqx.Module):
    """Normalise the features, then ``logits = weight @ normalised + bias``."""

    @abstractmethod
    def initial_statistics(self) -> RunningStatistics:
        """Return the statistics before the first batch: mean zero, variance one."""

    def train(
        self,
        features: Features,
        statistics: RunningStatistics,
        weights: ExampleWeights,
        *,
        key: jax.Array,
    ) -> tuple[Logits, RunningStatistics]:
        """Return the logits of a training batch and the new statistics.

        ``weights`` is one for an example and zero for padding, which touches nothing, NaN neither.
        """
        if weights is not None:
            features = jnp.where(weights > 0, features, 0)
        return self.train_on_finite(features, statistics, weights, key=key)

    @abstractmethod
    def train_on_finite(
        self,
        features: Features,
        statistics: RunningStatistics,
        weights: ExampleWeights,
        *,
        key: jax.Array,
    ) -> tuple[Logits, RunningStatistics]:
        """Return what ``train`` does of features that are finite in padding too.

        As in training, where padding repeats an example.

        Args:
            features: (feature, example).
            statistics: kept so far.
            weights: of the examples, 0 for padding.
            key: of what is drawn.
        """

    @abstractmethod
    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Return the logits of examples that are not trained on, by running ``statistics``."""
