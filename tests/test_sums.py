"""Long sums against exact ones, and what is added in which type."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic._sums import LONGEST_PLAIN_SUM, added, empty_sum, total_of, wide_dtype


def summed(values):
    """Add values one after the other, as a scan over time does."""
    start = empty_sum(values[0], len(values))
    return total_of(jax.lax.scan(lambda s, x: (added(s, x), None), start, values)[0])


@pytest.mark.parametrize("jit", [True, False])
def test_a_long_sum_keeps_its_digits(jit):
    # A plain float32 sum of these is off by 3e-3.
    values = jnp.full((300_000, 2), np.float32(0.1)).at[::7, 1].set(-0.3)
    found = (jax.jit(summed) if jit else summed)(values)
    expected = np.sum(np.asarray(values, np.float64), axis=0)
    np.testing.assert_allclose(found, expected, rtol=2e-7)


def test_a_short_sum_is_the_plain_one_to_the_bit():
    values = jax.random.normal(jax.random.key(0), (LONGEST_PLAIN_SUM,))
    plain = jax.lax.scan(lambda s, x: (s + x, None), jnp.zeros(()), values)[0]
    assert summed(values) == plain


def test_what_is_not_finite_stays_and_derivatives_are_one():
    values = jnp.ones((LONGEST_PLAIN_SUM + 1, 3)).at[5].set(jnp.array([np.inf, np.nan, 1.0]))
    np.testing.assert_array_equal(summed(values)[:2], [np.inf, np.nan])
    by_values = jax.grad(lambda x: summed(x)[2])(values)
    np.testing.assert_array_equal(by_values[:, 2], 1.0)
    tangent = jax.jvp(summed, (values,), (jnp.ones_like(values),))[1]
    assert tangent[2] == len(values)


@pytest.mark.parametrize("dtype", [bool, jnp.int8, jnp.float16, jnp.bfloat16])
def test_narrow_types_are_summed_in_single_precision(dtype):
    assert wide_dtype(jnp.dtype(dtype)) == jnp.float32
    assert summed(jnp.ones(2000, dtype)) == 2000
