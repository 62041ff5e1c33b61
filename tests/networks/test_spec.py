"""Specifications: what they build, count and size; defaults that follow from the data."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells.registry import CELLS
from rhythmic.networks import LAST, MEAN, POWER, Block, NetworkSpec, published
from rhythmic.simulate import trajectory
from rhythmic.theory import ladder
from tests.marks import rest_slow
from tests.refusals import refusals

KEY = jax.random.key(4)
HEADS = {"power": POWER, "mean": MEAN, "last": LAST}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_goes_with_every_readout(cell, head):
    network = NetworkSpec(cell, 3, **HEADS[head]).build(1, 4, key=KEY)
    inputs = jnp.asarray(np.random.default_rng(0).uniform(size=(6, 1, 5)), jnp.float32)
    seen = trajectory(network.cell, inputs).observed
    features = network.features(inputs)
    expected = {"mean": np.mean(seen, axis=0), "last": seen[-1]}
    if head in expected:
        np.testing.assert_allclose(features, expected[head], rtol=1e-5, atol=1e-6)
    assert features.shape == (3, 5)
    assert np.all(np.isfinite(features))
    if head == "power":
        assert np.all(features >= 0)
    assert network(np.moveaxis(inputs, -1, 0)).shape == (5, 4)


def test_the_published_networks_are_among_them():
    for name, other in (
        ("rrn-golden", NetworkSpec("rrn", 11)),
        ("rnn", NetworkSpec("rnn", 11)),
        ("lstm", NetworkSpec("lstm", 6)),
    ):
        known, here = (spec.build(1, 10, key=KEY) for spec in (published()[name], other))
        for a, b in zip(jax.tree.leaves(known), jax.tree.leaves(here), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
        assert other.num_parameters(1, 10) == known.num_parameters()


def test_parameters_are_counted_by_hand():
    n = 5
    counts = {
        "rnn": n * n + n * 3 + 2 * n,
        "lstm": 4 * (n * n + n * 3 + 2 * n),
        "gru": 3 * (n * n + n * 3 + 2 * n),
        "rrn": n * (n - 1) + n * 3,
    }
    for cell, of_cell in counts.items():
        at_every_step = NetworkSpec(cell, n, pooling="every", feature="output")
        assert at_every_step.num_parameters(3, 2) == of_cell + 2 * n + 2
    both = NetworkSpec("rrn", n, pooling="every")
    assert both.num_parameters(1, 2) == n * (n - 1) + 2 * 2 * n + 2
    # Two layers: an encoder to n, and per layer a norm, a cell of n inputs, gates of 2 n rows.
    stacked = NetworkSpec("rnn", n, depth=2)
    layer = 2 * n + (2 * n * n + 2 * n) + 2 * n * (n + 1)
    assert stacked.num_parameters(3, 2) == (3 * n + n) + 2 * layer + (2 * n + 2 * n + 2)
    turned = NetworkSpec("rnn", n, bidirectional=True)
    assert turned.num_parameters(3, 2) == 2 * counts["rnn"] + 2 * 2 * n + 2 * 2 * n + 2
    assert NetworkSpec("rnn", 1, depth=0, pooling="every").num_parameters(3, 2) == 8


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("most", rest_slow([100, 1000], 100))
def test_the_largest_network_within_a_budget(cell, most):
    found = NetworkSpec(cell, 1, **MEAN).within(most, 1, 10)
    assert found.num_parameters(1, 10) <= most
    larger = dataclasses.replace(found, hidden_size=found.hidden_size + 1)
    assert larger.num_parameters(1, 10) > most
    assert found.build(1, 10, key=KEY).num_parameters() == found.num_parameters(1, 10)
    assert found.name == f"{cell}-{found.hidden_size}"


def frequencies_of(network):
    nodes, rate = network.cell.constants(), network.origin.sample_rate
    cosine = np.asarray(nodes.w1, float) / (2 * np.sqrt(-np.asarray(nodes.w2, float)))
    return np.arccos(cosine) * rate / (2 * np.pi)


@pytest.mark.parametrize("sample_rate", [50.0, 200.0, 1000.0, 30_000.0])
@pytest.mark.parametrize("duration", [0.5, 1.0, 60.0])
def test_the_ladder_follows_from_sample_rate_and_duration(sample_rate, duration):
    spec = NetworkSpec("rrn", 8)
    network = spec.build(3, 2, key=KEY, sample_rate=sample_rate, duration=duration)
    found = frequencies_of(network)
    low = max(1 / duration, sample_rate / 500)
    np.testing.assert_allclose(found[[0, -1]], [low, 0.4 * sample_rate], rtol=0.02)
    np.testing.assert_allclose(np.diff(np.log(found)), np.log(found[-1] / found[0]) / 7, rtol=0.1)
    radius = np.sqrt(-np.asarray(network.cell.constants().w2, float))
    memory = -1 / np.log(radius) / sample_rate
    np.testing.assert_allclose(memory, duration / 10, rtol=0.1)
    assert network.cell.input_weights.shape == (8, 3)


def test_without_a_duration_the_ladder_is_the_published_one_in_units_of_the_rate():
    np.testing.assert_allclose(
        frequencies_of(NetworkSpec("rrn", 11).build(1, 2, key=KEY)), ladder("golden"), rtol=0.02
    )
    slower = NetworkSpec("rrn", 11).build(1, 2, key=KEY, sample_rate=200.0)
    np.testing.assert_allclose(frequencies_of(slower), ladder("golden") / 5, rtol=0.02)


@pytest.mark.parametrize("rhythms", ["fixed", "learned"])
def test_a_layer_takes_frequencies_up_to_the_nyquist_frequency(rhythms):
    options = {"frequencies": (10.0, 80.0, 99.0), "pole_radius": 0.95, "rhythms": rhythms}
    network = NetworkSpec("rrn", 3, options=options).build(1, 2, key=KEY, sample_rate=200.0)
    np.testing.assert_allclose(frequencies_of(network), [10, 80, 99], rtol=1e-3)
    with pytest.raises(ValueError, match=r"frequencies holds 100; each must lie between 0 and 100"):
        NetworkSpec("rrn", 1, options={"frequencies": (100.0,)}).build(
            1, 2, key=KEY, sample_rate=200.0
        )


def test_a_specification_is_frozen_hashable_and_writes_itself_down():
    spec = NetworkSpec(
        "rrn",
        2,
        depth=2,
        options={"frequencies": np.array([3.0, 4.0]), "recurrence": False},
        block=Block(mixing="plain", dropout_rate=0.1),
        bidirectional=True,
        name="mine",
    )
    assert spec.frequencies == (3.0, 4.0)
    assert {spec: 1}[dataclasses.replace(spec)] == 1
    again = NetworkSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    with pytest.raises(ValueError, match="specification holds 'colour', no field of this version"):
        NetworkSpec.from_json({"cell": "rnn", "hidden_size": 2, "colour": 1})
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.depth = 3


def test_ringing_has_one_scale_for_all_rhythms():
    options = {"frequencies": (0.5, 2.0, 11.0, 24.0), "sample_rate": 100.0}
    inputs = np.zeros((200, 1, 1), np.float32)
    inputs[0] = 1.0

    def shown_after_an_impulse(feature):
        spec = NetworkSpec("rrn", 4, options=options, feature=feature, pooling="every")
        network = spec.build(1, 2, key=jax.random.key(0))
        return np.asarray(eqx.filter_jit(network.features)(jnp.asarray(inputs)))[..., 0]

    ringing = shown_after_an_impulse("ringing")
    theta = 2 * np.pi * np.array([0.5, 2.0, 11.0, 24.0]) / 100.0
    steps = np.arange(200)[:, None]
    expected = 0.99999**steps * np.sin((steps + 1) * theta)
    np.testing.assert_allclose(ringing[:, :4], expected, atol=2e-3)
    plain = shown_after_an_impulse("position_and_amplitude")
    np.testing.assert_allclose(ringing, plain * np.tile(np.sin(theta), 2), rtol=2e-3, atol=1e-5)


BAD = {
    "cell is 'mlp'; choose from rrn": lambda: NetworkSpec("mlp", 3),
    "hidden_size is 0; it must be at least 1": lambda: NetworkSpec("rnn", 0),
    "depth is -1; it must be at least 0": lambda: NetworkSpec("rnn", 2, depth=-1),
    "frequencies holds 1; hidden_size is 3": lambda: NetworkSpec(
        "rrn", 3, options={"frequencies": (5.0,)}
    ),
    "feature is 'phasor'; ElmanCell": lambda: NetworkSpec("rnn", 3, feature="phasor"),
    "pooling is 'first'; choose from mean, last, every": lambda: NetworkSpec(
        "rnn", 3, pooling="first"
    ),
    "readout is 'svm'; choose from": lambda: NetworkSpec("rnn", 3, readout="svm"),
    "dropout_rate is 1.0; it must": lambda: NetworkSpec("rnn", 3, dropout_rate=1.0),
    "readout_size is 0; it must be at least 1": lambda: NetworkSpec("rnn", 3, readout_size=0),
    "num_parameters is 20; it must be at least": lambda: NetworkSpec("lstm", 1).within(20, 1, 10),
    "options of rnn holds 'gain'; choose from recurrent_gain": lambda: NetworkSpec(
        "rnn", 3, options={"gain": 2}
    ),
    "options is 3; it must map": lambda: NetworkSpec("rnn", 3, options=3),
    "skip is True; it must be False where mixing is 'none'": lambda: Block(mixing="none"),
    "input_size is 0": lambda: NetworkSpec("rnn", 3).build(0, 1, key=KEY),
    "num_outputs is 0": lambda: NetworkSpec("rnn", 3).build(1, 0, key=KEY),
    "duration is 0.01; it must be above 0.0125 s at 200 Hz": lambda: NetworkSpec("rrn", 3).build(
        1, 1, key=KEY, sample_rate=200.0, duration=0.01
    ),
}


test_what_cannot_be_built_is_refused_in_one_line = refusals(BAD)


def test_a_name_that_tells_the_size_follows_it_and_no_other_does():
    spec = NetworkSpec("rrn", 16)
    assert dataclasses.replace(spec, hidden_size=32).name == "rrn-32"
    assert dataclasses.replace(spec, depth=2).name == "rrn-16-2"
    mine = NetworkSpec("rrn", 16, name="rrn-16-mine")
    assert dataclasses.replace(mine, hidden_size=32).name == "rrn-16-mine"
    assert mine.within(1000, 2, 3).name == "rrn-16-mine"
    with pytest.raises(ValueError, match="depth is 0; it must be at least 1"):
        NetworkSpec("rrn", 1, depth=0).within(100, 2, 3)


def test_a_block_that_drops_is_no_bare_layer():
    block = Block(mixing="none", normalisation="none", skip=False, dropout_rate=0.5)
    network = NetworkSpec("rnn", 3, block=block).build(2, 2, key=jax.random.key(0))
    assert not network.layers[0].is_bare
