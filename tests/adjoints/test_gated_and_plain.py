"""The hand-written adjoints of LSTM and Elman RNN against the derivative of the plain scan."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ElmanCell, LSTMCell
from rhythmic.fast import elman, lstm
from rhythmic.simulate import time_mean
from tests.marks import rest_slow

KEY = jax.random.key(5)


MEANS = {LSTMCell: lstm.mean_output, ElmanCell: elman.mean_output}
both_cells = pytest.mark.parametrize("kind", MEANS)


def mean_output(cell, inputs):
    return MEANS[type(cell)](cell, inputs)


def by_scan(cell, inputs):
    return time_mean(cell, inputs).mean


def make_case(kind, batch_shape, num_steps=31, input_size=2, hidden_size=3):
    """A layer none of whose arrays is zero or symmetric, and inputs."""
    cell = kind(input_size, hidden_size, key=KEY)
    rng = np.random.default_rng(6)
    cell = jax.tree.map(lambda x: x + jnp.asarray(rng.normal(size=x.shape), x.dtype), cell)
    return cell, jnp.asarray(rng.normal(size=(num_steps, input_size, *batch_shape)))


def value_and_gradient(function, cell, inputs):
    readout = np.random.default_rng(7).normal(size=(cell.hidden_size, *inputs.shape[2:]))

    def scalar(arguments):
        mean = function(*arguments)
        return jnp.sum(jnp.tanh(3 * mean) * readout), mean

    (_, mean), gradient = jax.jit(jax.value_and_grad(scalar, has_aux=True))((cell, inputs))
    return mean, gradient


@pytest.mark.usefixtures("x64")
@both_cells
@pytest.mark.parametrize(
    ("batch_shape", "num_steps", "input_size", "hidden_size"),
    rest_slow([((), 31, 2, 3), ((3,), 28, 1, 6), ((2, 3), 5, 1, 17)], ((2, 3), 5, 1, 17)),
)
def test_value_and_every_gradient_are_those_of_the_scan(
    kind, batch_shape, num_steps, input_size, hidden_size
):
    case = make_case(kind, batch_shape, num_steps, input_size, hidden_size)
    value, found = value_and_gradient(mean_output, *case)
    expected_value, expected = value_and_gradient(by_scan, *case)
    np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.all(np.asarray(b) != 0)
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * np.max(np.abs(b)))


@pytest.mark.usefixtures("x64")
@both_cells
def test_what_does_not_fit_is_refused(kind):
    cell, inputs = make_case(kind, (2,))
    with pytest.raises(ValueError, match=r"inputs has shape \(31, 1, 2\)"):
        mean_output(cell, inputs[:, :1])
    single = eqx.tree_at(
        jax.tree.leaves, cell, [x.astype(jnp.float32) for x in jax.tree.leaves(cell)]
    )
    with pytest.raises(ValueError, match="inputs has dtype float64; the cell computes in float32"):
        mean_output(single, inputs)


def test_an_elman_layer_of_another_kind_has_no_adjoint():
    other = ElmanCell(2, 3, key=KEY, feedback="activity")
    assert elman.feeds_back_tanh(ElmanCell(2, 3, key=KEY))
    assert not elman.feeds_back_tanh(other)
    assert not elman.feeds_back_tanh(ElmanCell(2, 3, key=KEY, activation=jax.nn.relu))
    assert not elman.feeds_back_tanh(LSTMCell(2, 3, key=KEY))
    with pytest.raises(ValueError, match="feedback is 'activity' and activation"):
        mean_output(other, jnp.zeros((5, 2, 1)))
