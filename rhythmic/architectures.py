"""Any registered cell with any head, as an architecture that training builds by name.

``named_architectures`` of ``rhythmic.models`` holds the seven of the published comparison; here
cell, feature and readout are chosen one by one, so that a comparison may cross them.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import equinox as eqx
import jax

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, trainable
from rhythmic.cells.registry import make_cell
from rhythmic.models import Classifier, Feature, Pooling
from rhythmic.readouts import (
    AbstractReadout,
    BatchNormReadout,
    HiddenReadout,
    LayerNormReadout,
    LinearReadout,
)
from rhythmic.typing import PyTree

ReadoutName = Literal["batch_norm", "layer_norm", "linear", "hidden", "hidden_square"]


@checked
@dataclass(frozen=True)
class Head:
    """What becomes of a layer's states: a feature, pooled over time, and a readout.

    Args:
        feature: what the cell shows: ``output``, ``squared_amplitude`` or ``phasor``.
        pooling: ``mean`` over time, or the ``last`` step.
        readout: ``batch_norm``, ``layer_norm``, ``linear``, ``hidden`` (a layer of tanh nodes), or
            ``hidden_square`` (of nodes that square).
        dropout_rate: of ``layer_norm``, share of the pooled features dropped in training.
        readout_size: of ``hidden`` and ``hidden_square``, nodes of the hidden layer.
    """

    feature: Feature = "squared_amplitude"
    pooling: Pooling = "mean"
    readout: ReadoutName = "batch_norm"
    dropout_rate: float = 0.1
    readout_size: int = 10

    def __post_init__(self) -> None:
        for name, choices in (
            ("feature", get_args(Feature)),
            ("pooling", get_args(Pooling)),
            ("readout", get_args(ReadoutName)),
        ):
            if getattr(self, name) not in choices:
                found = getattr(self, name)
                raise ValueError(f"{name} is {found!r}; choose from {', '.join(choices)}")
        if not 0.0 <= self.dropout_rate < 1.0:
            raise ValueError(f"dropout_rate is {self.dropout_rate}; it must lie in [0, 1)")
        if self.readout_size < 1:
            raise ValueError(f"readout_size is {self.readout_size}; it must be at least 1")

    def build(self, num_features: int, num_classes: int, *, key: jax.Array) -> AbstractReadout:
        """Draw the start values of the readout, from ``num_features`` to ``num_classes`` logits."""
        match self.readout:
            case "batch_norm":
                return BatchNormReadout(num_features, num_classes, key=key)
            case "layer_norm":
                return LayerNormReadout(
                    num_features, num_classes, key=key, dropout_rate=self.dropout_rate
                )
            case "hidden" | "hidden_square":
                return HiddenReadout(
                    num_features,
                    num_classes,
                    key=key,
                    readout_size=self.readout_size,
                    activation="tanh" if self.readout == "hidden" else "square",
                )
        return LinearReadout(num_features, num_classes, key=key)


ENERGY_HEAD = Head("squared_amplitude", "mean", "batch_norm")
"""The head of the rhythmic network: mean squared amplitudes, batch normalisation."""
MEAN_HEAD = Head("output", "mean", "layer_norm")
"""The head of the RNN and the LSTM: mean outputs, layer normalisation."""
LAST_HEAD = Head("output", "last", "linear")
"""The head of HORN: outputs after the last step, a linear map."""


@checked
@dataclass(frozen=True)
class CellArchitecture:
    """A registered cell and a head.

    Args:
        name: name in tables and files.
        cell: name in ``rhythmic.cells.registry.CELLS``.
        hidden_size: number of nodes.
        head: what becomes of the layer's states.
        input_size: components of one input sample.
        options: further options of the cell, as (name, value) pairs.
    """

    name: str
    cell: str
    hidden_size: int
    head: Head = field(default_factory=Head)
    input_size: int = 1
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        # What the cell refuses is refused here, before anything is compiled.
        eqx.filter_eval_shape(lambda: self.build(2, key=jax.random.key(0)))

    def build_cell(self, *, key: jax.Array) -> AbstractCell:
        """Draw the layer's start values, of what the head's feature depends on alone."""
        cell = make_cell(
            self.cell, self.input_size, self.hidden_size, key=key, **dict(self.options)
        )
        return cell.for_feature(self.head.feature)

    def build(self, num_classes: int, *, key: jax.Array) -> Classifier:
        """Draw the start values of layer and readout."""
        cell_key, readout_key = jax.random.split(key)
        cell = self.build_cell(key=cell_key)
        num_features = cell.hidden_size * (2 if self.head.feature == "phasor" else 1)
        readout = self.head.build(num_features, num_classes, key=readout_key)
        return Classifier(cell, readout, self.head.feature, self.head.pooling)

    def num_parameters(self, num_classes: int = 10) -> int:
        """Count what training may change; nothing is drawn."""

        def start_values() -> tuple[Classifier, PyTree]:
            model = self.build(num_classes, key=jax.random.key(0))
            return model, eqx.filter(model, trainable(model))

        model, trained = eqx.filter_eval_shape(start_values)
        return sum(x.size for x in jax.tree.leaves(trained)) - model.cell.num_constrained()


@checked(least=1)
def sized(
    architecture: CellArchitecture, num_parameters: int, num_classes: int = 10
) -> CellArchitecture:
    """Return ``architecture`` with the most nodes that ``num_parameters`` parameters allow.

    Those of a readout into ``num_classes`` count too.

    Raises:
        ValueError: if one node has more, or an option fixes the number of nodes.
    """

    def with_size(hidden_size: int) -> CellArchitecture:
        return replace(architecture, hidden_size=hidden_size)

    if with_size(1).num_parameters(num_classes) > num_parameters:
        needed = with_size(1).num_parameters(num_classes)
        raise ValueError(
            f"num_parameters is {num_parameters}; {architecture.name} needs at least {needed}"
        )
    size = 1
    while with_size(2 * size).num_parameters(num_classes) <= num_parameters:
        size *= 2
    step = size
    while step > 1:
        step //= 2
        if with_size(size + step).num_parameters(num_classes) <= num_parameters:
            size += step
    return with_size(size)
