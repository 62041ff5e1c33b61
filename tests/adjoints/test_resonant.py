"""The hand-written adjoint against the derivative of the plain scan, and what it refuses."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ElmanCell, ResonantCell
from rhythmic.fast import mean_squared_amplitude
from rhythmic.fast.ways import mean_with_adjoint
from rhythmic.simulate import time_mean
from rhythmic.theory import ladder
from tests.marks import rest_slow

KEY = jax.random.key(5)
TIME = 90


def by_scan(cell, inputs):
    return time_mean(cell, inputs, observe=cell.squared_amplitude).mean


def make_case(batch_shape, diagonal="projected", pole_radius=0.99999):
    """A golden layer, whose diagonal is not zero, and inputs of which most are zero."""
    cell = ResonantCell(ladder("golden"), key=KEY, diagonal=diagonal, pole_radius=pole_radius)
    diagonal_too = cell.recurrent_weights + 0.1 * jnp.eye(11)
    cell = eqx.tree_at(lambda c: c.recurrent_weights, cell, diagonal_too)
    rng = np.random.default_rng(6)
    shape = (TIME, 1, *batch_shape)
    return cell, jnp.asarray(rng.random(shape) * (rng.random(shape) < 0.4))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("diagonal", ["projected", "masked"])
@pytest.mark.parametrize(
    ("batch_shape", "pole_radius"),
    rest_slow([((), 0.9), ((3,), 0.99999), ((2, 3), 0.99999)], ((2, 3), 0.99999)),
)
def test_value_and_every_gradient_are_those_of_the_scan(batch_shape, pole_radius, diagonal):
    cell, inputs = make_case(batch_shape, diagonal, pole_radius)
    readout = np.random.default_rng(7).normal(size=(11, *batch_shape))

    def value_and_gradient(function):
        def scalar(arguments):
            return jnp.sum(jnp.log(function(*arguments)) * readout)

        return jax.jit(jax.value_and_grad(scalar))((cell, inputs))

    (value, found), (expected_value, expected) = (
        value_and_gradient(function) for function in (mean_squared_amplitude, by_scan)
    )
    np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * np.max(np.abs(b)))
    by_weights = np.asarray(found[0].recurrent_weights)
    assert np.all(np.diag(by_weights) == 0) == (diagonal == "masked")


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_second_derivatives_by_reverse_over_reverse():
    cell, inputs = make_case((2,), pole_radius=0.9)
    inputs = inputs[:20]
    direction = np.random.default_rng(8).normal(size=(11, 11))

    def curvature(function):
        def scalar(weights):
            moved = eqx.tree_at(lambda c: c.recurrent_weights, cell, weights)
            return jnp.sum(jnp.log(function(moved, inputs)))

        def slope(weights):
            return jnp.sum(jax.grad(scalar)(weights) * direction)

        return jax.grad(slope)(cell.recurrent_weights)

    found, expected = curvature(mean_squared_amplitude), curvature(by_scan)
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.max(np.abs(expected)))


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_inputs_of_another_precision_are_taken_as_the_scan_takes_them():
    cell, inputs = make_case((2,), pole_radius=0.9)
    narrow = inputs.astype(jnp.float32)
    found, expected = (
        jax.grad(lambda u, f=function: jnp.sum(jnp.log(f(cell, u))))(narrow)
        for function in (mean_squared_amplitude, by_scan)
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.max(np.abs(expected)))
    pixels = (255 * inputs).astype(jnp.uint8)
    np.testing.assert_allclose(
        mean_squared_amplitude(cell, pixels), by_scan(cell, pixels), rtol=1e-12
    )
    with jax.enable_x64(False):
        single = ResonantCell(ladder("golden"), key=KEY)
    with pytest.raises(ValueError, match="inputs has dtype float64; the cell computes in float32"):
        mean_squared_amplitude(single, inputs)


def test_what_it_does_not_do_it_says():
    cell, inputs = make_case((2,))
    silent = ResonantCell(ladder("golden"), key=KEY, recurrence=False)
    assert mean_with_adjoint(cell, "squared_amplitude") is mean_squared_amplitude
    assert mean_with_adjoint(cell, "output") is None
    assert mean_with_adjoint(silent, "squared_amplitude") is None
    assert mean_with_adjoint(ElmanCell(1, 3, key=KEY, feedback="activity"), "output") is None
    with pytest.raises(ValueError, match="recurrent_weights is None"):
        mean_squared_amplitude(silent, inputs)
    with pytest.raises(ValueError, match="recurrent_weights is None"):
        silent.effective_weights()
    with pytest.raises(ValueError, match=r"inputs has shape \(90, 2\)"):
        mean_squared_amplitude(cell, inputs[:, 0])
