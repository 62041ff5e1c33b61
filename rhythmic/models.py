"""Classifiers: a cell, the features that are averaged over time, and a readout.

An architecture is a frozen dataclass with a method ``build``; ``named_architectures`` holds the
seven of the published comparison.

Source: lecture, "Rhythmic RNN in practice" (M. A. Kramer, arXiv:2506.17083).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.adjoints import fastest_mean
from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell, ElmanCell, LSTMCell, ResonantCell, trainable
from rhythmic.cells.resonant import Diagonal, check_resonance
from rhythmic.checks import refuse
from rhythmic.readouts import AbstractReadout, BatchNormReadout, LayerNormReadout
from rhythmic.simulate import time_mean
from rhythmic.theory import LadderName, ladder, validate_ladder
from rhythmic.typing import Array, Bool, Float, PyTree, Sequence

Method = Literal["scan", "fastest"]
Feature = Literal["output", "squared_amplitude", "phasor"]
Pooling = Literal["mean", "last"]


def check_method(method: str) -> None:
    """Raise a ValueError that names the way to the features that there is not."""
    if method not in get_args(Method):
        raise ValueError(f"method is {method!r}; choose from {', '.join(get_args(Method))}")


@checked
class Classifier(eqx.Module):
    """A recurrent layer whose features are read out into classes.

    ``feature`` is what the cell shows of a state; ``pooling`` is how a sequence of them becomes
    one: its ``mean`` over time, or the ``last``. ``readout`` turns that into logits.
    """

    cell: AbstractCell
    readout: AbstractReadout
    feature: Feature = eqx.field(static=True)
    pooling: Pooling = eqx.field(static=True, default="mean")

    def __check_init__(self) -> None:
        if not hasattr(self.cell, self.feature):
            kind = type(self.cell).__name__
            raise ValueError(f"feature is {self.feature!r}; {kind} has no such method")
        if self.pooling not in get_args(Pooling):
            allowed = ", ".join(get_args(Pooling))
            raise ValueError(f"pooling is {self.pooling!r}; choose from {allowed}")

    def features(
        self,
        inputs: Sequence,
        *,
        mask: Bool[Array, "time batch"] | None = None,
        method: Method = "scan",
    ) -> Float[Array, "hidden batch"]:
        """Return ``1/T sum_t z_t``, or ``z_T`` of the last step, with the feature ``z_t``.

        ``z_t`` is the output, ``A_t^2`` where the feature is the amplitude, or the phasor.

        Args:
            inputs: ``(time, feature, batch)``.
            mask: true where a sample belongs to its sequence, ``(time, batch)``.
            method: ``scan``, the plain scan, with derivatives of every mode and order;
                ``fastest``, what training takes: the same values and gradients in reverse mode,
                by a hand-written adjoint on a processor (``rhythmic.adjoints``), by one kernel
                over time on a GPU (``rhythmic.kernels``), by the scan where there is neither.

        Returns:
            One feature a node, ``(hidden, batch)``; two of the phasor.

        Raises:
            ValueError: for shapes that do not fit the cell, or an unknown method.
        """
        check_method(method)
        cell = self.cell.resolved()
        observe: Callable[[PyTree], PyTree] = getattr(cell, self.feature)
        if self.pooling == "last":
            return observe(time_mean(cell, inputs, observe=lambda _: (), mask=mask).final_state)
        if method == "fastest" and mask is None:
            mean = fastest_mean(cell, self.feature)
            if mean is not None:
                return mean(cell, inputs)
        return time_mean(cell, inputs, observe=observe, mask=mask).mean


class Architecture(Protocol):
    """What training asks of an architecture: its name and how to build it from a key."""

    @property
    def name(self) -> str:
        """The name in tables and files."""

    def build(self, num_classes: int, *, key: jax.Array) -> Classifier:
        """Draw the start values of a new network."""


@checked
@dataclass(frozen=True)
class ResonantArchitecture:
    """A resonant network (RRN): its ladder of rhythms, fixed, and whether its nodes talk.

    Args:
        name: name in tables and files.
        frequencies: node frequencies in Hz, each below a quarter of the sample rate.
        recurrence: whether recurrent weights exist.
        sample_rate: samples a second, Hz.
        pole_radius: modulus of every node's poles, in (0, 1).
        diagonal: how the recurrent weights keep a zero diagonal, ``projected`` or ``masked``.
    """

    name: str
    frequencies: tuple[float, ...]
    recurrence: bool = True
    sample_rate: float = 1000.0
    pole_radius: float = 0.99999
    diagonal: Diagonal = "projected"

    def __post_init__(self) -> None:
        validate_ladder(np.asarray(self.frequencies), self.sample_rate)
        check_resonance(self.pole_radius, self.diagonal)

    def build(self, num_classes: int, *, key: jax.Array) -> Classifier:
        """Draw recurrent weights and readout."""
        cell_key, readout_key = jax.random.split(key)
        cell = ResonantCell(
            np.asarray(self.frequencies),
            key=cell_key,
            recurrence=self.recurrence,
            sample_rate=self.sample_rate,
            pole_radius=self.pole_radius,
            diagonal=self.diagonal,
        )
        readout = BatchNormReadout(cell.hidden_size, num_classes, key=readout_key)
        return Classifier(cell=cell, readout=readout, feature="squared_amplitude")


@checked
@dataclass(frozen=True)
class GatedOrPlainArchitecture:
    """A rival: the standard RNN (``cell="elman"``) or the LSTM, read out by its mean output.

    Args:
        name: name in tables and files.
        cell: ``elman`` or ``lstm``.
        hidden_size: number of nodes.
        dropout_rate: share of the pooled features dropped in training.
    """

    name: str
    cell: Literal["elman", "lstm"]
    hidden_size: int
    dropout_rate: float = 0.1

    def __post_init__(self) -> None:
        if self.cell not in ("elman", "lstm"):
            raise ValueError(f"cell is {self.cell!r}; choose from elman, lstm")
        if self.hidden_size < 1:
            raise ValueError(f"hidden_size is {self.hidden_size}; it must be at least 1")
        if not 0.0 <= self.dropout_rate < 1.0:
            raise ValueError(f"dropout_rate is {self.dropout_rate}; it must lie in [0, 1)")

    def build(self, num_classes: int, *, key: jax.Array) -> Classifier:
        """Draw the layer's weights and readout."""
        cell_key, readout_key = jax.random.split(key)
        make_cell = {"elman": ElmanCell, "lstm": LSTMCell}[self.cell]
        readout = LayerNormReadout(
            self.hidden_size, num_classes, key=readout_key, dropout_rate=self.dropout_rate
        )
        cell = make_cell(1, self.hidden_size, key=cell_key)
        return Classifier(cell=cell, readout=readout, feature="output")


