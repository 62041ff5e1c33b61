"""The published readouts: a normalisation, over the batch or over the layer, and a linear map."""

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells.initialization import torch_linear, xavier_uniform
from rhythmic.cells.interface import weigh
from rhythmic.readouts.interface import (
    AbstractReadout,
    ExampleWeights,
    Features,
    Logits,
    RunningStatistics,
)
from rhythmic.typing import Matrix, Vector


@checked(finite=True, least=1)
class BatchNormReadout(AbstractReadout):
    """Batch normalisation (affine), then a linear map; the head of the resonant network.

    A batch is normalised by its biased variance plus ``epsilon``; the running statistics keep nine
    tenths of themselves and take a tenth (``momentum``) of the batch's, the variance unbiased, as
    torch does. For ``num_features`` features and ``num_classes`` logits. Source: Ioffe and Szegedy,
    arXiv:1502.03167, algorithm 1; protocol of Kramer, arXiv:2506.17083.
    """

    scale: Vector | None
    shift: Vector | None
    weight: Matrix
    bias: Vector
    epsilon: float = eqx.field(static=True)
    momentum: float = eqx.field(static=True)

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        *,
        key: jax.Array,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
    ):
        """Start with the identity normalisation and the start values of a torch ``Linear``.

        Without ``affine`` the normalised features keep variance one and mean zero; a linear map
        after it can be anything that it could be with it.
        """
        weight_key, bias_key = jax.random.split(key)
        self.scale = jnp.ones(num_features) if affine else None
        self.shift = jnp.zeros(num_features) if affine else None
        self.weight = torch_linear((num_classes, num_features), num_features, key=weight_key)
        self.bias = torch_linear((num_classes,), num_features, key=bias_key)
        self.epsilon = epsilon
        self.momentum = momentum

    def initial_statistics(self) -> RunningStatistics:
        """Return mean zero and variance one."""
        return RunningStatistics(jnp.zeros_like(self.weight[0]), jnp.ones_like(self.weight[0]))

    def train_on_finite(
        self,
        features: Features,
        statistics: RunningStatistics,
        weights: ExampleWeights,
        *,
        key: jax.Array,
    ) -> tuple[Logits, RunningStatistics]:
        """Normalise by the batch, padding left out of mean, variance and count by ``weights``."""
        del key
        count = jnp.sum(weights)
        mean = jnp.sum(features * weights, axis=1) / count
        variance = jnp.sum((features - mean[:, None]) ** 2 * weights, axis=1) / count
        unbiased = variance * count / (count - 1)
        keep = 1.0 - self.momentum
        updated = RunningStatistics(
            mean=keep * statistics.mean + self.momentum * jax.lax.stop_gradient(mean),
            variance=keep * statistics.variance + self.momentum * jax.lax.stop_gradient(unbiased),
        )
        return self.predict(features, RunningStatistics(mean, variance)), updated

    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Normalise by the given statistics."""
        centred = features - statistics.mean[:, None]
        normalised = centred * jax.lax.rsqrt(statistics.variance + self.epsilon)[:, None]
        if self.scale is not None and self.shift is not None:
            normalised = self.scale[:, None] * normalised + self.shift[:, None]
        return weigh(self.weight, normalised) + self.bias[:, None]


@checked(finite=True, least=1)
class LayerNormReadout(AbstractReadout):
    """Layer normalisation (affine), dropout in training alone, then a linear map.

    The head of the standard RNN and the LSTM, for ``num_features`` features and ``num_classes``
    logits. It keeps no statistics: the mean and variance (plus ``epsilon``) are those of one
    example's features. Source: Ba, Kiros and Hinton, arXiv:1607.06450, equation 4.
    """

    scale: Vector
    shift: Vector
    weight: Matrix
    bias: Vector
    dropout_rate: float = eqx.field(static=True)
    epsilon: float = eqx.field(static=True)

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        *,
        key: jax.Array,
        dropout_rate: float = 0.1,
        epsilon: float = 1e-5,
    ):
        """Start with the identity normalisation, Xavier-uniform weights and zero bias.

        Raises:
            ValueError: for a dropout rate outside [0, 1).
        """
        if not 0.0 <= dropout_rate < 1.0:
            raise ValueError(f"dropout_rate is {dropout_rate}; it must lie in [0, 1)")
        self.scale = jnp.ones(num_features)
        self.shift = jnp.zeros(num_features)
        self.weight = xavier_uniform((num_classes, num_features), key=key)
        self.bias = jnp.zeros(num_classes)
        self.dropout_rate = dropout_rate
        self.epsilon = epsilon

    def initial_statistics(self) -> RunningStatistics:
        """Return statistics that no one reads: empty arrays."""
        return RunningStatistics(self.shift[:0], self.scale[:0])

    def train_on_finite(
        self,
        features: Features,
        statistics: RunningStatistics,
        weights: ExampleWeights,
        *,
        key: jax.Array,
    ) -> tuple[Logits, RunningStatistics]:
        """Drop normalised features at random and scale up the rest; no ``weights`` are needed."""
        del weights
        normalised = self.normalise(features)
        if self.dropout_rate > 0:
            kept = jax.random.bernoulli(key, 1.0 - self.dropout_rate, normalised.shape)
            normalised = jnp.where(kept, normalised / (1.0 - self.dropout_rate), 0.0)
        return weigh(self.weight, normalised) + self.bias[:, None], statistics

    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Return the logits without dropout."""
        del statistics
        return weigh(self.weight, self.normalise(features)) + self.bias[:, None]

    def normalise(self, features: Features) -> Features:
        """Give each example's features mean zero and (biased) variance one, then the affine map."""
        mean = jnp.mean(features, axis=0)
        variance = jnp.var(features, axis=0)
        normalised = (features - mean) * jax.lax.rsqrt(variance + self.epsilon)
        return self.scale[:, None] * normalised + self.shift[:, None]
