"""What every cell promises, in one suite: cells times precisions, and every option of each."""

import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import (
    CoupledOscillatoryCell,
    CoupledOscillatoryState,
    ElmanCell,
    EquinoxCell,
    FixedParameters,
    GRUCell,
    HornCell,
    HornState,
    LinOSSCell,
    LinOSSState,
    LSTMCell,
    LSTMState,
    ResonantCell,
    ResonantReservoirCell,
    ResonantState,
    registry,
    trainable,
)
from rhythmic.simulate import time_mean, trajectory

FREQUENCIES = (5.0, 20.0, 60.0)
TIME, BATCH = 12, 4


def resonant(key, **options):
    options = {"frequencies": FREQUENCIES, "pole_radius": 0.95} | options
    return ResonantCell(np.asarray(options.pop("frequencies")), key=key, **options)


def reservoir(key, **options):
    options = {"frequencies": FREQUENCIES, "density": 0.9} | options
    return ResonantReservoirCell(np.asarray(options.pop("frequencies")), key=key, **options)


def elman(key, **options):
    return ElmanCell(2, 3, key=key, **options)


def lstm(key, **options):
    return LSTMCell(2, 3, key=key, **options)


def gru(key, **options):
    return GRUCell(2, 3, key=key, **options)


def horn(key, **options):
    return HornCell(2, 3, key=key, **options)


def cornn(key, **options):
    return CoupledOscillatoryCell(2, 3, key=key, **({"dt": 0.15} | options))


def linoss(key, **options):
    return LinOSSCell(2, 3, key=key, **options)


def equinox_gru(key):
    return EquinoxCell(eqx.nn.GRUCell(2, 3, key=key))


def equinox_lstm(key, **options):
    return EquinoxCell(eqx.nn.LSTMCell(2, 3, key=key), num_state_arrays=2, **options)


CELLS = {
    "resonant": resonant,
    "resonant-unconnected": lambda key: resonant(key, recurrence=False),
    "resonant-masked": lambda key: resonant(key, diagonal="masked"),
    "reservoir": reservoir,
    "reservoir-noiseless": lambda key: reservoir(key, noise=0.0),
    "elman-output": elman,
    "elman-activity": lambda key: elman(key, feedback="activity"),
    "lstm": lstm,
    "gru": gru,
    "horn": horn,
    "horn-learned": lambda key: horn(key, rhythms="learned", heterogeneous=True),
    "cornn": cornn,
    "cornn-learned": lambda key: cornn(key, rhythms="learned"),
    "linoss": linoss,
    "linoss-symplectic": lambda key: linoss(key, scheme="symplectic", rhythms="fixed"),
    "equinox-gru": equinox_gru,
    "equinox-lstm": equinox_lstm,
}
# Registered cells by their name above; one that is not there is checked as it is built by default.
KNOWN = {"rrn": "resonant", "rnn": "elman-output"}
CELLS |= {
    name: lambda key, make=make: make(2, 3, key=key)
    for name, make in registry.CELLS.items()
    if KNOWN.get(name, name) not in CELLS
}
STATES = dict.fromkeys(set(registry.CELLS) - {"gru"}, object) | {
    "resonant": ResonantState,
    "resonant-unconnected": ResonantState,
    "resonant-masked": ResonantState,
    "reservoir": ResonantState,
    "reservoir-noiseless": ResonantState,
    "lstm": LSTMState,
    "horn": HornState,
    "horn-learned": HornState,
    "cornn": CoupledOscillatoryState,
    "cornn-learned": CoupledOscillatoryState,
    "linoss": LinOSSState,
    "linoss-symplectic": LinOSSState,
    "equinox-lstm": tuple,
}
FIXED = {"resonant": 4, "reservoir": 7}
FIXED = {name: FIXED.get(name.split("-")[0], 0) for name in CELLS}
FIXED |= {"horn": 3, "horn-learned": 1, "cornn": 2, "linoss-symplectic": 2}
TRAINED = {"resonant": 1, "resonant-unconnected": 0, "resonant-masked": 1}
TRAINED |= {"reservoir": 0, "reservoir-noiseless": 0}
TRAINED |= {"gru": 4, "horn": 4, "horn-learned": 6, "cornn": 4, "cornn-learned": 6}
TRAINED |= {"linoss": 5, "linoss-symplectic": 3}
# Where the fixed arrays are, if not in `nodes`.
HELD = {"horn": ("excitability", "angular_frequency", "damping"), "horn-learned": ("excitability",)}
HELD |= {"cornn": ("stiffness", "damping"), "linoss-symplectic": ("stiffness", "dt")}


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    with jax.enable_x64(request.param == "float64"):
        yield np.dtype(request.param)


