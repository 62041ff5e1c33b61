"""The one scan over time against plain loops: striding, averaging, padding, blocks, resuming."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.cells import ElmanCell, LSTMCell, ResonantCell
from rhythmic.simulate import check_step, mask_from_lengths, time_mean, trajectory
from tests.marks import rest_slow

TIME, BATCH = 11, 3
CELLS = {
    "resonant": lambda: ResonantCell(
        np.array([20.0, 90.0]), key=jax.random.key(0), pole_radius=0.9
    ),
    "elman": lambda: ElmanCell(1, 2, key=jax.random.key(0), feedback="activity"),
    "lstm": lambda: LSTMCell(1, 2, key=jax.random.key(0)),
}
EXACT = {"rtol": 1e-12, "atol": 1e-14}


@pytest.fixture(params=CELLS)
def cell(request, x64):
    del x64
    return CELLS[request.param]()


def sequence(time=TIME, batch=BATCH, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(time, 1, batch)))


def loop(cell, inputs, state=None):
    """Every state in turn, as a list."""
    state = cell.initial_state(inputs.shape[2:]) if state is None else state
    states = []
    for sample in inputs:
        state = cell.step(state, sample)
        states.append(state)
    return states


def assert_trees_close(found, expected, **tolerance):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, **(EXACT | tolerance)), found, expected
    )


def test_trajectory_and_mean_are_those_of_a_loop(cell):
    inputs = sequence()
    states = loop(cell, inputs)
    outputs = np.stack([cell.output(state) for state in states])
    found = trajectory(cell, inputs)
    np.testing.assert_allclose(found.observed, outputs, **EXACT)
    assert_trees_close(found.final_state, states[-1])
    mean = time_mean(cell, inputs)
    np.testing.assert_allclose(mean.mean, outputs.mean(axis=0), **EXACT)
    assert_trees_close(mean.final_state, states[-1])


def test_observed_trees(cell):
    inputs = sequence()
    states = loop(cell, inputs)

    def observe(state):
        return {"power": cell.output(state) ** 2, "sum": jnp.sum(cell.output(state), axis=0)}

    stacked = jax.tree.map(lambda *x: np.stack(x), *map(observe, states))
    found = trajectory(cell, inputs, observe=observe, every=3, washout=2).observed
    assert_trees_close(found, jax.tree.map(lambda x: x[[4, 7, 10]], stacked))
    mean = time_mean(cell, inputs, observe=observe, washout=4).mean
    assert_trees_close(mean, jax.tree.map(lambda x: x[4:].mean(axis=0), stacked))


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.data())
def test_striding_washout_and_blocks_only_choose(data):
    time = data.draw(st.integers(1, 12), "time")
    washout = data.draw(st.integers(0, time - 1), "washout")
    every = data.draw(st.integers(1, time - washout), "every")
    block_size = data.draw(st.none() | st.integers(1, 14), "block_size")
    with jax.enable_x64(True):
        cell, inputs = CELLS["resonant"](), sequence(time, 2)
        states = loop(cell, inputs)
        outputs = np.stack([cell.output(state) for state in states])
        options = {"washout": washout, "block_size": block_size}
        found = trajectory(cell, inputs, every=every, **options)
        mean = time_mean(cell, inputs, **options)
    expected = outputs[washout + every - 1 :: every]
    assert len(expected) == (time - washout) // every
    np.testing.assert_allclose(found.observed, expected, **EXACT)
    np.testing.assert_allclose(mean.mean, outputs[washout:].mean(axis=0), **EXACT)
    assert_trees_close(found.final_state, states[-1])
    assert_trees_close(mean.final_state, states[-1])


def test_padded_sequences_are_each_sequence_alone(cell):
    lengths = np.array([3, 7, TIME])
    inputs = sequence()
    mask = mask_from_lengths(lengths, TIME)
    mean = time_mean(cell, inputs, mask=mask)
    run = trajectory(cell, inputs, mask=mask)
    for example, length in enumerate(lengths):
        alone = inputs[:length, :, example]
        states = loop(cell, alone)
        outputs = np.stack([cell.output(state) for state in states])
        np.testing.assert_allclose(mean.mean[:, example], outputs.mean(axis=0), **EXACT)
        np.testing.assert_allclose(run.observed[:length, :, example], outputs, **EXACT)
        held = np.broadcast_to(outputs[-1], (TIME - length, 2))
        np.testing.assert_allclose(run.observed[length:, :, example], held, **EXACT)
        for final in (mean.final_state, run.final_state):
            here = jax.tree.map(lambda x, example=example: x[:, example], final)
            assert_trees_close(here, states[-1])


def test_padding_with_washout_counts_what_is_left(cell):
    inputs, mask = sequence(), mask_from_lengths(np.array([2, 7, TIME]), TIME)
    mean = time_mean(cell, inputs, mask=mask, washout=4).mean
    for example, length in ((1, 7), (2, TIME)):
        outputs = [cell.output(state) for state in loop(cell, inputs[:length, :, example])]
        np.testing.assert_allclose(mean[:, example], np.mean(outputs[4:], axis=0), **EXACT)
    assert np.all(np.isnan(mean[:, 0]))


def test_no_gradient_reaches_padding(cell):
    lengths = np.array([3, 7, TIME])
    mask = np.asarray(mask_from_lengths(lengths, TIME))

    def score(inputs):
        return jnp.sum(time_mean(cell, inputs, mask=mask, block_size=4).mean ** 2)

    gradient = jax.grad(score)(sequence())
    assert np.all(gradient[:, 0][~mask] == 0)
    assert np.all(gradient[:, 0][mask] != 0)
    alone = jax.grad(lambda x: jnp.sum(time_mean(cell, x).mean ** 2))(sequence()[:3, :, :1])
    np.testing.assert_allclose(gradient[:3, :, :1], alone, **EXACT)


def test_mask_from_lengths():
    expected = [[[0, 1], [1, 1]], [[0, 0], [1, 1]], [[0, 0], [0, 1]]]
    found = mask_from_lengths(np.array([[0, 1], [2, 3]]), 3)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, expected)
    assert mask_from_lengths(np.array([1, 2]), 0).shape == (0, 2)
    with pytest.raises(ValueError, match=r"^num_steps is -3; it must be at least 0$"):
        mask_from_lengths(np.array([1, 2]), -3)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_a_state_of_numpy_is_what_jax_holds_it_as(dtype):
    def step(state, sample):
        return state + sample

    check_step(step, np.zeros(3, dtype), np.ones(3, dtype))
    with pytest.raises(ValueError, match=r"^step turns a state float16"):
        check_step(step, np.zeros(3, np.float16), np.ones(3, np.float32))


def test_two_halves_are_the_whole(cell):
    inputs = sequence()
    whole = trajectory(cell, inputs)
    first = trajectory(cell, inputs[:5])
    second = trajectory(cell, inputs[5:], initial_state=first.final_state)
    joined = np.concatenate([first.observed, second.observed])
    np.testing.assert_allclose(joined, whole.observed, **EXACT)
    assert_trees_close(second.final_state, whole.final_state)
    traced = jax.jit(lambda state: trajectory(cell, inputs[5:], initial_state=state).final_state)
    assert_trees_close(traced(first.final_state), whole.final_state)
    later = time_mean(cell, inputs[5:], initial_state=first.final_state)
    np.testing.assert_allclose(later.mean, whole.observed[5:].mean(axis=0), **EXACT)


BAD = {
    r"inputs has shape \(5, 2, 3\); expected \(time, 1, \*batch\)": {"inputs": (5, 2, 3)},
    r"inputs has shape \(5,\)": {"inputs": (5,)},
    r"mask has shape \(5, 2\); .* with batch = \(3,\) as": {"mask": np.ones((5, 2), bool)},
    r"mask has shape \(5,\); expected \(time, \*batch\)": {"mask": np.ones(5, bool)},
    r"mask has shape \(4, 3\)": {"mask": np.ones((4, 3), bool)},
    "washout is -1; it must lie between 0 and 4": {"washout": -1},
    "washout is 5": {"washout": 5},
}


@pytest.mark.parametrize("message", BAD)
@pytest.mark.parametrize("function", [trajectory, time_mean])
def test_errors_name_the_argument(function, message):
    options = dict(BAD[message])
    inputs = np.ones(options.pop("inputs", (5, 1, 3)))
    with pytest.raises(ValueError, match=message):
        function(CELLS["elman"](), inputs, **options)


@pytest.mark.parametrize("every", [0, -2, 4])
def test_every_out_of_range(every):
    with pytest.raises(ValueError, match=f"every is {every}; it must lie between 1 and 3"):
        trajectory(CELLS["elman"](), np.ones((5, 1)), every=every, washout=2)


@pytest.mark.parametrize("block_size", [0, -3])
@pytest.mark.parametrize("function", [trajectory, time_mean])
def test_block_size_out_of_range(function, block_size):
    with pytest.raises(ValueError, match=f"block_size is {block_size}"):
        function(CELLS["elman"](), np.ones((5, 1)), block_size=block_size)


def positive(dtype):
    return lambda state: (state > 0).astype(dtype)


@pytest.mark.parametrize("dtype", [bool, jnp.int8, jnp.float16])
@pytest.mark.parametrize("masked", [False, True])
def test_means_of_narrow_types_are_those_of_floats(dtype, masked):
    cell = ElmanCell(1, 2, key=jax.random.key(0))
    inputs = jnp.sin(jnp.arange(400.0))[:, None]
    mask = jnp.ones(400, bool) if masked else None
    expected = time_mean(cell, inputs, observe=positive(jnp.float32), mask=mask).mean
    found = time_mean(cell, inputs, observe=positive(dtype), mask=mask).mean
    np.testing.assert_array_equal(found, expected)
    assert np.all((found > 0.3) & (found < 0.7))


@pytest.mark.parametrize("masked", [False, True])
def test_a_long_mean_is_that_of_float64(masked):
    cell = ResonantCell([40.0], key=jax.random.key(0), recurrence=False, pole_radius=0.99999)
    inputs = jnp.zeros((100_000, 1)).at[0].set(1.0)
    mask = jnp.ones(len(inputs), bool) if masked else None
    energy = cell.squared_amplitude
    seen = jax.jit(lambda x: trajectory(cell, x, observe=energy).observed)(inputs)
    expected = np.asarray(seen, np.float64).mean(axis=0)
    mean = jax.jit(lambda x: time_mean(cell, x, observe=energy, mask=mask).mean)(inputs)
    np.testing.assert_allclose(mean, expected, rtol=1e-6)


def test_what_the_mask_leaves_out_reaches_no_bit():
    cell = ElmanCell(1, 2, key=jax.random.key(0))
    mask = np.ones((TIME, BATCH), bool)
    mask[:2, 0], mask[6:, 1], mask[4, 2] = False, False, False  # a state of rest is left out too

    def score(weights, inputs):
        layer = eqx.tree_at(lambda c: c.weight_hh, cell, weights)
        observe = lambda state: jnp.sqrt(jnp.abs(state))  # noqa: E731
        return jnp.sum(time_mean(layer, inputs, observe=observe, mask=mask).mean)

    sound = jnp.asarray(sequence(), jnp.float32)
    spoilt = jnp.where(mask[:, None], sound, jnp.nan)
    compute = jax.jit(jax.value_and_grad(score, argnums=(0, 1)))
    one, other = compute(cell.weight_hh, sound), compute(cell.weight_hh, spoilt)
    jax.tree.map(np.testing.assert_array_equal, one, other)
    assert np.all(np.isfinite(one[1][0]))


@pytest.mark.parametrize("function", rest_slow([trajectory, time_mean], trajectory))
def test_no_examples_and_no_steps(function):
    cell = CELLS["lstm"]()
    found = function(cell, jnp.ones((5, 1, 0)))
    assert jax.tree.leaves(found)[0].shape[-1] == 0
    with pytest.raises(ValueError, match=r"^inputs has shape \(0, 1, 3\); it must hold at least"):
        function(cell, jnp.ones((0, 1, 3)))
    with pytest.raises(ValueError, match=r"^washout is 1\.5; it must be an integer"):
        function(cell, jnp.ones((5, 1)), washout=1.5)
    function(cell, jnp.ones((5, 1)), washout=np.int64(2), block_size=np.int32(2))