@checked
def named_architectures(
    *,
    sample_rate: float = 1000.0,
    pole_radius: float = 0.99999,
    diagonal: Diagonal = "projected",
    dropout_rate: float = 0.1,
) -> dict[str, Architecture]:
    """Return the seven architectures of the published comparison, by name.

    Args:
        sample_rate: samples a second of the resonant networks, Hz.
        pole_radius: modulus of their nodes' poles, in (0, 1).
        diagonal: how their recurrent weights keep a zero diagonal.
        dropout_rate: share of the pooled features that the rivals drop in training.
    """

    def resonant(
        name: str, ladder_name: LadderName, recurrence: bool = True
    ) -> ResonantArchitecture:
        return ResonantArchitecture(
            name=name,
            frequencies=tuple(ladder(ladder_name, sample_rate).tolist()),
            recurrence=recurrence,
            sample_rate=sample_rate,
            pole_radius=pole_radius,
            diagonal=diagonal,
        )

    architectures: tuple[Architecture, ...] = (
        resonant("rrn-golden", "golden"),
        resonant("rrn-log", "log"),
        resonant("rrn-two", "two"),
        resonant("rrn-linear", "linear"),
        resonant("rrn-golden-unconnected", "golden", recurrence=False),
        GatedOrPlainArchitecture(
            name="rnn", cell="elman", hidden_size=11, dropout_rate=dropout_rate
        ),
        GatedOrPlainArchitecture(
            name="lstm", cell="lstm", hidden_size=6, dropout_rate=dropout_rate
        ),
    )
    return {architecture.name: architecture for architecture in architectures}


@checked
def num_trainable(model: PyTree) -> int:
    """Count the parameters of a ``model`` that training may change; a zero diagonal counts none.

    Raises:
        ValueError: for what is no network with a cell.
    """
    if not hasattr(getattr(model, "cell", None), "num_constrained"):
        refuse("model", model, "be a network with a cell, such as a Classifier")
    marked = eqx.filter(model, trainable(model))
    return sum(jnp.size(x) for x in jax.tree.leaves(marked)) - model.cell.num_constrained()


@checked
def named_arrays(tree: PyTree) -> dict[str, Array]:
    """Return the arrays of a tree, of any shape, by path, such as ``cell.recurrent_weights``."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {path_name(path): leaf for path, leaf in leaves}


@checked
def with_named_arrays(tree: PyTree, arrays: Mapping[str, Any]) -> PyTree:
    """Return ``tree`` with the arrays at the paths that ``arrays`` names; the inverse of the above.

    Each of ``arrays`` should have the shape of what it replaces; that is not checked.

    Raises:
        ValueError: for a path that the tree does not have.
    """
    unknown = sorted(arrays.keys() - named_arrays(tree).keys())
    if unknown:
        raise ValueError(f"arrays names {unknown[0]}, which this model does not have")

    def replace(path: tuple[Any, ...], leaf: PyTree) -> PyTree:
        name = path_name(path)
        return jnp.asarray(arrays[name], leaf.dtype) if name in arrays else leaf

    return jax.tree_util.tree_map_with_path(replace, tree)


def path_name(path: tuple[Any, ...]) -> str:
    """Return a path through a tree, written with dots."""
    return jax.tree_util.keystr(path, simple=True, separator=".")