@pytest.fixture(params=CELLS)
def cell(request, dtype):
    del dtype  # must be in force before the cell is built
    return CELLS[request.param](jax.random.key(3))


def sequence(cell, dtype, *, seed=0, batch_shape=(BATCH,), time=TIME):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.uniform(0.1, 1, (time, cell.input_size, *batch_shape)), dtype)


def tolerance(dtype):
    return {"rtol": 200 * np.finfo(dtype).eps, "atol": 20 * np.finfo(dtype).eps}


def assert_trees_close(found, expected, **tolerances):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, **tolerances)


def by_loop(cell, inputs):
    """The outputs and the last state, step by step, without a scan."""
    state = cell.initial_state(inputs.shape[2:])
    outputs = []
    for sample in inputs:
        state = cell.step(state, sample)
        outputs.append(cell.output(state))
    return np.stack(outputs), state


@pytest.mark.parametrize("batch_shape", [(), (BATCH,), (2, 5)])
def test_shapes_and_dtypes(cell, dtype, batch_shape):
    inputs = sequence(cell, dtype, batch_shape=batch_shape, time=1)[0]
    rest = cell.initial_state(batch_shape)
    state = cell.step(rest, inputs)
    assert jax.tree.structure(state) == jax.tree.structure(rest)
    for leaf in [*jax.tree.leaves(rest), *jax.tree.leaves(state), cell.output(state)]:
        assert leaf.shape == (cell.hidden_size, *batch_shape)
        assert leaf.dtype == dtype
    assert all(not np.any(leaf) for leaf in jax.tree.leaves(rest))
    parameters = jax.tree.leaves(eqx.filter(cell, eqx.is_inexact_array))
    assert {leaf.dtype for leaf in parameters} == {dtype}


@pytest.mark.parametrize("name", CELLS)
def test_state_types(name):
    state = CELLS[name](jax.random.key(0)).initial_state()
    assert isinstance(state, STATES.get(name, jax.Array))


@pytest.mark.parametrize("name", CELLS)
def test_a_single_precision_cell_stays_so_beside_double_precision(name):
    cell = CELLS[name](jax.random.key(3))
    inputs = np.ones((5, cell.input_size, BATCH), np.float32)
    mask = np.ones((5, BATCH), bool)
    with jax.enable_x64(True):
        result = time_mean(cell, jnp.asarray(inputs), mask=jnp.asarray(mask))
    assert {leaf.dtype for leaf in jax.tree.leaves(result)} == {np.dtype("float32")}


def test_an_example_does_not_know_its_batch(cell, dtype):
    inputs = sequence(cell, dtype, batch_shape=(2, 3))
    together, final = by_loop(cell, inputs)
    assert np.std(together) > 0.01
    for i in range(2):
        for j in range(3):
            alone, last = by_loop(cell, inputs[..., i, j])
            np.testing.assert_allclose(together[..., i, j], alone, **tolerance(dtype))
            here = jax.tree.map(lambda x, i=i, j=j: x[:, i, j], final)
            assert_trees_close(here, last, **tolerance(dtype))


def test_a_resolved_cell_takes_the_same_steps(cell, dtype):
    inputs = sequence(cell, dtype, time=2)
    _, state = by_loop(cell, inputs[:1])
    resolved = cell.resolved()
    step = resolved.step(state, inputs[1])
    assert_trees_close(step, cell.step(state, inputs[1]), **tolerance(dtype))
    np.testing.assert_array_equal(resolved.output(step), cell.output(step))
    amplitude = cell.squared_amplitude(step)
    assert_trees_close(resolved.squared_amplitude(step), amplitude, **tolerance(dtype))
    assert amplitude.shape == (cell.hidden_size, BATCH)
    assert amplitude.dtype == dtype
    assert np.all(amplitude >= 0)
    assert np.any(amplitude)


def test_vmap_over_single_examples_is_the_batched_step(cell, dtype):
    inputs = sequence(cell, dtype, time=3)
    _, state = by_loop(cell, inputs[:2])
    mapped = jax.vmap(cell.step, in_axes=-1, out_axes=-1)(state, inputs[2])
    assert_trees_close(mapped, cell.step(state, inputs[2]), **tolerance(dtype))


def test_compiled_scan_is_the_eager_loop(cell, dtype):
    inputs = sequence(cell, dtype)
    outputs, final = by_loop(cell, inputs)
    found = eqx.filter_jit(lambda cell, inputs: trajectory(cell, inputs))(cell, inputs)
    np.testing.assert_allclose(found.observed, outputs, **tolerance(dtype))
    assert_trees_close(found.final_state, final, **tolerance(dtype))


