"""The published architectures: sizes, parameter counts, start values, features, options."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ElmanCell, LSTMCell, ResonantCell
from rhythmic.models import (
    GatedOrPlainArchitecture,
    ResonantArchitecture,
    named_architectures,
    named_arrays,
    num_trainable,
    with_named_arrays,
)
from rhythmic.readouts import BatchNormReadout, LayerNormReadout
from rhythmic.simulate import mask_from_lengths, trajectory
from tests.marks import rest_slow

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
RNN = GatedOrPlainArchitecture("own", "elman", 2)


def test_the_seven_names():
    architectures = named_architectures()
    assert list(architectures) == list(PUBLISHED)
    assert all(name == architecture.name for name, architecture in architectures.items())


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_and_parameter_counts(name):
    model = named_architectures()[name].build(10, key=KEY)
    assert (model.cell.hidden_size, num_trainable(model)) == PUBLISHED[name]
    rhythmic = name.startswith("rrn")
    assert isinstance(model.readout, BatchNormReadout if rhythmic else LayerNormReadout)
    assert model.feature == ("squared_amplitude" if rhythmic else "output")
    kind = {"rnn": ElmanCell, "lstm": LSTMCell}.get(name, ResonantCell)
    assert type(model.cell) is kind
    # Two classes for ten: eight rows of the linear map and eight biases fewer.
    hidden, count = PUBLISHED[name]
    assert num_trainable(named_architectures()[name].build(2, key=KEY)) == count - 8 * (hidden + 1)


@pytest.mark.parametrize("name", ["rrn-log", "rnn", "lstm"])
def test_cell_and_readout_have_keys_of_their_own(name):
    architecture = named_architectures()[name]
    first, again, other = (
        jax.tree.leaves(eqx.filter(architecture.build(10, key=key), eqx.is_inexact_array))
        for key in (KEY, KEY, jax.random.key(2))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    drawn = [a for a, c in zip(first, other, strict=True) if not np.array_equal(a, c)]
    assert len(drawn) == 3
    scaled = [np.ravel(a / np.max(np.abs(a)))[:5] for a in drawn]
    for i in range(3):
        for j in range(i):
            assert not np.allclose(scaled[i], scaled[j])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", rest_slow(["rrn-log", "rnn", "lstm"], "rrn-log"))
def test_features_are_means_over_the_sequence(name):
    model = named_architectures(pole_radius=0.9)[name].build(10, key=KEY)
    inputs = jnp.asarray(np.random.default_rng(0).random((30, 1, 3)))
    states = trajectory(model.cell, inputs, observe=lambda state: state).observed
    observe = model.cell.squared_amplitude if name == "rrn-log" else model.cell.output
    seen = np.stack([observe(jax.tree.map(lambda x, t=t: x[t], states)) for t in range(30)])
    np.testing.assert_allclose(model.features(inputs), seen.mean(axis=0), rtol=1e-12)
    lengths = np.array([4, 30, 17])
    masked = model.features(inputs, mask=mask_from_lengths(lengths, 30))
    for example, length in enumerate(lengths):
        expected = seen[:length, :, example].mean(axis=0)
        np.testing.assert_allclose(masked[:, example], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("frequencies", (5.0, 12.0)),
        ("recurrence", False),
        ("sample_rate", 500.0),
        ("pole_radius", 0.9),
    ],
)
def test_options_of_the_resonant_architecture_change_its_features(option, value):
    options = {"name": "own", "frequencies": (5.0, 20.0)}
    inputs = jnp.asarray(np.random.default_rng(0).random((20, 1, 2)), jnp.float32)
    plain, changed = (
        ResonantArchitecture(**(options | extra)).build(10, key=KEY).features(inputs)
        for extra in ({}, {option: value})
    )
    assert np.max(np.abs(plain / changed - 1)) > 1e-3


def test_options_reach_cell_and_readout():
    frequencies = (5.0, 20.0)
    masked = ResonantArchitecture("own", frequencies, diagonal="masked").build(10, key=KEY)
    assert masked.cell.diagonal == "masked"
    assert ResonantArchitecture("own", frequencies).build(10, key=KEY).cell.diagonal == "projected"
    dropping = GatedOrPlainArchitecture("own", "lstm", 3, dropout_rate=0.4).build(10, key=KEY)
    assert dropping.readout.dropout_rate == 0.4
    assert named_architectures()["rnn"].build(10, key=KEY).readout.dropout_rate == 0.1
    named = named_architectures(sample_rate=500.0, pole_radius=0.9, diagonal="masked")["rrn-two"]
    assert (named.sample_rate, named.pole_radius, named.diagonal) == (500.0, 0.9, "masked")
    assert named.frequencies == (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


def test_arrays_by_name_and_back():
    first, second = (RNN.build(3, key=jax.random.key(seed)) for seed in (1, 2))
    arrays = named_arrays(eqx.filter(first, eqx.is_array))
    assert set(arrays) == {
        *(f"cell.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
        *(f"readout.{name}" for name in ("scale", "shift", "weight", "bias")),
    }
    np.testing.assert_array_equal(arrays["cell.weight_hh"], first.cell.weight_hh)
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
    "frequencies must": lambda: ResonantArchitecture("own", (2.0, 250.0)),
    "frequencies must have": lambda: ResonantArchitecture("own", ()),
    "sample_rate must": lambda: ResonantArchitecture("own", (2.0,), sample_rate=-1.0),
    "pole_radius is 1.0": lambda: ResonantArchitecture("own", (2.0,), pole_radius=1.0),
    "diagonal is 'free'": lambda: ResonantArchitecture("own", (2.0,), diagonal="free"),
    "hidden_size is 0": lambda: GatedOrPlainArchitecture("own", "lstm", 0),
    "dropout_rate is 1.0": lambda: GatedOrPlainArchitecture("own", "lstm", 3, dropout_rate=1.0),
    "cell is 'gru'": lambda: GatedOrPlainArchitecture("own", "gru", 3),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_architectures_are_refused_in_one_line(message):
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message]()
    assert "\n" not in str(caught.value)


def test_parameters_are_counted_of_networks_alone():
    with pytest.raises(ValueError, match=r"^model is 'x'; it must be a network with a cell"):
        num_trainable("x")
