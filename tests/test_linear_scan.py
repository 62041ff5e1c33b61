"""Linear recurrences in parallel against loops, and against the cells stepped one by one."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import LinOSSCell, LRUCell, S5Cell
from rhythmic.fast.parallel import linear_states, parallel_trajectory
from rhythmic.simulate import trajectory
from tests.marks import rest_slow
from tests.refusals import refusals

KEY = jax.random.key(15)
LAYERS = {
    "implicit": lambda: LinOSSCell(2, 4, key=KEY),
    "symplectic": lambda: LinOSSCell(2, 4, key=KEY, scheme="symplectic"),
    "damped": lambda: LinOSSCell(2, 4, key=KEY, scheme="damped"),
    "lru": lambda: LRUCell(2, 4, key=KEY),
    "s5": lambda: S5Cell(2, 4, key=KEY),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("time", "batch_shape"), [(1, ()), (2, (3,)), (7, (2, 3)), (64, ())])
def test_states_are_those_of_the_loop(time, batch_shape):
    rng = np.random.default_rng(time)
    transition = rng.normal(size=(4, 2, 2)) / 2
    forcing = rng.normal(size=(time, 4, 2, *batch_shape))
    state, expected = np.zeros((4, 2, *batch_shape)), []
    for force in forcing:
        state = np.einsum("hij,hj...->hi...", transition, state) + force
        expected.append(state)
    found = linear_states(jnp.asarray(transition), jnp.asarray(forcing))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("layer", rest_slow(LAYERS, "symplectic", "lru"))
def test_the_layer_in_parallel_is_the_layer_stepped(layer):
    cell = LAYERS[layer]()
    rng = np.random.default_rng(3)
    inputs, readout = rng.normal(size=(11, 2, 3)), rng.normal(size=(11, 4, 3))
    runs = {"parallel": parallel_trajectory, "stepped": lambda c, i: trajectory(c, i).observed}
    found = {}
    for name, run in runs.items():

        def score(cell, inputs, run=run):
            observed = run(cell, inputs)
            return jnp.sum(observed * readout), observed

        found[name] = jax.jit(jax.grad(score, argnums=(0, 1), has_aux=True))(
            cell, jnp.asarray(inputs)
        )
    pairs = zip(*(jax.tree.leaves(found[name]) for name in runs), strict=True)
    for parallel, stepped in pairs:
        scale = np.max(np.abs(stepped))
        np.testing.assert_allclose(parallel, stepped, rtol=1e-10, atol=1e-11 * scale)


def test_single_examples_and_any_batch_axes():
    cell = LinOSSCell(2, 4, key=KEY)
    inputs = jnp.asarray(np.random.default_rng(3).normal(size=(5, 2, 3, 2)), jnp.float32)
    run = jax.jit(parallel_trajectory)
    together = run(cell, inputs)
    assert together.shape == (5, 4, 3, 2)
    alone = run(cell, inputs[:, :, 1, 0])
    np.testing.assert_allclose(together[:, :, 1, 0], alone, rtol=1e-5, atol=1e-6)


def test_single_precision_stays_so_beside_double_precision():
    cell = LinOSSCell(2, 4, key=KEY)
    inputs = jnp.ones((9, 2), jnp.float32)
    with jax.enable_x64(True):
        assert eqx.filter_eval_shape(parallel_trajectory, cell, inputs).dtype == np.float32
        transition, forcing = eqx.filter_eval_shape(cell.linear_system, inputs)
        assert {transition.dtype, forcing.dtype} == {np.dtype("float32")}
        double = jax.eval_shape(linear_states, transition, jnp.zeros((9, 4, 2)))
        assert double.dtype == np.float64


def linear(transition, forcing):
    return lambda: linear_states(jnp.zeros(transition), jnp.zeros(forcing))


BAD = {
    r"transition has shape \(4, 2\)": linear((4, 2), (9, 4, 2)),
    r"transition has shape \(\)": linear((), (9, 4, 2)),
    r"forcing has shape \(9, 3, 2\); .* with hidden = 4 as": linear((4, 2, 2), (9, 3, 2)),
    r"forcing has shape \(0, 4, 2\)": linear((4, 2, 2), (0, 4, 2)),
    r"forcing has shape \(9, 4\)": linear((4, 2, 2), (9, 4)),
    r"inputs has shape \(9, 3\)": lambda: parallel_trajectory(
        LinOSSCell(2, 4, key=KEY), jnp.ones((9, 3))
    ),
}


test_shapes_that_do_not_fit_are_named_in_one_line = refusals(BAD)


@pytest.mark.usefixtures("x64")
def test_inputs_of_a_higher_precision_are_refused():
    with jax.enable_x64(False):
        cell = LinOSSCell(2, 4, key=KEY)
    with pytest.raises(ValueError, match="inputs has dtype float64; the cell computes in float32"):
        parallel_trajectory(cell, jnp.ones((9, 2)))