def score_function(cell, dtype):
    """A smooth scalar of parameters and inputs, and the fixed part that it closes over."""
    parameters, fixed = eqx.partition(cell, trainable(cell))
    rng = np.random.default_rng(5)
    readout = jnp.asarray(rng.normal(size=(TIME, cell.hidden_size, BATCH)), dtype)

    def score(parameters, inputs):
        return jnp.sum(trajectory(eqx.combine(parameters, fixed), inputs).observed * readout)

    return parameters, score


def test_gradients_are_finite_and_reach_every_parameter_and_input(cell, dtype):
    parameters, score = score_function(cell, dtype)
    inputs = sequence(cell, dtype)
    by_parameters, by_inputs = jax.jit(jax.grad(score, argnums=(0, 1)))(parameters, inputs)
    for leaf in [*jax.tree.leaves(by_parameters), by_inputs]:
        assert np.all(np.isfinite(leaf))
        assert np.any(leaf)
        assert leaf.dtype == dtype
    assert np.all(by_inputs[0] != 0)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", CELLS)
def test_gradients_match_central_differences(name):
    cell = CELLS[name](jax.random.key(3))
    parameters, score = score_function(cell, np.float64)
    point = (parameters, sequence(cell, np.float64))
    gradient = jax.jit(jax.grad(score, argnums=(0, 1)))(*point)
    rng = np.random.default_rng(8)
    direction = jax.tree.map(lambda x: rng.normal(size=x.shape), point)
    compiled = jax.jit(score)

    def along(h):
        return compiled(*jax.tree.map(lambda x, d: x + h * d, point, direction))

    step = 1e-4
    difference = (8 * (along(step) - along(-step)) - along(2 * step) + along(-2 * step)) / 12 / step
    slope = sum(
        np.sum(g * d)
        for g, d in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
    )
    np.testing.assert_allclose(slope, difference, rtol=1e-7)


@pytest.mark.parametrize("name", CELLS)
def test_no_retrace_for_the_same_shapes(name):
    traces = []

    @eqx.filter_jit
    def run(cell, inputs):
        traces.append(inputs.shape)
        return trajectory(cell, inputs).observed

    first, second = (CELLS[name](jax.random.key(seed)) for seed in (1, 2))
    run(first, sequence(first, np.float32, seed=1))
    run(second, sequence(second, np.float32, seed=2))
    assert len(traces) == 1
    run(first, sequence(first, np.float32, time=TIME + 1))
    assert len(traces) == 2


@pytest.mark.parametrize("name", CELLS)
def test_fixed_parameters_are_not_trained(name):
    cell = CELLS[name](jax.random.key(0))
    marks = trainable(cell)
    arrays = eqx.filter(cell, eqx.is_inexact_array)
    total = len(jax.tree.leaves(arrays))
    trained = jax.tree.leaves(eqx.filter(cell, marks))
    assert total - len(trained) == FIXED[name]
    assert len(trained) == TRAINED.get(name, total)
    if FIXED[name]:
        held = [getattr(cell, field) for field in HELD.get(name, ("nodes",))]
        assert not any(jax.tree.leaves(trainable(held)))


def test_parameters_anywhere_inside_a_fixed_module_are_fixed():
    class Inner(eqx.Module):
        value: jax.Array

    class Fixed(FixedParameters):
        inner: Inner

    model = {
        "free": Inner(jnp.ones(2)),
        "held": [Fixed(Inner(jnp.ones(3)))],
        "count": jnp.arange(2),
    }
    assert [leaf.shape for leaf in jax.tree.leaves(eqx.filter(model, trainable(model)))] == [(2,)]


@pytest.mark.parametrize("name", CELLS)
def test_constraint_touches_the_diagonal_and_nothing_else(name):
    cell = CELLS[name](jax.random.key(0))
    moved = jax.tree.map(lambda x: x + 1 if eqx.is_inexact_array(x) else x, cell)
    put_back = moved.constrained()
    if name in ("resonant", "resonant-masked"):
        expected = np.asarray(moved.recurrent_weights) * (1 - np.eye(3, dtype=np.float32))
        np.testing.assert_array_equal(put_back.recurrent_weights, expected)
        assert cell.num_constrained() == 3
        moved = eqx.tree_at(lambda cell: cell.recurrent_weights, moved, expected)
    else:
        assert cell.num_constrained() == 0
    assert_trees_close(put_back, moved, rtol=0)


