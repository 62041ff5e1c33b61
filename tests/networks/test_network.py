"""Networks against loops in NumPy: layers, padding, single samples, what stays fixed."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from rhythmic.cells import FixedParameters, constrained
from rhythmic.cells.registry import CELLS
from rhythmic.networks import Block, ChannelScaling, NetworkSpec, pieces
from tests.marks import rest_slow

TIME, CHANNELS, OUTPUTS, BATCH = 9, 3, 2, 4
KEY = jax.random.key(2)
LENGTHS = np.array([9, 4, 7, 1])
DATA = {"sample_rate": 100.0, "duration": 1.0}
DEPTHS = {
    "bare": {},
    "stacked": {"depth": 2},
    "plain": {"depth": 2, "block": Block("plain", "none", skip=False)},
    "chained": {"depth": 2, "block": Block("none", "none", skip=False)},
    "both ways": {"bidirectional": True},
    "stacked both ways": {"depth": 2, "bidirectional": True},
}
POOLINGS = ("mean", "last", "every")
FEW = [("rrn", "bare"), ("rrn", "stacked"), ("lstm", "stacked both ways"), ("rnn", "both ways")]


def cases(*shapes):
    return rest_slow(
        [(cell, shape) for cell in CELLS for shape in shapes],
        *(one for one in FEW if one[1] in shapes),
    )


def built(cell, shape, pooling="mean", size=3):
    """A network whose arrays are all of random values, so that each of them counts."""
    spec = NetworkSpec(cell, size, pooling=pooling, **DEPTHS[shape])
    network = eqx.filter_jit(spec.build)(CHANNELS, OUTPUTS, key=KEY, **DATA)
    rng = np.random.default_rng(1)
    moved = [
        x + 0.1 * rng.normal(size=x.shape).astype(x.dtype) if x.ndim == 1 else x
        for x in jax.tree.leaves(network.readout)
    ]
    readout = jax.tree.unflatten(jax.tree.structure(network.readout), moved)
    scaling = ChannelScaling(jnp.array([0.1, -0.2, 0.3]), jnp.array([1.1, 0.9, 2.0]))
    return eqx.tree_at(
        lambda n: (n.readout, n.input_scaling),
        network,
        (readout, scaling),
        is_leaf=lambda x: x is None,
    )


def recordings(seed=3):
    return np.random.default_rng(seed).normal(size=(BATCH, TIME, CHANNELS)).astype(np.float32)


@eqx.filter_jit
def run(network, inputs, lengths=None):
    return network(inputs, lengths)


def normalised(x, scale, shift):
    centred = x - x.mean()
    return scale * centred / np.sqrt(x.var() + 1e-5) + shift


def elman_loop(cell, inputs):
    state, seen = np.zeros(cell.hidden_size), []
    for sample in inputs:
        drive = cell.weight_ih @ sample + cell.weight_hh @ state + cell.bias_ih + cell.bias_hh
        state = np.tanh(drive)
        seen.append(state)
    return np.array(seen)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("shape", DEPTHS)
def test_layers_are_those_of_a_loop(shape, pooling):
    network = built("rnn", shape, pooling)
    arrays = jax.tree.map(np.asarray, eqx.filter(network, eqx.is_array))
    inputs = recordings().astype(float)
    expected = []
    for one in inputs:
        stream = (one - arrays.input_scaling.mean) / arrays.input_scaling.deviation
        if arrays.encoder is not None:
            stream = stream @ arrays.encoder.weight.T + arrays.encoder.bias
        for layer, own in zip(network.layers, arrays.layers, strict=True):
            heard = stream
            if own.normalisation is not None:
                norm = own.normalisation
                heard = np.array([normalised(x, norm.scale, norm.shift) for x in stream])
            seen = elman_loop(own.cell, heard)
            if own.backward is not None:
                back = elman_loop(own.backward, heard[::-1])[::-1]
                seen = np.concatenate([seen, back], axis=1)
            if own.mixing is not None:
                seen = seen @ own.mixing.weight.T + own.mixing.bias
                if layer.gated:
                    values, gates = np.split(seen, 2, axis=1)
                    seen = values / (1 + np.exp(-gates))
            stream = seen + stream if layer.skip else seen
        pooled = {"mean": stream.mean(axis=0)[None], "last": stream[-1:], "every": stream}[pooling]
        readout = arrays.readout
        if pooling != "every":
            pooled = np.array([normalised(x, readout.scale, readout.shift) for x in pooled])
        expected.append(pooled @ readout.weight.T + readout.bias)
    expected = np.array(expected) if pooling == "every" else np.array(expected)[:, 0]
    np.testing.assert_allclose(run(network, inputs), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(run(network, inputs[1]), expected[1], rtol=1e-10, atol=1e-12)


PADDED = rest_slow(
    list(itertools.product(CELLS, ("bare", "stacked", "stacked both ways"), POOLINGS)),
    *(("rrn", "bare", pooling) for pooling in POOLINGS),
    *(("rrn", "stacked", "every"), ("lstm", "stacked both ways", "last")),
)


@pytest.mark.parametrize(("cell", "shape", "pooling"), PADDED)
def test_what_stands_in_the_padding_changes_no_bit(cell, shape, pooling):
    network = built(cell, shape, pooling)
    inside = np.arange(TIME)[:, None] < LENGTHS[:, None, None]
    clean = np.where(inside, recordings(), 0)
    filled = np.where(inside, recordings(), np.nan)
    target = np.random.default_rng(5).normal(size=(OUTPUTS,))

    @eqx.filter_jit
    def value_and_gradient(network, inputs):
        def loss(network):
            return jnp.sum(network(inputs, LENGTHS) * target)

        return network(inputs, LENGTHS), eqx.filter_grad(loss)(network)

    one, other = (value_and_gradient(network, jnp.asarray(x)) for x in (clean, filled))
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert np.all(np.isfinite(a))
        np.testing.assert_array_equal(a, b)
    for place, length in enumerate(LENGTHS):
        alone = np.asarray(network(recordings()[place, :length]))
        batched = np.asarray(one[0][place])
        batched = batched[:length] if pooling == "every" else batched
        np.testing.assert_allclose(batched, alone, rtol=2e-4, atol=2e-5)
        if pooling == "every":
            assert not np.any(one[0][place, length:])


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(("cell", "shape"), cases("bare", "stacked", "plain"))
def test_a_sample_at_a_time_gives_the_numbers_of_the_whole(cell, shape, pooling):
    network = built(cell, shape, pooling)
    inputs = recordings()
    step = eqx.filter_jit(lambda network, state, sample: network.step(state, sample))
    state, batched = network.initial_state(), network.initial_state(BATCH)
    answers = []
    for time in range(TIME):
        state, answer = step(network, state, inputs[0, time])
        batched, answers_of_all = step(network, batched, inputs[:, time])
        answers.append(answer)
    whole = run(network, inputs)
    found = np.array(answers) if pooling == "every" else answers[-1]
    np.testing.assert_allclose(found, whole[0], rtol=2e-4, atol=2e-5)
    last = whole[:, -1] if pooling == "every" else whole
    np.testing.assert_allclose(answers_of_all, last, rtol=2e-4, atol=2e-5)
    # On the way, the answer is that to the samples so far.
    part = network(inputs[0, :5])
    np.testing.assert_allclose(
        answers[4], part[-1] if pooling == "every" else part, rtol=2e-4, atol=2e-5
    )


def test_bytes_count_from_0_to_1():
    network = built("rnn", "bare")
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, TIME, CHANNELS), np.uint8)
    scaled = (pixels / 255).astype(np.float32)
    np.testing.assert_allclose(run(network, pixels), run(network, scaled), rtol=1e-6)
    state = network.initial_state()
    one, other = (network.step(state, x[0, 0])[1] for x in (pixels, scaled))
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_outputs_are_given_in_their_own_unit():
    network = built("rnn", "bare", "every")
    scaling = ChannelScaling(jnp.array([5.0, -1.0]), jnp.array([2.0, 10.0]))
    scaled = eqx.tree_at(lambda n: n.output_scaling, network, scaling, is_leaf=lambda x: x is None)
    expected = run(network, recordings()) * np.array([2.0, 10.0]) + np.array([5.0, -1.0])
    np.testing.assert_allclose(run(scaled, recordings()), expected, rtol=1e-5)


HOLDING = [("rrn", {}), ("rrn", {"depth": 2}), ("horn", {}), ("linoss", {"bidirectional": True})]


@pytest.mark.parametrize(("cell", "further"), HOLDING)
def test_fixed_means_fixed_in_a_plain_loop_over_all_arrays(cell, further):
    spec = NetworkSpec(cell, 4, **further)
    network = spec.build(CHANNELS, OUTPUTS, key=KEY, **DATA)
    optimizer = optax.adam(0.05)
    state = optimizer.init(eqx.filter(network, eqx.is_inexact_array))
    inputs = jnp.asarray(recordings())

    @eqx.filter_jit
    def update(network, state):
        def loss(network):
            return jnp.mean((network(inputs) - 1.0) ** 2)

        value, gradient = eqx.filter_value_and_grad(loss)(network)
        change, state = optimizer.update(gradient, state)
        return constrained(eqx.apply_updates(network, change)), state, value

    start, losses = network, []
    for _ in range(50):
        network, state, value = update(network, state)
        losses.append(float(value))
    assert losses[-1] < 0.5 * losses[0]

    def fixed_parts(model):
        nodes = jax.tree.leaves(model, is_leaf=lambda x: isinstance(x, FixedParameters))
        return [node for node in nodes if isinstance(node, FixedParameters)]

    before, after = fixed_parts(start), fixed_parts(network)
    assert before
    jax.tree.map(np.testing.assert_array_equal, before, after)
    if cell == "rrn":
        for layer in network.layers:
            assert not np.any(np.diag(layer.cell.recurrent_weights))


def test_dropout_of_layers_is_for_training_alone():
    spec = NetworkSpec("rnn", 8, depth=2, block=Block(dropout_rate=0.5))
    network = spec.build(CHANNELS, OUTPUTS, key=KEY)
    inputs = jnp.moveaxis(jnp.asarray(recordings()), 0, -1)
    plain = network.features(inputs)
    first, again, other = (network.features(inputs, key=jax.random.key(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    assert np.any(first != plain)
    many = jax.vmap(lambda key: network.layers[-1](inputs[:, :1].repeat(8, 1), key=key))(
        jax.random.split(KEY, 400)
    )
    np.testing.assert_allclose(
        many.mean(axis=0), network.layers[-1](inputs[:, :1].repeat(8, 1)), atol=0.25
    )


def test_a_network_without_layers_reads_the_present_sample():
    network = NetworkSpec("rnn", 1, depth=0, pooling="every").build(CHANNELS, OUTPUTS, key=KEY)
    inputs = recordings()
    expected = inputs @ np.asarray(network.readout.weight).T + np.asarray(network.readout.bias)
    np.testing.assert_allclose(run(network, inputs), expected, rtol=1e-5, atol=1e-6)
    _, answer = network.step(network.initial_state(), inputs[0, 0])
    np.testing.assert_allclose(answer, expected[0, 0], rtol=1e-5, atol=1e-6)


def test_networks_jit_map_and_differentiate():
    network = built("rrn", "stacked")
    inputs = jnp.asarray(recordings())
    mapped = jax.vmap(network)(inputs)
    np.testing.assert_allclose(mapped, network(inputs), rtol=1e-4, atol=1e-5)
    assert np.all(np.isfinite(jax.grad(lambda x: jnp.sum(network(x)))(inputs)))
    traced = jax.jit(lambda lengths: network(inputs, lengths))(jnp.array([9, 0, 10, 3]))
    assert np.isnan(np.asarray(traced)).any(axis=1).tolist() == [False, True, True, False]


BAD = {
    r"inputs has shape \(9, 2\); it must be \(time, 3\) or": lambda n: n(np.ones((9, 2))),
    r"inputs has shape \(0, 3\); it must": lambda n: n(np.ones((0, 3))),
    "inputs is 'text'; it must hold numbers": lambda n: n("text"),
    "lengths holds 10; it must be 1 to 9": lambda n: n(recordings(), [9, 10, 3, 4]),
    r"lengths is \[3, 4\]; it must be integers of shape \(4,\)": lambda n: n(recordings(), [3, 4]),
    r"sample has shape \(2,\); it must have shape \(3,\)": lambda n: n.step(
        n.initial_state(), np.ones(2)
    ),
    "method is 'quick'; choose from fastest, scan": lambda n: n.features(
        jnp.ones((9, 3, 1)), method="quick"
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    network = NetworkSpec("rnn", 3).build(CHANNELS, OUTPUTS, key=KEY)
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message](network)
    assert "\n" not in str(caught.value)


def test_a_network_of_both_directions_takes_no_single_samples():
    network = built("rnn", "both ways")
    with pytest.raises(ValueError, match="bidirectional is True; it must be False"):
        network.initial_state()


def stack(cell, pooling, *, bidirectional=False, **options):
    return NetworkSpec(
        cell,
        4,
        depth=2,
        options=options,
        encoder_size=5,
        block=Block(dropout_rate=0.2),
        pooling=pooling,
        bidirectional=bidirectional,
    ).build(CHANNELS, OUTPUTS, key=KEY)


STACKS = {
    "linoss": {"scheme": "damped", "maps": "complex"},
    "s5": {"bidirectional": True},
    "lstm": {},
}


STACKED = rest_slow(
    list(itertools.product(STACKS, POOLINGS, ("whole", "lengths"))),
    ("linoss", "mean", "lengths"),
    ("lstm", "every", "whole"),
)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("cell", "pooling", "given"), STACKED)
def test_stacks_have_faster_ways_with_the_same_numbers(cell, pooling, given, monkeypatch):
    """Values and gradients, with lengths and dropout; pieces of 4, 4 and 1 of nine steps."""
    monkeypatch.setattr(pieces, "NUMBERS", 4 * 4 * BATCH)
    network = stack(cell, pooling, **STACKS[cell])
    expected = {
        "linoss": ("scan", "pieces", "adjoint", "parallel"),
        "s5": ("scan", "adjoint", "parallel"),
        "lstm": ("scan", "pieces"),
    }
    assert network.ways == expected[cell]
    inputs = jnp.moveaxis(jnp.asarray(recordings()), 0, -1)

    lengths = None if given == "whole" else jnp.asarray(LENGTHS)

    def found_by(method):
        def score(network):
            features = network.features(inputs, lengths, method=method, key=KEY)
            return jnp.sum(features**2), features

        return eqx.filter_jit(eqx.filter_value_and_grad(score, has_aux=True))(network)

    slow = jax.tree.leaves(found_by("scan"))
    for method in (*network.ways[1:], "fastest"):
        for one, other in zip(jax.tree.leaves(found_by(method)), slow, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.usefixtures("x64")
def test_a_piece_by_a_faster_way_leaves_the_same_states():
    network = stack("linoss", "every", **STACKS["linoss"])
    inputs = jnp.moveaxis(jnp.asarray(recordings()), 0, -1)
    states, lengths = network.initial_state(BATCH).layers, jnp.asarray(LENGTHS)
    found = {
        method: network.continued(inputs, lengths, states, method=method)
        for method in ("scan", "pieces", "adjoint", "parallel")
    }
    for method in ("pieces", "adjoint", "parallel"):
        for one, other in zip(*map(jax.tree.leaves, (found[method], found["scan"])), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


WAYS = {
    ("linoss", False): {"cpu": "pieces", "cuda": "parallel", "tpu": "scan"},
    ("linoss", True): {"cpu": "adjoint", "cuda": "parallel", "tpu": "scan"},
    ("lstm", False): {"cpu": "pieces", "cuda": "scan", "tpu": "scan"},
    ("lstm", True): {"cpu": "scan", "cuda": "scan", "tpu": "scan"},
}


@pytest.mark.parametrize(("cell", "bidirectional"), WAYS)
def test_the_platform_decides_how_a_stack_is_taken(cell, bidirectional):
    network = stack(cell, "mean", bidirectional=bidirectional)
    expected = WAYS[cell, bidirectional]
    assert {name: network.fastest_way(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("steps", "numbers", "length"),
    [(784, 2**11, 16), (784, 1024, 28), (7, 2**14, 2), (5, 10**6, 1), (9, 1, 9)],
)
def test_pieces_are_as_long_as_fit_and_leave_no_rest_if_they_can(steps, numbers, length):
    assert pieces.piece_length(steps, numbers) == length


def test_ways_that_a_stack_does_not_have_are_refused():
    network = built("rnn", "stacked", "every")
    with pytest.raises(ValueError, match="method is 'adjoint'; for this network it must be one of"):
        network.features(jnp.zeros((TIME, CHANNELS, BATCH)), method="adjoint")
