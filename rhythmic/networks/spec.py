"""One frozen specification of a network: it names, builds, counts and sizes it."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Literal, Protocol, Self, runtime_checkable

import equinox as eqx
import jax
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells import AbstractCell
from rhythmic.cells.registry import CELLS, make_cell, options_of
from rhythmic.checks import checked_integer, checked_real, shown
from rhythmic.networks.layers import Affine, Layer, LayerNorm
from rhythmic.networks.network import Network, Pooling
from rhythmic.networks.readouts import (
    AbstractReadout,
    BatchNormReadout,
    HiddenReadout,
    LayerNormReadout,
    LinearReadout,
)

ReadoutName = Literal["batch_norm", "layer_norm", "linear", "hidden", "hidden_square"]
Mixing = Literal["none", "plain", "gated"]
Normalisation = Literal["none", "layer"]


@checked
@dataclass(frozen=True)
class Block:
    """What stands around the cell of each layer where layers are stacked.

    ``y_t = u_t + dropout(mix(show(cell(normalise(u_t)))))``.

    Args:
        mixing: of what the cell shows: ``gated``, ``a * sigmoid(b)`` of two affine maps; ``plain``,
            one affine map; ``none``.
        normalisation: of the cell's input: ``layer``, over the entries of each sample; ``none``.
        skip: whether the input of the layer is added to what it gives; needs a mixing.
        dropout_rate: fraction of what is mixed that is dropped in training, in [0, 1).
    """

    mixing: Mixing = "gated"
    normalisation: Normalisation = "layer"
    skip: bool = True
    dropout_rate: float = 0.0

    def __post_init__(self) -> None:
        checked_real("dropout_rate", self.dropout_rate, least=0.0, below=1.0)
        if self.skip and self.mixing == "none":
            raise ValueError("skip is True; it must be False where mixing is 'none'")


@checked
@dataclass(frozen=True)
class NetworkSpec:
    """A network of any registered cell: ``NetworkSpec("rrn", 16)``, ``NetworkSpec("lstm", 32)``.

    What is None is chosen when the network is built. A specification is frozen and can be hashed;
    ``dataclasses.replace`` makes others of it.

    Args:
        cell: name in ``rhythmic.cells.registry.CELLS``: rrn, rnn, lstm, gru, horn, cornn,
            linoss, lru, s5, rf, lem, hopf, gated.
        hidden_size: nodes of each layer.
        depth: layers, one above the other; 0 for none, the baseline without memory.
        options: of the cell, by name, such as ``{"rhythms": "learned"}``.
        feature: what the readout sees of the last cell, one of its methods: ``output``,
            ``squared_amplitude``, ``phasor``, ``position_and_amplitude``, ``ringing``. By default
            the output; of the rhythmic RNN the squared amplitude where it is averaged, else
            position and amplitude.
        pooling: ``mean`` over time, the ``last`` step, or ``every`` step by itself; the mean by
            default, and every step where ``train`` finds a target at every step.
        readout: ``batch_norm``, ``layer_norm``, ``linear``, ``hidden`` (a layer of tanh nodes) or
            ``hidden_square`` (of nodes that square). By default ``batch_norm`` for squared
            amplitudes, ``layer_norm`` for other pooled features, ``linear`` at every step.
        dropout_rate: of the ``layer_norm`` readout, fraction of the features dropped in training.
        readout_size: of ``hidden`` and ``hidden_square``, nodes of the hidden layer.
        encoder_size: features of an affine encoder of the inputs; none by default, but for stacked
            layers, which need inputs as wide as they are.
        block: what stands around each cell; by default nothing for one layer, ``Block()`` for more.
        bidirectional: whether each layer has a second cell that runs from the end to the start.
        name: in tables and files; cell and size by default.
    """

    cell: str
    hidden_size: int
    depth: int = field(default=1, kw_only=True)
    options: Any = field(default=(), kw_only=True)
    feature: str | None = field(default=None, kw_only=True)
    pooling: Pooling | None = field(default=None, kw_only=True)
    readout: ReadoutName | None = field(default=None, kw_only=True)
    dropout_rate: float = field(default=0.1, kw_only=True)
    readout_size: int = field(default=10, kw_only=True)
    encoder_size: int | None = field(default=None, kw_only=True)
    block: Block | None = field(default=None, kw_only=True)
    bidirectional: bool = field(default=False, kw_only=True)
    name: str = field(default="unnamed", kw_only=True)

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise ValueError(f"cell is {self.cell!r}; choose from {', '.join(CELLS)}")
        for name, least in (("hidden_size", 1), ("depth", 0), ("readout_size", 1)):
            object.__setattr__(self, name, checked_integer(name, getattr(self, name), least))
        checked_real("dropout_rate", self.dropout_rate, least=0.0, below=1.0)
        if self.encoder_size is not None:
            checked_integer("encoder_size", self.encoder_size, 1)
        object.__setattr__(self, "options", _frozen_options(self.cell, self.options))
        # A name that tells the size follows it, in ``dataclasses.replace`` too.
        if self.name == "unnamed" or re.fullmatch(rf"{self.cell}-\d+(-\d+)?", self.name):
            stacked = "" if self.depth == 1 else f"-{self.depth}"
            object.__setattr__(self, "name", f"{self.cell}-{self.hidden_size}{stacked}")
        # What the cell refuses is refused here, before anything is compiled.
        wide = bool(jax.config.read("jax_enable_x64"))  # holds rhythms that float32 does not
        kind = _kind_of(self.cell, self.hidden_size, self.options, wide)
        if self.feature is not None and not hasattr(kind, self.feature):
            raise ValueError(f"feature is {self.feature!r}; {kind.__name__} has no such method")

    @property
    def frequencies(self) -> tuple[float, ...]:
        """Node frequencies in Hz as ``options`` give them; none where they follow otherwise."""
        return tuple(dict(self.options).get("frequencies", ()))

    def option(self, name: str) -> Any:
        """Return an option of the cell by its ``name``.

        Raises:
            ValueError: if it is not given, so that the cell's default holds.
        """
        if name not in dict(self.options):
            raise ValueError(f"options of {self.name} do not hold {name!r}")
        return dict(self.options)[name]

    def build(
        self,
        input_size: int,
        num_outputs: int,
        *,
        key: jax.Array,
        sample_rate: float = 1000.0,
        duration: float | None = None,
    ) -> Network:
        """Draw the start values of a network.

        A rhythmic layer without ``frequencies`` gets a geometric ladder that ends below half the
        sample rate; see ``rhythmic.cells.registry.resonant``.

        Args:
            input_size: channels of a sample.
            num_outputs: classes, or values.
            key: of all start values.
            sample_rate: Fs in Hz.
            duration: length of the recordings in s, which ladder and pole radius follow from; by
                default they are those of the published ladders, in units of the sample rate.

        Raises:
            ValueError: for a size below 1, or what the cell refuses.
        """
        input_size = checked_integer("input_size", input_size, 1)
        num_outputs = checked_integer("num_outputs", num_outputs, 1)
        layers_key, readout_key = jax.random.split(key)
        encoder, width = None, input_size
        if self._encoded_size is not None:
            encoder_key, readout_key = jax.random.split(readout_key)
            encoder, width = (
                Affine(input_size, self._encoded_size, key=encoder_key),
                self._encoded_size,
            )
        timing = {"sample_rate": sample_rate, "duration": duration}
        layers = []
        for place in range(self.depth):
            own = layers_key if self.depth == 1 else jax.random.fold_in(layers_key, place)
            layers.append(self._layer(width, place == self.depth - 1, timing, key=own))
            width = _size_shown(layers[-1])
        pooling = self.pooling or "mean"
        readout = self._readout(layers, width, num_outputs, pooling, key=readout_key)
        return Network(
            encoder,
            tuple(layers),
            readout,
            readout.initial_statistics(),
            None,
            None,
            pooling,
            input_size,
            num_outputs,
            _Origin(self, input_size, num_outputs, sample_rate, duration),
        )

    def num_parameters(self, input_size: int, num_outputs: int) -> int:
        """Count what training may change; nothing is drawn.

        Args:
            input_size: channels of a sample.
            num_outputs: classes, or values.
        """
        return _counted(self, input_size, num_outputs)

    def within(self, num_parameters: int, input_size: int, num_outputs: int) -> Self:
        """Return the specification with the most nodes that so many parameters allow.

        Args:
            num_parameters: at most.
            input_size: channels of a sample.
            num_outputs: classes, or values.

        Raises:
            ValueError: if one node has more, or an option fixes the number of nodes, or there is
                no layer.
        """
        if not self.depth:
            raise ValueError("depth is 0; it must be at least 1 for a size to be found")
        limit = checked_integer("num_parameters", num_parameters, 1)

        def count(hidden_size: int) -> int:
            sized = replace(self, hidden_size=hidden_size)
            return sized.num_parameters(input_size, num_outputs)

        first = count(1)
        if first > limit:
            raise ValueError(
                f"num_parameters is {limit}; it must be at least {first}, which {self.name} needs "
                "with one node"
            )
        # Matrices and vectors: most counts are a square of the number of nodes.
        curve = np.polynomial.Polynomial.fit((1, 2, 3), (first, count(2), count(3)), 2)
        roots = (curve - limit).roots()
        size = max(1, int(max((root.real for root in roots), default=1) + 1e-6))
        if count(size) > limit:
            size = 1
        step = 1
        while count(size + step) <= limit:
            size, step = size + step, 2 * step
        while step > 1:
            step //= 2
            size += step if count(size + step) <= limit else 0
        return replace(self, hidden_size=size)

    def to_json(self) -> dict[str, Any]:
        """Return the specification as JSON holds it; ``from_json`` is the inverse."""
        return asdict(self) | {"options": [[name, value] for name, value in self.options]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the specification that ``to_json`` wrote as ``record``.

        Raises:
            ValueError: for a field that a specification does not have.
        """
        known = set(inspect.signature(cls).parameters)
        unknown = sorted(record.keys() - known)
        if unknown:
            raise ValueError(f"specification holds {unknown[0]!r}, no field of this version")
        fields = dict(record)
        if fields.get("block") is not None:
            fields["block"] = Block(**fields["block"])
        fields["options"] = dict(fields.get("options", ()))
        return cls(**fields)

    @property
    def _around(self) -> Block | None:
        """What stands around each cell."""
        return Block() if self.block is None and self.depth > 1 else self.block

    @property
    def _encoded_size(self) -> int | None:
        """Features that the encoder gives, where there is one."""
        skips = self._around is not None and self._around.skip
        return self.hidden_size if self.encoder_size is None and skips else self.encoder_size

    def _cell(
        self, input_size: int, timing: Mapping[str, Any] | None = None, *, key: jax.Array
    ) -> AbstractCell:
        """Draw one cell; it gets the sample rate and the duration that it asks for."""
        known = options_of(CELLS[self.cell]) or ()
        timed = {name: x for name, x in (timing or {}).items() if name in known}
        options = timed | dict(self.options)
        return make_cell(self.cell, input_size, self.hidden_size, key=key, **options)

    def _layer(
        self, width: int, is_last: bool, timing: Mapping[str, Any], *, key: jax.Array
    ) -> Layer:
        """Draw one layer."""
        block = self._around
        cell_key, backward_key, mixing_key = (key, key, key)
        if block is not None or self.bidirectional:
            cell_key, backward_key, mixing_key = jax.random.split(key, 3)
        cell = self._cell(width, timing, key=cell_key)
        feature = self._feature_of(cell, block is None and is_last)
        cell = cell.for_feature(feature)
        backward = None
        if self.bidirectional:
            backward = self._cell(width, timing, key=backward_key).for_feature(feature)
        layer = Layer(cell, backward, None, None, feature)
        if block is None:
            return layer
        rows = width * (2 if block.mixing == "gated" else 1)
        mixing = None
        if block.mixing != "none":
            mixing = Affine(_size_shown(layer), rows, key=mixing_key)
        normalisation = LayerNorm(width) if block.normalisation == "layer" else None
        gated = block.mixing == "gated"
        return Layer(
            cell, backward, normalisation, mixing, feature, gated, block.skip, block.dropout_rate
        )

    def _feature_of(self, cell: AbstractCell, is_read: bool) -> str:
        """Return what a cell shows: to the readout itself, or to what comes after it."""
        if self.feature is not None:
            return self.feature
        if not hasattr(cell, "position_and_amplitude"):
            return "output"
        averaged = is_read and (self.pooling or "mean") == "mean"
        return "squared_amplitude" if averaged else "position_and_amplitude"

    def _readout(
        self, layers: list[Layer], width: int, num_outputs: int, pooling: str, *, key: jax.Array
    ) -> AbstractReadout:
        """Draw the readout."""
        default = "linear"
        if pooling != "every":
            squared = any(one.is_bare and one.feature == "squared_amplitude" for one in layers[-1:])
            default = "batch_norm" if squared else "layer_norm"
        match self.readout or default:
            case "batch_norm":
                return BatchNormReadout(width, num_outputs, key=key)
            case "layer_norm":
                rate = self.dropout_rate
                return LayerNormReadout(width, num_outputs, key=key, dropout_rate=rate)
            case "linear":
                return LinearReadout(width, num_outputs, key=key)
        return HiddenReadout(
            width,
            num_outputs,
            key=key,
            readout_size=self.readout_size,
            activation="tanh" if self.readout == "hidden" else "square",
        )


