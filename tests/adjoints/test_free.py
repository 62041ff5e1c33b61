"""Free nodes over whole sequences against the cells stepped one by one, and linear recurrences."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import LinOSSCell, LRUCell, S5Cell
from rhythmic.fast import free_trajectory, linear_states
from rhythmic.simulate import mask_from_lengths, trajectory
from tests.marks import rest_slow
from tests.refusals import refusals

KEY = jax.random.key(15)
LAYERS = {
    "implicit": lambda: LinOSSCell(2, 4, key=KEY),
    "symplectic": lambda: LinOSSCell(2, 4, key=KEY, scheme="symplectic"),
    "damped": lambda: LinOSSCell(2, 4, key=KEY, scheme="damped"),
    "complex": lambda: LinOSSCell(2, 4, key=KEY, scheme="damped", maps="complex"),
    "energy": lambda: LinOSSCell(2, 4, key=KEY).for_feature("squared_amplitude"),
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
@pytest.mark.parametrize("lengths", [None, (11, 4, 0)], ids=["whole", "lengths"])
@pytest.mark.parametrize("layer", rest_slow(LAYERS, "complex", "lru"))
def test_free_nodes_are_the_layer_stepped(layer, lengths):
    cell = LAYERS[layer]()
    feature = "squared_amplitude" if layer == "energy" else "output"
    rng = np.random.default_rng(3)
    inputs, readout = (jnp.asarray(rng.normal(size=(11, rows, 3))) for rows in (2, 4))
    start = jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape)), cell.initial_state((3,)))
    counts = None if lengths is None else jnp.asarray(lengths)

    def stepped(cell, inputs, start):
        mask = None if counts is None else mask_from_lengths(counts, 11)
        observe = getattr(cell.resolved(), feature)
        return trajectory(cell, inputs, observe=observe, mask=mask, initial_state=start)

    def by(way):
        return lambda cell, inputs, start: free_trajectory(
            cell, inputs, way=way, feature=feature, lengths=counts, initial_state=start
        )

    found = {}
    for name, run in {
        "stepped": stepped,
        "adjoint": by("adjoint"),
        "parallel": by("parallel"),
    }.items():

        def score(arguments, run=run):
            ran = run(*arguments)
            last = sum(jnp.sum(jnp.cos(x)) for x in jax.tree.leaves(ran.final_state))
            return jnp.sum(ran.observed * readout) + last, ran

        gradient = jax.jit(jax.grad(score, has_aux=True))((cell, inputs, start))
        found[name] = jax.tree.leaves(gradient)
    for way in ("adjoint", "parallel"):
        for fast, slow in zip(found[way], found["stepped"], strict=True):
            scale = np.max(np.abs(slow), initial=0)
            np.testing.assert_allclose(fast, slow, rtol=1e-10, atol=1e-11 * scale)


@pytest.mark.parametrize("way", ["adjoint", "parallel"])
def test_what_stands_in_the_padding_changes_no_bit(way):
    cell, lengths = LAYERS["complex"](), jnp.array([5, 2])
    inputs = jax.random.normal(KEY, (7, 2, 2))
    inside = mask_from_lengths(lengths, 7)[:, None]

    @jax.jit
    def run(cell, inputs):
        def score(cell):
            return jnp.sum(free_trajectory(cell, inputs, way=way, lengths=lengths).observed ** 2)

        return jax.value_and_grad(score)(cell)

    clean = run(cell, jnp.where(inside, inputs, 0))
    soiled = run(cell, jnp.where(inside, inputs, jnp.nan))
    jax.tree.map(np.testing.assert_array_equal, clean, soiled)


def test_single_examples_and_any_batch_axes():
    cell = LinOSSCell(2, 4, key=KEY)
    inputs = jnp.asarray(np.random.default_rng(3).normal(size=(5, 2, 3, 2)), jnp.float32)
    run = jax.jit(lambda cell, inputs: free_trajectory(cell, inputs).observed)
    together = run(cell, inputs)
    assert together.shape == (5, 4, 3, 2)
    alone = run(cell, inputs[:, :, 1, 0])
    np.testing.assert_allclose(together[:, :, 1, 0], alone, rtol=1e-5, atol=1e-6)


def test_single_precision_stays_so_beside_double_precision():
    cell = LinOSSCell(2, 4, key=KEY)
    inputs = jnp.ones((9, 2), jnp.float32)
    with jax.enable_x64(True):
        for way in ("adjoint", "parallel"):
            found = eqx.filter_eval_shape(free_trajectory, cell, inputs, way=way)
            assert {x.dtype for x in jax.tree.leaves(found)} == {np.dtype("float32")}
        double = jax.eval_shape(linear_states, jnp.zeros((4, 2, 2)), jnp.zeros((9, 4, 2)))
        assert double.dtype == np.float64


def linear(transition, forcing):
    return lambda: linear_states(jnp.zeros(transition), jnp.zeros(forcing))


BAD = {
    r"transition has shape \(4, 2\)": linear((4, 2), (9, 4, 2)),
    r"transition has shape \(\)": linear((), (9, 4, 2)),
    r"forcing has shape \(9, 3, 2\); .* with hidden = 4 as": linear((4, 2, 2), (9, 3, 2)),
    r"forcing has shape \(0, 4, 2\)": linear((4, 2, 2), (0, 4, 2)),
    r"forcing has shape \(9, 4\)": linear((4, 2, 2), (9, 4)),
    r"inputs has shape \(9, 3\)": lambda: free_trajectory(
        LinOSSCell(2, 4, key=KEY), jnp.ones((9, 3))
    ),
    "way is 'scan'; choose from adjoint, parallel": lambda: free_trajectory(
        LinOSSCell(2, 4, key=KEY), jnp.ones((9, 2)), way="scan"
    ),
}


test_shapes_that_do_not_fit_are_named_in_one_line = refusals(BAD)


@pytest.mark.usefixtures("x64")
def test_inputs_of_a_higher_precision_are_refused():
    with jax.enable_x64(False):
        cell = LinOSSCell(2, 4, key=KEY)
    with pytest.raises(ValueError, match="inputs has dtype float64; the cell computes in float32"):
        free_trajectory(cell, jnp.ones((9, 2)))
