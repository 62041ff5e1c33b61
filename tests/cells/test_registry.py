"""Cells by name: options that no cell has are refused in one line that says which it has."""

import jax
import numpy as np
import pytest

from rhythmic.architectures import CellArchitecture
from rhythmic.cells import GRUCell, registry
from rhythmic.cells.registry import make_cell

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
        CellArchitecture("any", name, 11, options=(("mu", 0.0),))


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
