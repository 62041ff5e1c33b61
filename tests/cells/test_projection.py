"""Random projections, one sample at a time, against one matrix product."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import rhythmic
from rhythmic.cells import trainable
from rhythmic.cells.projection import ProjectionCell

KEY = jax.random.key(4)


def test_the_last_output_is_the_projection_of_the_sequence():
    cell = ProjectionCell(3, num_steps=20, key=KEY)
    inputs = np.random.default_rng(0).normal(size=(20, 1, 5)).astype(np.float32)
    path = rhythmic.trajectory(cell, jnp.asarray(inputs))
    expected = np.cumsum(np.asarray(cell.table)[:, :, None] * inputs, axis=0)
    np.testing.assert_allclose(path.observed, expected, rtol=1e-5, atol=1e-6)


def test_a_held_state_keeps_its_clock_and_samples_beyond_the_table_are_not_heard():
    cell = ProjectionCell(2, num_steps=3, key=KEY)
    mask = jnp.array([True, False, True, True, True])[:, None]
    path = rhythmic.trajectory(cell, jnp.ones((5, 1, 1)), mask=mask)
    table = np.asarray(cell.table)
    expected = np.cumsum(table, axis=0)[[0, 0, 1, 2, 2]]
    np.testing.assert_allclose(path.observed[..., 0], expected, rtol=1e-6)


def test_nothing_is_trained_and_the_draw_is_standard():
    cell = ProjectionCell(40, num_steps=784, key=KEY)
    assert not any(jax.tree.leaves(trainable(cell)))
    assert np.std(np.asarray(cell.table)) * np.sqrt(784) == pytest.approx(1.0, abs=0.02)
