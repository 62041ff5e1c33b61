"""Sums over examples, class by class."""

import jax.numpy as jnp
import numpy as np

from rhythmic.training.evaluation import class_sums
from rhythmic.training.state import Batch


def test_a_bad_feature_harms_its_own_class_alone():
    features = np.array([[1.0, 2.0, 4.0, np.nan, 8.0], [1.0, np.nan, 1.0, 1.0, np.inf]])
    labels, weights = jnp.array([0, 1, 0, 2, 2]), jnp.array([1.0, 1.0, 1.0, 1.0, 0.0])
    batch = Batch(jnp.zeros((1, 1, 5)), labels, weights, None)
    sums, counts = class_sums(jnp.asarray(features), batch, 3)
    np.testing.assert_array_equal(sums, [[5.0, 2.0], [2.0, np.nan], [np.nan, 1.0]])
    np.testing.assert_array_equal(counts, [2, 1, 1])
