"""A newly registered cell goes through the contract suite as it is, or is told what it breaks."""

import inspect
import re
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from rhythmic.cells import AbstractCell, FixedParameters, registry
from rhythmic.cells.initialization import xavier_uniform
from rhythmic.cells.interface import along_nodes, weigh
from rhythmic.typing import InputArray, Matrix, NodeArray, Vector
from tests.cells import test_contracts, test_options
from tests.cells.contract_cells import keep_promises, newcomer, promises, registered_cell
from tests.marks import rest_slow

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"


class Leaks(FixedParameters):
    """Leaks, one a node, that are not trained."""

    leak: Vector


class TraceState(NamedTuple):
    """The present activity and the trace of it."""

    activity: NodeArray
    trace: NodeArray


class TraceCell(AbstractCell[TraceState]):
    """Nodes that show what their activity leaves behind, forgotten at fixed rates."""

    weights: Matrix
    leaks: Leaks
    activation: str = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        leak: float = 0.3,
        activation: Literal["tanh", "sin"] = "tanh",
    ):
        """Start with Xavier-uniform weights."""
        self.weights = xavier_uniform((hidden_size, input_size), key=key)
        self.leaks = Leaks(jnp.full(hidden_size, leak))
        self.activation = activation
        self.input_size, self.hidden_size = input_size, hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> TraceState:
        """Return zeros."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.weights.dtype)
        return TraceState(rest, rest)

    def step(self, state: TraceState, inputs: InputArray) -> TraceState:
        """Advance one sample."""
        shape = jnp.tanh if self.activation == "tanh" else jnp.sin
        activity = shape(weigh(self.weights, inputs))
        leak = along_nodes(self.leaks.leak, activity)
        return TraceState(activity, (1 - leak) * state.trace + activity)

    def output(self, state: TraceState) -> NodeArray:
        """Return the trace."""
        return state.trace


class Plain(TraceCell):
    """A state without names."""

    def initial_state(self, batch_shape=()):
        return tuple(super().initial_state(batch_shape))

    def step(self, state, inputs):
        return tuple(super().step(TraceState(*state), inputs))

    def output(self, state):
        return state[1]


class Deaf(TraceCell):
    """An option that nothing hears."""

    def __init__(self, input_size, hidden_size, *, key, gain: float = 1.0):
        super().__init__(input_size, hidden_size, key=key)


class Spanned(TraceCell):
    """An option whose type does not say another value."""

    def __init__(self, input_size, hidden_size, *, key, span: tuple[float, float] = (-1.0, 1.0)):
        super().__init__(input_size, hidden_size, key=key)
        self.weights = xavier_uniform((hidden_size, input_size), key=key) * (span[1] - span[0])


class Dead(TraceCell):
    """A parameter that its energy does not depend on."""

    scale: Vector

    def __init__(self, input_size, hidden_size, *, key):
        super().__init__(input_size, hidden_size, key=key)
        self.scale = jnp.ones(hidden_size)

    def output(self, state):
        return along_nodes(self.scale, state.trace) * state.trace

    def squared_amplitude(self, state):
        return state.trace**2


class Uncounted(TraceCell):
    """Weights that are held at zero and count as trained."""

    def __init__(self, input_size, hidden_size, *, key):
        super().__init__(input_size, hidden_size, key=key)
        self.weights = self.weights.at[0].set(0.0)

    def constrained(self):
        return eqx.tree_at(lambda cell: cell.weights, self, self.weights.at[0].set(0.0))


@pytest.mark.slow
def test_a_cell_with_fixed_parameters_options_and_a_named_state_needs_no_edit(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "trace", TraceCell)
    assert len(promises(test_contracts)) > 10
    for suite in (test_contracts, test_options):
        keep_promises(suite, "trace", "float32")


@pytest.mark.slow
def test_an_option_whose_type_does_not_tell_is_listed_with_a_value(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "my_cell", Spanned)
    monkeypatch.setattr(test_options, "NEWCOMERS", ("my_cell",))
    promise = test_options.test_every_option_of_a_newcomer_changes_something
    with pytest.raises(AssertionError, match="my_cell: list span in OPTIONS"):
        promise("my_cell")
    (written,) = re.findall(r"`(\(MyCell, .*\)),`", CONTRIBUTING.read_text())
    row = eval(written, {**vars(test_options), "MyCell": Spanned, "partial": partial})
    monkeypatch.setattr(test_options, "OPTIONS", [*test_options.OPTIONS, row])
    promise("my_cell")
    test_options.test_the_table_of_options_is_complete()
    test_options.test_every_option_changes_the_result(*row[1:])


def test_the_value_that_is_listed_is_the_one_tried(monkeypatch):
    monkeypatch.setitem(registry.CELLS, "spanned", Spanned)
    row = (Spanned, partial(registered_cell, "spanned"), "span", (-1.0, 1.0), test_options.outputs)
    monkeypatch.setattr(test_options, "OPTIONS", [*test_options.OPTIONS, row])
    with pytest.raises(AssertionError, match="spanned: span changes nothing"):
        test_options.test_every_option_of_a_newcomer_changes_something("spanned")


@pytest.mark.slow
def test_the_table_of_options_holds_registered_cells_alone(monkeypatch):
    row = (Spanned, partial(registered_cell, "spanned"), "span", (-2.0, 2.0), test_options.outputs)
    monkeypatch.setattr(test_options, "OPTIONS", [*test_options.OPTIONS, row])
    with pytest.raises(AssertionError):
        test_options.test_the_table_of_options_is_complete()


BROKEN = {
    Plain: (
        test_contracts.test_a_state_is_an_array_or_a_named_tuple_of_arrays,
        "must be a NamedTuple",
    ),
    Deaf: (test_options.test_every_option_of_a_newcomer_changes_something, "gain changes nothing"),
    Dead: (
        test_contracts.test_with_every_head_gradients_reach_every_parameter_that_counts,
        r"none reaches scale: leave it out in for_feature\('squared_amplitude'\)",
    ),
    Uncounted: (
        test_contracts.test_what_the_constraint_holds_is_counted_and_trained,
        "num_constrained is 0; 2 entries are held",
    ),
}


@pytest.mark.parametrize("kind", rest_slow(BROKEN, *(kind for kind in BROKEN if kind is not Dead)))
def test_a_cell_that_breaks_a_promise_is_told_which(monkeypatch, kind):
    monkeypatch.setitem(registry.CELLS, "broken", kind)
    promise, told = BROKEN[kind]
    asked = inspect.signature(promise).parameters
    with pytest.raises(AssertionError, match=told):
        promise("broken" if "registered" in asked else newcomer("broken"))
