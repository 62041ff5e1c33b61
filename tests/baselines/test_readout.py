"""The readout of a large pool against scikit-learn's, and against the one by Newton's method."""

import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.baselines import logistic_regression_accuracy
from rhythmic.baselines.readout import fit_large_logistic_regression
from rhythmic.data import Split
from rhythmic.reservoirs.readout import fit_logistic_regression, standardise
from tests.marks import rest_slow

STRENGTHS = (0.001, 0.1, 10.0)


def pool(seed=0, num_features=6, num_classes=3, num_examples=300, noise=2.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, num_examples)
    centres = rng.normal(size=(num_classes, num_features))
    mixing = rng.normal(size=(num_features, num_features))
    features = (centres[labels] + noise * rng.normal(size=(num_examples, num_features))) @ mixing
    parts = np.split(rng.permutation(num_examples).astype(np.int32), [150, 220])
    return 5 + 20 * features, labels, Split(*parts)


def standard(features):
    return standardise(jnp.asarray(features.T), jnp.asarray(features.T))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("strength", rest_slow(STRENGTHS, STRENGTHS[1]))
def test_the_fit_is_that_of_newton_and_of_scikit_learn(strength):
    linear_model = pytest.importorskip("sklearn.linear_model")
    features, labels, _ = pool()
    design, classes = standard(features), jnp.asarray(labels)
    found = fit_large_logistic_regression(
        design, classes, num_classes=3, inverse_regularisation=strength, tolerance=1e-9
    )
    assert found.gradient_norm <= 1e-9
    newton = fit_logistic_regression(
        design, classes, num_classes=3, inverse_regularisation=strength, num_iterations=20
    )
    for ours, theirs in zip(found[:3], newton[:3], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    expected = linear_model.LogisticRegression(C=strength, tol=1e-12, max_iter=10_000)
    expected.fit(np.asarray(design).T, labels)
    np.testing.assert_allclose(found.weight, expected.coef_, rtol=1e-4, atol=1e-6)
    bias = expected.intercept_ - expected.intercept_.mean()
    np.testing.assert_allclose(found.bias, bias, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_the_start_changes_nothing_but_the_steps():
    features, labels, _ = pool()
    design, classes = standard(features), jnp.asarray(labels)
    options = {"num_classes": 3, "tolerance": 1e-9}
    cold = fit_large_logistic_regression(design, classes, **options)
    other = fit_large_logistic_regression(design, classes, inverse_regularisation=0.01, **options)
    warm = fit_large_logistic_regression(design, classes, start=other, **options)
    np.testing.assert_allclose(warm.weight, cold.weight, rtol=1e-5, atol=1e-7)
    same = fit_large_logistic_regression(design, classes, start=cold, max_iterations=1, **options)
    np.testing.assert_allclose(same.weight, cold.weight, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
def test_strength_is_chosen_on_validation_as_by_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    chosen = set()
    for seed in range(4):
        features, labels, split = pool(seed, noise=3.0)
        found = logistic_regression_accuracy(
            features, labels, split, inverse_regularisations=STRENGTHS, num_classes=3
        )
        scaler = preprocessing.StandardScaler().fit(features[split.train])
        train, validation, test = (scaler.transform(features[part]) for part in split)
        fits = [
            linear_model.LogisticRegression(C=strength, tol=1e-9, max_iter=5000).fit(
                train, labels[split.train]
            )
            for strength in STRENGTHS
        ]
        scores = [fit.score(validation, labels[split.validation]) for fit in fits]
        best = int(np.argmax(scores))
        assert found.inverse_regularisation == STRENGTHS[best]
        assert found.validation_accuracy == pytest.approx(scores[best])
        assert found.test_accuracy == pytest.approx(fits[best].score(test, labels[split.test]))
        assert found.num_parameters == 3 * 6 + 3
        chosen.add(found.inverse_regularisation)
    assert len(chosen) > 1  # the choice mattered


@pytest.mark.slow
def test_test_examples_decide_nothing():
    features, labels, split = pool(1)
    options = {"inverse_regularisations": STRENGTHS, "num_classes": 3}
    found = logistic_regression_accuracy(features, labels, split, **options)
    wrong = labels.copy()
    wrong[split.test] = (wrong[split.test] + 1) % 3
    other = logistic_regression_accuracy(features, wrong, split, **options)
    assert other._replace(test_accuracy=0) == found._replace(test_accuracy=0)
    assert other.test_accuracy < found.test_accuracy
    # The order of the strengths is no matter, nor is the unit of a feature.
    turned = options | {"inverse_regularisations": STRENGTHS[::-1]}
    assert logistic_regression_accuracy(features, labels, split, **turned) == found
    scaled = logistic_regression_accuracy(features / 32, labels, split, **options)
    assert scaled[:4] == found[:4]


@pytest.mark.slow
def test_broken_features_and_strengths():
    features, labels, split = pool(2)
    options = {"inverse_regularisations": (1.0,), "num_classes": 3}
    broken = features.copy()
    broken[split.train[0], 2] = np.nan
    found = logistic_regression_accuracy(broken, labels, split, **options)
    assert np.isnan([found.validation_accuracy, found.test_accuracy]).all()
    for strengths in ((), (0.0, 1.0), (1.0, np.inf)):
        with pytest.raises(ValueError, match=r"^inverse_regularisations must be one or more posit"):
            logistic_regression_accuracy(
                features, labels, split, inverse_regularisations=strengths, num_classes=3
            )
    with pytest.raises(
        ValueError, match=r"^labels has shape \(299,\); .* with example = 300 as in features"
    ):
        logistic_regression_accuracy(features, labels[1:], split, **options)