@runtime_checkable
class BuildsNetwork(Protocol):
    """What training asks of a specification: its name, and how to build a network from a key."""

    @property
    def name(self) -> str:
        """The name in tables and files."""

    def build(
        self,
        input_size: int,
        num_outputs: int,
        *,
        key: jax.Array,
        sample_rate: float = 1000.0,
        duration: float | None = None,
    ) -> Network:
        """Draw a network of ``input_size`` channels and ``num_outputs`` classes or values.

        ``sample_rate`` is that of the recordings in Hz, ``duration`` their length in s.
        """


@checked
@dataclass(frozen=True)
class _Origin:
    """What a network was built from: its specification ``spec`` and the sizes of the data.

    ``input_size`` and ``num_outputs`` count channels and outputs, ``sample_rate`` is in Hz,
    ``duration`` in s.
    """

    spec: NetworkSpec
    input_size: int
    num_outputs: int
    sample_rate: float
    duration: float | None

    def build(self, *, key: jax.Array) -> Network:
        """Draw start values of the same network."""
        return self.spec.build(
            self.input_size,
            self.num_outputs,
            key=key,
            sample_rate=self.sample_rate,
            duration=self.duration,
        )


@lru_cache(maxsize=4096)
def _kind_of(cell: str, hidden_size: int, options: Any, wide: bool) -> type[AbstractCell]:
    """Return the class of a cell, or raise what it refuses; ``wide`` tells the precision."""
    make = partial(make_cell, cell, 1, hidden_size, **dict(options))
    return type(eqx.filter_eval_shape(lambda: make(key=jax.random.key(0))))


