"""The readout's fit against scikit-learn's, its derivatives against automatic ones."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.reservoirs.readout import (
    derivatives,
    fit_logistic_regression,
    standardise,
)
from tests.marks import rest_slow

fit_three = jax.jit(partial(fit_logistic_regression, num_classes=3))


def problem(seed=0, num_features=4, num_classes=3, batch=90, noise=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, batch)
    centres = rng.normal(size=(num_features, num_classes))
    features = centres[:, labels] + noise * rng.normal(size=(num_features, batch))
    return standardise(jnp.asarray(features), jnp.asarray(features)), jnp.asarray(labels)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("strength", "noise"), rest_slow([(1.0, 1.0), (0.01, 1.0), (100.0, 0.02)], (0.01, 1.0))
)
def test_the_fit_is_that_of_scikit_learn(strength, noise):
    linear_model = pytest.importorskip("sklearn.linear_model")
    features, labels = problem(noise=noise)
    expected = linear_model.LogisticRegression(C=strength, tol=1e-12, max_iter=10_000)
    expected.fit(np.asarray(features).T, np.asarray(labels))
    found = jax.jit(
        lambda features: fit_logistic_regression(
            features, labels, num_classes=3, inverse_regularisation=strength, num_iterations=25
        )
    )(features)
    assert found.gradient_norm < 1e-12
    np.testing.assert_allclose(found.weight, expected.coef_, rtol=1e-4, atol=1e-6)
    bias = expected.intercept_ - expected.intercept_.mean()
    np.testing.assert_allclose(found.bias, bias, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.sum(found.bias), 0, atol=1e-10)
    right = expected.score(np.asarray(features).T, np.asarray(labels))
    np.testing.assert_allclose(found.accuracy(features, labels), right)


@pytest.mark.usefixtures("x64")
def test_derivatives_are_those_of_the_objective():
    features, labels = problem()
    design = jnp.concatenate([features, jnp.ones_like(features[:1])])
    targets = jax.nn.one_hot(labels, 3, axis=0, dtype=design.dtype)
    parameters = jnp.asarray(np.random.default_rng(1).normal(size=(3, 5)))

    def objective(flat):
        table = flat.reshape(3, 5)
        losses = -jnp.sum(jax.nn.log_softmax(table @ design, axis=0) * targets)
        # The biases' common shift is held by a penalty of its own, zero where their sum is.
        held = jnp.sum(table[:, -1]) ** 2 / 2
        return 2.5 * losses + jnp.sum(table[:, :-1] ** 2) / 2 + held

    gradient, hessian = jax.jit(derivatives)(parameters, design, targets, 2.5)
    held = jnp.zeros((3, 5)).at[:, -1].set(jnp.sum(parameters[:, -1]))
    expected = jax.jit(jax.grad(objective))(parameters.ravel()).reshape(3, 5)
    np.testing.assert_allclose(gradient + held, expected, rtol=1e-9, atol=1e-9)
    expected = jax.jit(jax.hessian(objective))(parameters.ravel())
    np.testing.assert_allclose(hessian, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_what_is_not_finite_is_told():
    features, labels = problem()
    fit = fit_three(features.at[0, 0].set(jnp.inf), labels)
    assert np.isnan(fit.accuracy(features, labels))
    with pytest.raises(ValueError, match=r"^labels has shape \(89,\); expected \(batch,\)"):
        fit_logistic_regression(features, labels[1:], num_classes=3)


@pytest.mark.parametrize("size", [1e-15, 1.0, 1e18, 1e30])
def test_standardised_features_have_mean_zero_and_variance_one(size):
    rng = np.random.default_rng(2)
    table = rng.normal(size=(3, 200))
    reference = jnp.asarray(size * table[:, :150], jnp.float32)
    found = standardise(jnp.asarray(size * table, jnp.float32), reference)
    mean = table[:, :150].mean(axis=1, keepdims=True)
    deviation = table[:, :150].std(axis=1, keepdims=True)
    np.testing.assert_allclose(found, (table - mean) / deviation, atol=1e-4)


def test_features_that_never_change_become_zero_and_broken_ones_stay_broken():
    reference = jnp.stack([jnp.full(50, 0.1), jnp.zeros(50), jnp.arange(50.0)])
    found = standardise(reference, reference)
    assert not np.any(found[:2])
    assert np.std(found[2]) == pytest.approx(1.0, rel=1e-5)
    assert not np.any(np.isfinite(standardise(reference, reference.at[1, 3].set(jnp.inf))[1]))


@pytest.mark.slow
def test_no_examples_are_refused_and_have_the_derivatives_of_the_penalty():
    with pytest.raises(ValueError, match=r"^features has shape \(2, 0\); it must hold at"):
        fit_logistic_regression(jnp.zeros((2, 0)), jnp.zeros(0, int), num_classes=3)
    parameters = jnp.arange(6.0).reshape(2, 3)
    gradient, hessian = derivatives(parameters, jnp.zeros((3, 0)), jnp.zeros((2, 0)), 1.0)
    np.testing.assert_array_equal(gradient, parameters * jnp.array([1, 1, 0]))
    assert hessian.shape == (6, 6)
