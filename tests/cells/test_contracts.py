"""What every cell promises, in one suite: cells times precisions."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import EquinoxCell, FixedParameters, registry, trainable
from rhythmic.networks import NetworkSpec
from rhythmic.simulate import time_mean, trajectory
from tests.cells.contract_cells import (
    BATCH,
    LIVELY,
    NEWCOMERS,
    SUBJECTS,
    TIME,
    assert_trees_close,
    by_loop,
    held_arrays,
    registered_cell,
    sequence,
    tolerance,
)
from tests.marks import rest_slow


@pytest.fixture(params=rest_slow(["float32", "float64"], "float64"))
def dtype(request):
    with jax.enable_x64(request.param == "float64"):
        yield np.dtype(request.param)


# One of each kind; the others change how it is built.
IN_EVERY_RUN = (
    *("resonant", "reservoir", "elman-output", "lstm", "gru", "horn", "cornn", "linoss"),
    *("lru", "s5", "rf", "lem", "hopf", "gated", "projection", "equinox-gru"),
)


@pytest.fixture(params=rest_slow(SUBJECTS, *IN_EVERY_RUN, *NEWCOMERS))
def subject(request):
    return SUBJECTS[request.param]


@pytest.fixture
def cell(subject, dtype):
    del dtype  # must be in force before the cell is built
    return subject.make(jax.random.key(3))


@pytest.fixture(params=tuple(registry.CELLS))
def registered(request):
    return request.param


@pytest.mark.parametrize("batch_shape", [(), (2, 5)])
def test_shapes_and_dtypes(cell, dtype, batch_shape):
    inputs = sequence(cell, dtype, batch_shape=batch_shape, time=1)[0]
    rest = cell.initial_state(batch_shape)
    state = cell.step(rest, inputs)
    assert jax.tree.structure(state) == jax.tree.structure(rest)
    assert cell.output(state).shape == (cell.hidden_size, *batch_shape)
    for leaf in [*jax.tree.leaves(rest), *jax.tree.leaves(state), cell.output(state)]:
        # A row a node, or one that all nodes share, such as a clock.
        assert leaf.shape in {(rows, *batch_shape) for rows in (1, cell.hidden_size)}
        assert leaf.dtype == dtype
    assert all(not np.any(leaf) for leaf in jax.tree.leaves(rest))
    parameters = jax.tree.leaves(eqx.filter(cell, eqx.is_inexact_array))
    assert {leaf.dtype for leaf in parameters} <= {dtype}


def test_a_state_is_an_array_or_a_named_tuple_of_arrays(subject):
    cell = subject.make(jax.random.key(0))
    state = cell.initial_state()
    assert isinstance(state, subject.state or object)
    # A wrapped cell's state is what its own library makes it.
    named = isinstance(state, jax.Array) or hasattr(state, "_fields")
    assert named or isinstance(cell, EquinoxCell), "several arrays must be a NamedTuple"
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state))


def test_a_single_precision_cell_stays_so_beside_double_precision(subject):
    with jax.enable_x64(False):
        cell = subject.make(jax.random.key(3))
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


def test_gradients_match_central_differences(subject):
    if not subject.smooth:
        pytest.skip("the gradient of a spike is a surrogate")
    with jax.enable_x64(True):
        check_gradients(subject.make(jax.random.key(3)))


def check_gradients(cell):
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


def test_no_retrace_for_the_same_shapes(subject):
    traces = []

    @eqx.filter_jit
    def run(cell, inputs):
        traces.append(inputs.shape)
        return trajectory(cell, inputs).observed

    first, second = (subject.make(jax.random.key(seed)) for seed in (1, 2))
    dtype = second.output(second.initial_state()).dtype
    run(first, sequence(first, dtype, seed=1))
    run(second, sequence(second, dtype, seed=2))
    assert len(traces) == 1
    run(first, sequence(first, dtype, time=TIME + 1))
    assert len(traces) == 2


def test_fixed_parameters_are_not_trained_and_all_others_are(subject):
    cell = subject.make(jax.random.key(0))
    trained = jax.tree.leaves(eqx.filter(cell, trainable(cell)))
    held = held_arrays(cell)
    arrays = jax.tree.leaves(eqx.filter(cell, eqx.is_inexact_array))
    assert {id(x) for x in held}.isdisjoint(id(x) for x in trained)
    assert {id(x) for x in [*held, *trained]} == {id(x) for x in arrays}
    if subject.num_fixed is not None:
        assert len(held) == subject.num_fixed
    if subject.num_trained is not None:
        assert len(trained) == subject.num_trained


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


def test_what_the_constraint_holds_is_counted_and_trained(subject):
    cell = subject.make(jax.random.key(0))
    assert_trees_close(cell.constrained(), cell, rtol=0)
    held, touched = [], []
    for shift in (1e-3, -1e-3):
        moved = shifted(cell, shift)
        put_back = moved.constrained()
        assert_trees_close(put_back.constrained(), put_back, rtol=0)
        held.append(same_entries(put_back, cell))
        touched.append(np.count_nonzero(~same_entries(put_back, moved)))
    # What is put back from either side is held; a bound that is touched is left on one side.
    num_held, counted = np.count_nonzero(held[0] & held[1]), cell.num_constrained()
    assert num_held == counted, f"num_constrained is {counted}; {num_held} entries are held"
    if subject.num_constrained is not None:
        assert cell.num_constrained() == subject.num_constrained
        assert touched == [subject.num_constrained] * 2


def shifted(cell, shift):
    trained, fixed = eqx.partition(cell, trainable(cell))
    return eqx.combine(jax.tree.map(lambda x: x + shift, trained), fixed)


def same_entries(one, other):
    """Tell of every entry of trained arrays whether it is the same; the fixed ones all must be."""
    marks = trainable(one)
    fixed = [eqx.filter(cell, marks, inverse=True) for cell in (one, other)]
    assert_trees_close(*(eqx.filter(cell, eqx.is_array) for cell in fixed), rtol=0)
    trained = [jax.tree.leaves(eqx.filter(cell, marks)) for cell in (one, other)]
    pairs = zip(*trained, strict=True)
    return np.concatenate([np.ones(0, bool), *(np.ravel(np.equal(a, b)) for a, b in pairs)])


READOUTS = ("batch_norm", "layer_norm", "linear", "hidden", "hidden_square")


@pytest.mark.parametrize("registered", rest_slow(registry.CELLS, "rnn"))
def test_with_every_head_gradients_reach_every_parameter_that_counts(registered):
    cell = registered_cell(registered, jax.random.key(0))
    with jax.enable_x64(True):
        for feature in ("output", "squared_amplitude", "phasor"):
            for pooling in ("mean", "last") if hasattr(cell, feature) else ():
                check_heads(registered, feature, pooling)


def check_heads(registered, feature, pooling):
    """Count what a loss moves through each readout: its gradient by features, times theirs."""
    of_head = {"feature": feature, "pooling": pooling}
    options = LIVELY.get(registered, {})
    specs = [
        NetworkSpec(registered, 3, options=options, readout=readout, **of_head)
        for readout in READOUTS
    ]
    networks = [spec.build(2, BATCH, key=jax.random.key(5)) for spec in specs]
    model = networks[0]
    parameters, fixed = eqx.partition(model.cell, trainable(model.cell))
    inputs = sequence(model.cell, np.float64)

    def features(parameters):
        cell = eqx.combine(parameters, fixed)
        found = eqx.tree_at(lambda n: n.layers[0].cell, model, cell).features(inputs)
        return found, found

    jacobian, shown = jax.jit(jax.jacrev(features, has_aux=True))(parameters)
    for spec, network in zip(specs, networks, strict=True):
        readout = network.readout
        by_readout, by_features = jax.tree.map(np.asarray, loss_gradient((readout, shown)))
        by_cell = jax.tree.map(lambda j, g=by_features: np.tensordot(g, j, 2), jacobian)
        # What the constraint holds does not count, whatever its gradient.
        by_cell = eqx.filter(eqx.combine(by_cell, fixed).constrained(), trainable(model.cell))
        alive = sum(np.count_nonzero(x) for x in jax.tree.leaves((by_cell, by_readout)))
        counted = spec.num_parameters(2, BATCH)
        told = f"{spec}: {counted} parameters count, {alive} have a gradient"
        idle = without_gradient(by_cell)
        if idle:
            told += f"; none reaches {', '.join(idle)}: leave it out in for_feature({feature!r})"
        assert alive == counted, told


def without_gradient(gradient):
    """The fields of a cell that its gradient leaves out altogether."""
    leaves = jax.tree_util.tree_leaves_with_path(gradient)
    return [jax.tree_util.keystr(path).lstrip(".") for path, leaf in leaves if not np.any(leaf)]


@eqx.filter_jit
@eqx.filter_grad
def loss_gradient(readout_and_features):
    """The gradient of the cross-entropy of a training batch, one example a class."""
    readout, features = readout_and_features
    start, key = readout.initial_statistics(), jax.random.key(6)
    logits, _ = readout.train(features, start, jnp.ones(BATCH), key=key)
    return -jnp.mean(jnp.diagonal(jax.nn.log_softmax(logits, axis=0)))