def gradient_of_recurrence(cell):
    def score(weights):
        changed = eqx.tree_at(lambda cell: cell.recurrent_weights, cell, weights)
        return jnp.sum(trajectory(changed, sequence(cell, np.float32)).observed)

    return jax.grad(score)(cell.recurrent_weights)


def outputs(cell):
    return trajectory(cell, sequence(cell, np.float32)).observed


def trained_sizes(cell):
    """Number of trained values, for options that decide what is trained."""
    return np.array(sum(x.size for x in jax.tree.leaves(eqx.filter(cell, trainable(cell)))))


OPTIONS = [
    (ResonantCell, resonant, "frequencies", (5.0, 20.0, 80.0), outputs),
    (ResonantCell, resonant, "recurrence", False, outputs),
    (ResonantCell, resonant, "sample_rate", 800.0, outputs),
    (ResonantCell, resonant, "pole_radius", 0.9, outputs),
    (ResonantCell, resonant, "diagonal", "masked", gradient_of_recurrence),
    (ResonantCell, resonant, "poles", "double", outputs),
    (ResonantCell, resonant, "rhythms", "learned", trained_sizes),
    (ResonantCell, resonant, "input_weights", "learned", outputs),
    (ResonantReservoirCell, reservoir, "spectral_radius", 0.9, outputs),
    (ResonantReservoirCell, reservoir, "density", 0.5, outputs),
    (ResonantReservoirCell, reservoir, "noise", 0.5, outputs),
    (ResonantReservoirCell, reservoir, "input_scale", 2.0, outputs),
    (ResonantReservoirCell, reservoir, "sample_rate", 800.0, outputs),
    (ResonantReservoirCell, reservoir, "pole_radius", 0.9, outputs),
    (ElmanCell, elman, "recurrent_gain", 0.5, outputs),
    (ElmanCell, elman, "feedback", "activity", outputs),
    (ElmanCell, elman, "activation", jnp.sin, outputs),
    (LSTMCell, lstm, "forget_bias", 0.0, outputs),
    (GRUCell, gru, "update_bias", 1.0, outputs),
    (HornCell, horn, "excitability", 0.1, outputs),
    (HornCell, horn, "angular_frequency", 0.5, outputs),
    (HornCell, horn, "damping", 0.1, outputs),
    (HornCell, horn, "heterogeneous", True, outputs),
    (HornCell, horn, "rhythms", "learned", trained_sizes),
    (CoupledOscillatoryCell, cornn, "dt", 0.1, outputs),
    (CoupledOscillatoryCell, cornn, "stiffness", 9.0, outputs),
    (CoupledOscillatoryCell, cornn, "damping", 1.0, outputs),
    (CoupledOscillatoryCell, cornn, "rhythms", "learned", trained_sizes),
    (LinOSSCell, linoss, "scheme", "symplectic", outputs),
    (LinOSSCell, linoss, "angular_frequency", 0.6, outputs),
    (LinOSSCell, linoss, "dt", 0.7, outputs),
    (LinOSSCell, linoss, "rhythms", "fixed", trained_sizes),
    (EquinoxCell, equinox_lstm, "read", lambda state: state[1], outputs),
]


@pytest.mark.parametrize(
    ("build", "option", "value", "look"),
    [pytest.param(*row[1:], id=f"{row[0].__name__}-{row[2]}") for row in OPTIONS],
)
def test_every_option_changes_the_result(build, option, value, look):
    plain = look(build(jax.random.key(3)))
    changed = look(build(jax.random.key(3), **{option: value}))
    assert np.max(np.abs(plain - changed)) > 1e-3


def test_the_table_of_options_is_complete():
    # The adapter's sizes and its number of arrays describe the wrapped cell: see test_cells.py.
    described = {"input_size", "hidden_size", "num_state_arrays"}
    for kind in {row[0] for row in OPTIONS}:
        signature = inspect.signature(kind.__init__).parameters.values()
        options = {p.name for p in signature if p.default is not p.empty} - described
        assert options <= {row[2] for row in OPTIONS if row[0] is kind}, kind
        assert kind is EquinoxCell or options


def test_a_masked_diagonal_has_no_gradient_and_a_projected_one_has():
    off = ~np.eye(3, dtype=bool)
    projected = gradient_of_recurrence(resonant(jax.random.key(3)))
    masked = gradient_of_recurrence(resonant(jax.random.key(3), diagonal="masked"))
    assert np.all(np.diag(masked) == 0)
    assert np.all(np.abs(np.diag(projected)) > 1e-3)
    np.testing.assert_allclose(masked[off], projected[off], rtol=1e-5)
