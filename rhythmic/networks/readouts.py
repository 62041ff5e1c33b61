"""Readouts: from features to logits or values, with the running statistics of a normalisation.

A readout never asks in which mode it is: ``train`` uses the batch and returns new statistics,
``predict`` uses the statistics that it is given.

Source: the layers of the lecture, "Remember Feedforward"; batch normalisation of Ioffe and Szegedy,
arXiv:1502.03167; layer normalisation of Ba, Kiros and Hinton, arXiv:1607.06450.
"""

from abc import abstractmethod
from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells import FixedParameters
from rhythmic.cells.initialization import torch_linear, xavier_uniform
from rhythmic.cells.interface import weigh
from rhythmic.typing import Array, Float, Matrix, Vector

Features = Float[Array, "hidden batch"]
Logits = Float[Array, "class_ batch"]
ExampleWeights = Float[Array, " batch"]
HiddenActivation = Literal["tanh", "square"]
"""What a hidden layer of a readout applies: tanh, or the square."""


@checked
class RunningStatistics(FixedParameters):
    """Mean and variance of every feature over the batches seen, ``(hidden,)`` each."""

    mean: Vector
    variance: Vector


class AbstractReadout(eqx.Module):
    """Normalise the features, then ``logits = weight @ normalised + bias``."""

    weight: eqx.AbstractVar[Matrix]
    bias: eqx.AbstractVar[Vector]

    def initial_statistics(self) -> RunningStatistics:
        """Return the statistics before the first batch; empty where none are kept."""
        return RunningStatistics(self.bias[:0], self.bias[:0])

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
        del weights, key
        return self.predict(features, statistics), statistics

    def linear(self, normalised: Features) -> Logits:
        """Return ``weight @ normalised + bias``."""
        return weigh(self.weight, normalised) + self.bias[:, None]

    @abstractmethod
    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Return the logits of examples that are not trained on, by running ``statistics``."""


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
        known = jnp.sum(weights) > 0
        count = jnp.maximum(jnp.sum(weights), 1)
        mean = jnp.sum(features * weights, axis=1) / count
        variance = jnp.sum((features - mean[:, None]) ** 2 * weights, axis=1) / count
        unbiased = variance * count / jnp.maximum(count - 1, 1)
        keep = 1.0 - self.momentum
        updated = RunningStatistics(
            mean=keep * statistics.mean + self.momentum * jax.lax.stop_gradient(mean),
            variance=keep * statistics.variance + self.momentum * jax.lax.stop_gradient(unbiased),
        )
        # A batch in which no target is known tells nothing.
        updated = jax.tree.map(lambda new, old: jnp.where(known, new, old), updated, statistics)
        return self.predict(features, RunningStatistics(mean, variance)), updated

    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Normalise by the given statistics."""
        centred = features - statistics.mean[:, None]
        normalised = centred * jax.lax.rsqrt(statistics.variance + self.epsilon)[:, None]
        if self.scale is not None and self.shift is not None:
            normalised = self.scale[:, None] * normalised + self.shift[:, None]
        return self.linear(normalised)


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
        return self.linear(normalised), statistics

    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Return the logits without dropout."""
        del statistics
        return self.linear(self.normalise(features))

    def normalise(self, features: Features) -> Features:
        """Give each example's features mean zero and (biased) variance one, then the affine map."""
        mean = jnp.mean(features, axis=0)
        variance = jnp.var(features, axis=0)
        normalised = (features - mean) * jax.lax.rsqrt(variance + self.epsilon)
        return self.scale[:, None] * normalised + self.shift[:, None]


@checked(finite=True, least=1)
class LinearReadout(AbstractReadout):
    """``logits = weight @ features + bias``, nothing else; the head of the published HORN.

    Source: Effenberger, Carvalho, Dubinin and Singer, PNAS 2025, doi 10.1073/pnas.2412830122.
    """

    weight: Matrix
    bias: Vector

    def __init__(self, num_features: int, num_classes: int, *, key: jax.Array):
        """Start with the start values of a torch ``Linear``.

        Args:
            num_features: features, one a node as a rule.
            num_classes: logits.
            key: source of the start values.
        """
        weight_key, bias_key = jax.random.split(key)
        self.weight = torch_linear((num_classes, num_features), num_features, key=weight_key)
        self.bias = torch_linear((num_classes,), num_features, key=bias_key)

    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Return the logits."""
        del statistics
        return self.linear(features)


@checked(finite=True, least=1)
class HiddenReadout(AbstractReadout):
    """Batch normalisation without parameters, a hidden layer, then a linear map.

    ``logits = W_2 g(W_1 normalised + b_1) + b_2`` with ``g = tanh`` or the square: for features
    that a linear map cannot tell apart, such as phasors. Squared, a hidden node gives the energy
    of a learned superposition of phasors. The normalisation needs no scale and shift, ``W_1`` and
    ``b_1`` are free to be them. ``W_1`` is ``(readout_size, num_features)``, ``W_2``
    ``(num_classes, readout_size)``.
    """

    normalisation: BatchNormReadout
    weight: Matrix
    bias: Vector
    activation: HiddenActivation = eqx.field(static=True)

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        *,
        key: jax.Array,
        readout_size: int,
        activation: HiddenActivation = "tanh",
    ):
        """Start with the start values of torch's ``Linear``, in both maps.

        Raises:
            ValueError: for a hidden layer without nodes, or an unknown activation.
        """
        if readout_size < 1:
            raise ValueError(f"readout_size is {readout_size}; it must be at least 1")
        if activation not in get_args(HiddenActivation):
            allowed = ", ".join(get_args(HiddenActivation))
            raise ValueError(f"activation is {activation!r}; choose from {allowed}")
        self.activation = activation
        first_key, weight_key, bias_key = jax.random.split(key, 3)
        self.normalisation = BatchNormReadout(
            num_features, readout_size, key=first_key, affine=False
        )
        self.weight = torch_linear((num_classes, readout_size), readout_size, key=weight_key)
        self.bias = torch_linear((num_classes,), readout_size, key=bias_key)

    def initial_statistics(self) -> RunningStatistics:
        """Return mean zero and variance one."""
        return self.normalisation.initial_statistics()

    def train_on_finite(
        self,
        features: Features,
        statistics: RunningStatistics,
        weights: ExampleWeights,
        *,
        key: jax.Array,
    ) -> tuple[Logits, RunningStatistics]:
        """Normalise by the batch, padding left out by its ``weights``; update ``statistics``."""
        hidden, statistics = self.normalisation.train_on_finite(
            features, statistics, weights, key=key
        )
        return self.from_hidden(hidden), statistics

    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Normalise by the given statistics."""
        return self.from_hidden(self.normalisation.predict(features, statistics))

    def from_hidden(self, hidden: Features) -> Logits:
        """Return ``W_2 g(hidden) + b_2``."""
        shown = jnp.tanh(hidden) if self.activation == "tanh" else hidden**2
        return self.linear(shown)
