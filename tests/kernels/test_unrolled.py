"""Functions taken apart into entries against the same functions of whole arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.fast._kernel_unrolled import pack, unknown_operations, unroll
from tests.marks import rest_slow

NUM_SAMPLES = 3


def gates(weights, x):
    """Blocks of rows, as an LSTM has them, and a mask of the diagonal."""
    rows = (weights @ x).reshape(2, -1)
    left, right = jnp.split(jnp.tanh(rows), 2)
    square = jnp.where(jnp.eye(2, dtype=bool), 0.0, jnp.outer(left, right)[:2, :2])
    return jnp.concatenate([square.sum(axis=0), left[0, ::-1]]), jnp.max(x)


def without_maximum(weights, x):
    return gates(weights, x)[0]


def constants(weights, x):
    shift = jnp.array([0.5, -1.0, 0.0])
    return jax.jit(lambda y: y + shift)(x) * jnp.sum(weights, axis=(0, 1)) + 2 * jnp.arange(3)


def derivative(weights, x):
    value, pull = jax.vjp(without_maximum, weights, x)
    return pull(jnp.sin(value))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "function", rest_slow([without_maximum, constants, derivative], derivative)
)
def test_entries_over_samples_are_the_function_of_each_sample(function):
    rng = np.random.default_rng(1)
    weights, samples = jnp.asarray(rng.normal(size=(6, 3))), jnp.asarray(rng.normal(size=(3, 3)))
    expected = jax.tree.leaves(jax.vmap(function, in_axes=(None, 0))(weights, samples))

    @jax.jit
    def taken_apart(weights, samples):
        # Weights are numbers that all samples share, x has one array over samples an entry.
        entries = [pack(list(weights.ravel()), (6, 3)), pack(list(samples.T), (3,))]
        found = unroll(function, weights, samples[0])(*entries)
        assert [a.shape for a in found] == [b.shape[1:] for b in expected]
        return [list(a.ravel()) for a in found]

    found = taken_apart(weights, samples)
    for a, b in zip(found, expected, strict=True):
        whole = np.stack([np.broadcast_to(entry, NUM_SAMPLES) for entry in a], axis=-1)
        np.testing.assert_allclose(whole.reshape(b.shape), b, rtol=1e-13, atol=1e-14)


def test_only_what_the_results_need_is_computed():
    x = jnp.arange(3.0)
    assert unknown_operations(gates, jnp.ones((6, 3)), x) == ["reduce_max"]
    assert unknown_operations(without_maximum, jnp.ones((6, 3)), x) == []
    with pytest.raises(ValueError, match="operation sort cannot be taken apart into entries"):
        unroll(jnp.sort, x)(pack(list(x), (3,)))
    with pytest.raises(ValueError, match="dot_general with batch axes"):
        unroll(jax.vmap(jnp.dot), jnp.ones((2, 3)), jnp.ones((2, 3)))(
            *[pack(list(jnp.ones(6)), (2, 3))] * 2
        )


def test_moving_entries_and_known_zeros_need_no_operation():
    def blocks(vector):
        return vector.reshape(4, 3)[1:3].T + jnp.zeros((3, 2))

    run = unroll(blocks, jnp.ones(12))
    program = jax.make_jaxpr(lambda x: list(run(pack(x, (12,)))[0].ravel()))(
        [jnp.ones(NUM_SAMPLES)] * 12
    )
    assert program.eqns == []
    assert [program.jaxpr.invars.index(x) for x in program.jaxpr.outvars] == [3, 6, 4, 7, 5, 8]
