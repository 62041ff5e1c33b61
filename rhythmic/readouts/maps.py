"""A linear map alone, and one hidden layer between two.

Source: the layers of the lecture, "Remember Feedforward"; batch normalisation of Ioffe and Szegedy,
arXiv:1502.03167.
"""

from typing import Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.cells.initialization import torch_linear
from rhythmic.cells.interface import weigh
from rhythmic.readouts.interface import (
    AbstractReadout,
    ExampleWeights,
    Features,
    Logits,
    RunningStatistics,
)
from rhythmic.readouts.normalised import BatchNormReadout
from rhythmic.typing import Matrix, Vector

HiddenActivation = Literal["tanh", "square"]
"""What a hidden layer of a readout applies: tanh, or the square."""


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

    def initial_statistics(self) -> RunningStatistics:
        """Return statistics that no one reads: empty arrays."""
        return RunningStatistics(self.bias[:0], self.bias[:0])

    def train_on_finite(
        self,
        features: Features,
        statistics: RunningStatistics,
        weights: ExampleWeights,
        *,
        key: jax.Array,
    ) -> tuple[Logits, RunningStatistics]:
        """Return the logits; no ``weights`` and no new ``statistics`` are needed."""
        del weights, key
        return self.predict(features, statistics), statistics

    def predict(self, features: Features, statistics: RunningStatistics) -> Logits:
        """Return the logits."""
        del statistics
        return weigh(self.weight, features) + self.bias[:, None]


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
        return weigh(self.weight, shown) + self.bias[:, None]
