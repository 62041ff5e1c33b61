"""Cells by name: options that no cell has are refused in one line that says which it has."""

import copy
import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.activations import identity
from rhythmic.cells import ElmanCell, GRUCell, registry
from rhythmic.cells.registry import make_cell
from rhythmic.fast.ways import mean_with_adjoint
from rhythmic.networks import POWER, NetworkSpec

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("rrn", ("frequencies", "pole_radius", "input_weights")),
        ("gru", ("update_bias",)),
        ("horn", ("angular_frequency", "damping", "heterogeneous")),
    ],
)
def test_an_unknown_option_is_named_beside_those_there_are(name, some):
    with pytest.raises(ValueError, match=f"^options of {name} holds 'mu'; choose from ") as refused:
        make_cell(name, 1, 11, key=KEY, mu=0.0)
    message = str(refused.value)
    assert "\n" not in message
    choices = message.split("choose from ")[1].split(", ")
    assert set(some) <= set(choices)
    assert not {"key", "input_size", "hidden_size", "options"} & set(choices)
    with pytest.raises(ValueError, match="holds 'mu'"):
        NetworkSpec(name, 11, options=(("mu", 0.0),), name="any", **POWER)


def test_an_option_reaches_the_cell_behind_a_function():
    given = make_cell("rrn", 1, 2, key=KEY, frequencies=(5.0, 9.0), poles="double")
    assert given.hidden_size == 2
    plain = make_cell("rrn", 1, 2, key=KEY, frequencies=(5.0, 9.0))
    assert np.any(given.nodes.w1 != plain.nodes.w1)


def bare(input_size, hidden_size, *, key):
    return GRUCell(input_size, hidden_size, key=key)


def open_to_all(input_size, hidden_size, *, key, **options):
    return GRUCell(input_size, hidden_size, key=key, **options)


def asking(input_size, hidden_size, *, key, delay):
    return GRUCell(input_size, hidden_size, key=key, update_bias=delay)


def test_what_makes_a_cell_may_be_any_function(monkeypatch):
    for make in (bare, open_to_all, asking):
        monkeypatch.setitem(registry.CELLS, make.__name__, make)
    with pytest.raises(ValueError, match=r"^options of bare holds 'mu'; it has none$"):
        make_cell("bare", 1, 2, key=KEY, mu=0.0)
    np.testing.assert_array_equal(make_cell("asking", 1, 2, key=KEY, delay=1.0).bias_ih[2:4], 1.0)
    # Where nothing says which options there are, the cell itself decides.
    found = make_cell("open_to_all", 1, 2, key=KEY, update_bias=2.0)
    np.testing.assert_array_equal(found.bias_ih[2:4], 2.0)


@pytest.mark.parametrize("name", registry.CELLS)
def test_cells_and_classifiers_pickle_and_copy(name):
    cell = make_cell(name, np.int64(1), np.int32(4), key=KEY)
    assert type(cell.hidden_size) is type(cell.input_size) is int
    model = NetworkSpec(name, 4, name="any", **POWER).build(1, 3, key=KEY)
    for one in (cell, model):
        for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert eqx.tree_equal(one, other)
            assert jax.tree.structure(one) == jax.tree.structure(other)


@pytest.mark.parametrize("method", ["scan", "fastest"])
@pytest.mark.parametrize("name", registry.CELLS)
def test_features_of_no_examples_are_none(name, method):
    model = NetworkSpec(name, 4, name="any", **POWER).build(1, 10, key=KEY)
    size = model.features(jnp.ones((5, 1, 2)), method=method).shape[0]
    assert model.features(jnp.ones((5, 1, 0)), method=method).shape == (size, 0)


@pytest.mark.parametrize("activation", [jnp.tanh, jax.nn.relu, jax.nn.sigmoid, jnp.sin, identity])
def test_activations_pickle_by_name(activation):
    cell = ElmanCell(1, 2, key=KEY, activation=activation)
    other = pickle.loads(pickle.dumps(cell))
    assert eqx.tree_equal(cell, other)
    np.testing.assert_array_equal(other.activation(jnp.ones(2)), activation(jnp.ones(2)))
    assert is_fast(cell) == (activation is jnp.tanh) == is_fast(copy.deepcopy(cell))


def is_fast(cell):
    return mean_with_adjoint(cell, "output") is not None
