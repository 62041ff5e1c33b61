"""Batches of members side by side, against those of each member alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.training.batches import epoch_batches


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(1, 1, 2, 2), (3, 4, 3, 3)])
def test_every_member_shuffles_as_it_would_alone(seeds):
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    rows = [np.random.default_rng(seed).permutation(23) for seed in seeds]
    rows[-1] = rows[-1][::-1]  # the same seed as its neighbour, other examples
    examples = jnp.asarray(np.stack(rows))

    def batches(key, examples):
        return epoch_batches(examples, 3, 8, key=key)[0]

    found = jax.jit(jax.vmap(batches))(keys, examples)
    for i, (key, row) in enumerate(zip(keys, rows, strict=True)):
        expected = np.asarray(jax.random.permutation(key, jnp.asarray(row)))
        np.testing.assert_array_equal(found[i].ravel()[:23], expected)
    together = jax.vmap(batches, (0, None))(keys, examples[0])
    shared = jax.vmap(batches, (None, 0))(keys[0], examples)
    for i in range(len(seeds)):
        np.testing.assert_array_equal(together[i], batches(keys[i], examples[0]))
        np.testing.assert_array_equal(shared[i], batches(keys[0], examples[i]))
