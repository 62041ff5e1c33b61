"""Any cell with any head, counted and sized; and the heads themselves."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.architectures import (
    ENERGY_HEAD,
    LAST_HEAD,
    MEAN_HEAD,
    CellArchitecture,
    Head,
    sized,
)
from rhythmic.cells.registry import CELLS, make_cell
from rhythmic.models import named_architectures, num_trainable
from rhythmic.readouts import HiddenReadout, LinearReadout
from rhythmic.simulate import trajectory
from rhythmic.theory import ladder
from tests.marks import rest_slow

KEY = jax.random.key(4)
HEADS = {"energy": ENERGY_HEAD, "mean": MEAN_HEAD, "last": LAST_HEAD}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_goes_with_every_head(cell, head):
    model = CellArchitecture("any", cell, 3, HEADS[head]).build(4, key=KEY)
    inputs = jnp.asarray(np.random.default_rng(0).uniform(size=(6, 1, 5)), jnp.float32)
    seen = trajectory(model.cell, inputs).observed
    features = model.features(inputs)
    expected = {"mean": np.mean(seen, axis=0), "last": seen[-1]}
    if head in expected:
        np.testing.assert_allclose(features, expected[head], rtol=1e-5, atol=1e-6)
    assert features.shape == (3, 5)
    assert np.all(np.isfinite(features))
    if head == "energy":
        assert np.all(features >= 0)
    logits = model.readout.predict(features, model.readout.initial_statistics())
    assert logits.shape == (4, 5)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_energy_of_a_cell_that_does_not_swing_is_its_output_squared(cell):
    model = CellArchitecture("any", cell, 3, ENERGY_HEAD).build(2, key=KEY)
    inputs = jnp.asarray(np.random.default_rng(0).uniform(size=(6, 1, 5)), jnp.float32)
    expected = np.mean(np.asarray(trajectory(model.cell, inputs).observed) ** 2, axis=0)
    np.testing.assert_allclose(model.features(inputs), expected, rtol=1e-5)


def test_the_published_networks_are_among_them():
    published = named_architectures()
    for name, other in (
        ("rrn-golden", CellArchitecture("rrn-golden", "rrn", 11, ENERGY_HEAD)),
        ("rnn", CellArchitecture("rnn", "rnn", 11, MEAN_HEAD)),
        ("lstm", CellArchitecture("lstm", "lstm", 6, MEAN_HEAD)),
    ):
        known = published[name].build(10, key=KEY)
        here = other.build(10, key=KEY)
        assert jax.tree.structure(known) == jax.tree.structure(here)
        for a, b in zip(jax.tree.leaves(known), jax.tree.leaves(here), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
        assert other.num_parameters() == num_trainable(known)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("most", rest_slow([100, 1000], 100))
def test_a_sized_network_is_the_largest_that_fits(cell, most):
    found = sized(CellArchitecture(cell, cell, 1, MEAN_HEAD), most)
    assert found.num_parameters() <= most
    larger = CellArchitecture(cell, cell, found.hidden_size + 1, MEAN_HEAD)
    assert larger.num_parameters() > most
    assert num_trainable(found.build(10, key=KEY)) == found.num_parameters()


def test_the_linear_readout_is_a_linear_map():
    readout = LinearReadout(4, 3, key=KEY)
    features = jnp.asarray(np.random.default_rng(1).normal(size=(4, 5)), jnp.float32)
    logits, statistics = readout.train(features, readout.initial_statistics(), None, key=KEY)
    expected = np.asarray(readout.weight) @ np.asarray(features) + np.asarray(readout.bias)[:, None]
    np.testing.assert_allclose(logits, expected, rtol=1e-5)
    np.testing.assert_array_equal(readout.predict(features, statistics), logits)


@pytest.mark.parametrize(("activation", "shown"), [("tanh", np.tanh), ("square", np.square)])
def test_the_hidden_readout_is_two_maps_around_an_activation_of_normalised_features(
    activation, shown
):
    readout = HiddenReadout(4, 3, key=KEY, readout_size=6, activation=activation)
    count = sum(x.size for x in jax.tree.leaves(eqx.filter(readout, eqx.is_inexact_array)))
    assert count == 6 * (4 + 1) + 3 * (6 + 1)
    features = np.random.default_rng(1).gamma(2, 3, (4, 50))
    logits, statistics = readout.train(
        jnp.asarray(features, jnp.float32), readout.initial_statistics(), jnp.ones(50), key=KEY
    )
    centred = features - features.mean(axis=1, keepdims=True)
    normalised = centred / np.sqrt(features.var(axis=1, keepdims=True) + 1e-5)
    first, second = readout.normalisation, readout
    hidden = np.asarray(first.weight) @ normalised + np.asarray(first.bias)[:, None]
    expected = np.asarray(second.weight) @ shown(hidden) + np.asarray(second.bias)[:, None]
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(statistics.mean, 0.1 * features.mean(axis=1), rtol=1e-5)


def test_both_hidden_layers_are_readouts_of_a_head():
    for name, activation in (("hidden", "tanh"), ("hidden_square", "square")):
        readout = Head(readout=name, readout_size=5).build(4, 3, key=KEY)
        assert readout.activation == activation
    with pytest.raises(ValueError, match="activation is 'relu'; choose from tanh, square"):
        HiddenReadout(4, 3, key=KEY, readout_size=6, activation="relu")


def test_a_resonant_cell_by_name_stands_on_the_golden_ladder_or_on_the_one_given():
    by_name = make_cell("rrn", 1, 11, key=KEY)
    assert by_name.nodes.w1.shape == ladder("golden").shape
    given = make_cell("rrn", 1, 2, key=KEY, frequencies=(5.0, 9.0), pole_radius=0.9)
    np.testing.assert_allclose(given.nodes.w2, -0.81, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CellArchitecture("x", "mlp", 3), "cell is 'mlp'; choose from rrn"),
        (lambda: CellArchitecture("x", "rnn", 0), "hidden_size is 0; it must be at least 1"),
        (
            lambda: CellArchitecture("x", "rrn", 3, options=(("frequencies", (5.0,)),)),
            "frequencies holds 1; hidden_size is 3",
        ),
        (lambda: CellArchitecture("x", "rnn", 3, Head("phasor")), "feature is 'phasor'; ElmanCell"),
        (lambda: Head("power"), "feature is 'power'; choose from output"),
        (lambda: Head(pooling="first"), "pooling is 'first'; choose from mean, last"),
        (lambda: Head(readout="svm"), "readout is 'svm'; choose from"),
        (lambda: Head(dropout_rate=1.0), r"dropout_rate is 1.0; it must lie in \[0, 1\)"),
        (lambda: Head(readout_size=0), "readout_size is 0; it must be at least 1"),
        (
            lambda: sized(CellArchitecture("lstm", "lstm", 1), 20),
            "num_parameters is 20; lstm needs at least",
        ),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
