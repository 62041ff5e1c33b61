"""The published networks: sizes, parameter counts, start values, options."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ElmanCell, LSTMCell, ResonantCell
from rhythmic.networks import MEAN, NetworkSpec, published, rhythmic_network
from rhythmic.networks.readouts import BatchNormReadout, LayerNormReadout
from rhythmic.trees import named_arrays, with_named_arrays
from tests.refusals import refusals

PUBLISHED = {
    "rrn-golden": (11, 252),
    "rrn-log": (5, 90),
    "rrn-two": (7, 136),
    "rrn-linear": (11, 252),
    "rrn-golden-unconnected": (11, 142),
    "rnn": (11, 296),
    "lstm": (6, 298),
}
KEY = jax.random.key(1)


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_and_parameter_counts(name):
    network = published()[name].build(1, 10, key=KEY)
    hidden, count = PUBLISHED[name]
    assert (network.cell.hidden_size, network.num_parameters()) == (hidden, count)
    assert published()[name].num_parameters(1, 10) == count
    rhythmic = name.startswith("rrn")
    assert isinstance(network.readout, BatchNormReadout if rhythmic else LayerNormReadout)
    assert network.feature == ("squared_amplitude" if rhythmic else "output")
    kind = {"rnn": ElmanCell, "lstm": LSTMCell}.get(name, ResonantCell)
    assert type(network.cell) is kind
    # Two classes for ten: eight rows of the linear map and eight biases fewer.
    assert published()[name].num_parameters(1, 2) == count - 8 * (hidden + 1)


@pytest.mark.parametrize("name", ["rrn-log", "rnn", "lstm"])
def test_cell_and_readout_have_keys_of_their_own(name):
    spec = published()[name]
    first, again, other = (
        jax.tree.leaves(eqx.filter(spec.build(1, 10, key=key), eqx.is_inexact_array))
        for key in (KEY, KEY, jax.random.key(2))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    drawn = [a for a, c in zip(first, other, strict=True) if not np.array_equal(a, c)]
    assert len(drawn) == 3
    scaled = [np.ravel(a / np.max(np.abs(a)))[:5] for a in drawn]
    for i in range(3):
        for j in range(i):
            assert not np.allclose(scaled[i], scaled[j])


def test_options_reach_cell_and_readout():
    masked = rhythmic_network((5.0, 20.0), diagonal="masked").build(1, 10, key=KEY)
    assert masked.cell.diagonal == "masked"
    assert rhythmic_network((5.0, 20.0)).build(1, 10, key=KEY).cell.diagonal == "projected"
    assert published(dropout_rate=0.4)["lstm"].build(1, 10, key=KEY).readout.dropout_rate == 0.4
    assert published()["rnn"].build(1, 10, key=KEY).readout.dropout_rate == 0.1
    named = published(sample_rate=500.0, pole_radius=0.9, diagonal="masked")["rrn-two"]
    values = tuple(named.option(name) for name in ("sample_rate", "pole_radius", "diagonal"))
    assert values == (500.0, 0.9, "masked")
    assert named.frequencies == (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
    # Published values stand by name, whatever the data are.
    data = {"sample_rate": 200.0, "duration": 1.0}
    first, second = (named.build(1, 2, key=KEY, **further) for further in ({}, data))
    jax.tree.map(np.testing.assert_array_equal, first.cell, second.cell)


def test_arrays_by_name_and_back():
    spec = NetworkSpec("rnn", 2, **MEAN)
    first, second = (spec.build(1, 3, key=jax.random.key(seed)) for seed in (1, 2))
    arrays = named_arrays(eqx.filter(first, eqx.is_array))
    cell = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    assert set(arrays) == {
        *(f"layers.0.cell.{name}" for name in cell),
        *(f"readout.{name}" for name in ("scale", "shift", "weight", "bias")),
        *(f"statistics.{name}" for name in ("mean", "variance")),
    }
    np.testing.assert_array_equal(arrays["layers.0.cell.weight_hh"], first.cell.weight_hh)
    array_part, rest = eqx.partition(second, eqx.is_array)
    copied = eqx.combine(with_named_arrays(array_part, arrays), rest)
    inputs = jnp.ones((4, 1, 2))
    np.testing.assert_array_equal(copied.features(inputs), first.features(inputs))
    one = with_named_arrays(array_part, {"readout.bias": np.arange(3.0)})
    assert one.readout.bias.dtype == np.float32
    np.testing.assert_array_equal(one.readout.bias, [0, 1, 2])
    np.testing.assert_array_equal(one.cell.weight_hh, second.cell.weight_hh)
    with pytest.raises(ValueError, match=r"arrays names cell\.weight, which"):
        with_named_arrays(array_part, {"cell.weight": np.ones(2)})


BAD = {
    "frequencies must": lambda: rhythmic_network((2.0, 250.0)),
    "frequencies must have": lambda: rhythmic_network(()),
    "sample_rate must": lambda: rhythmic_network((2.0,), sample_rate=-1.0),
    "pole_radius is 1.0": lambda: rhythmic_network((2.0,), pole_radius=1.0),
    "diagonal is 'free'": lambda: rhythmic_network((2.0,), diagonal="free"),
}


test_bad_rhythms_are_refused_in_one_line = refusals(BAD)