@lru_cache(maxsize=4096)
def _counted(spec: NetworkSpec, input_size: int, num_outputs: int) -> int:
    """Count the trained parameters from shapes alone."""

    def count() -> int:
        return spec.build(input_size, num_outputs, key=jax.random.key(0)).num_parameters()

    return eqx.filter_eval_shape(count)


def _size_shown(layer: Layer) -> int:
    """Return how many rows a layer gives at every step."""
    if layer.mixing is not None:
        return layer.mixing.bias.size // (2 if layer.gated else 1)
    state = layer.cell.initial_state((1,))
    rows = eqx.filter_eval_shape(getattr(layer.cell, layer.feature), state).shape[0]
    return rows if layer.backward is None else 2 * rows


def _frozen_options(cell: str, options: Any) -> tuple[tuple[str, Any], ...]:
    """Return options as pairs that can be hashed; known names alone.

    Raises:
        ValueError: for what is no mapping of names to values, or an option the cell does not have.
    """
    try:
        pairs = dict(options)
    except (TypeError, ValueError):
        raise ValueError(f"options is {shown(options)}; it must map names to values") from None
    known = options_of(CELLS[cell])
    unknown = [name for name in pairs if known is not None and name not in known]
    if unknown:
        choices = f"choose from {', '.join(known)}" if known else "it has none"
        raise ValueError(f"options of {cell} holds {unknown[0]!r}; {choices}")
    return tuple((name, _frozen(value)) for name, value in pairs.items())


def _frozen(value: Any) -> Any:
    """Return an array, a list or a mapping as a tuple of Python's numbers, else the value."""
    if isinstance(value, np.ndarray | jax.Array):
        value = np.asarray(value).tolist()
    if isinstance(value, Mapping):
        value = list(value.items())
    if isinstance(value, list | tuple):
        return tuple(_frozen(one) for one in value)
    return value.item() if isinstance(value, np.generic) else value
