"""Losses and scores against scikit-learn, SciPy and closed forms; missing targets count nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import sklearn.metrics

from rhythmic.training.objectives import (
    Items,
    as_items,
    balanced_weights,
    item_losses,
    score_of,
    summed,
)

CLASSES, ITEMS = 4, 200
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(CLASSES, ITEMS)) * 2
LABELS = RNG.choice(CLASSES, ITEMS, p=[0.6, 0.25, 0.1, 0.05])
VALUES = RNG.normal(size=(2, ITEMS)) * np.array([[1.0], [30.0]]) + np.array([[0.0], [100.0]])
FOUND = VALUES + RNG.normal(size=(2, ITEMS)) * np.array([[0.5], [20.0]])
MISSING = RNG.random(ITEMS) < 0.3


def of_classes(missing=None):
    missing = np.zeros(ITEMS, bool) if missing is None else missing
    labels = np.where(missing, -1, LABELS)
    logits = np.where(missing, np.nan, LOGITS)
    return Items(jnp.asarray(logits), jnp.asarray(labels), jnp.asarray(~missing, float))


def of_values(missing=None):
    missing = np.zeros((2, ITEMS), bool) if missing is None else np.stack([missing, ~missing])
    return Items(
        jnp.asarray(np.where(missing, np.nan, FOUND)),
        jnp.asarray(np.where(missing, np.nan, VALUES)),
        jnp.asarray(~missing, float),
    )


def score(items, name, loss):
    is_class = items.targets.ndim == 1
    sums = summed(items, item_losses(items, loss), is_class=is_class, with_confusion=True)
    return sums, score_of(sums, name)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("missing", [None, MISSING])
def test_scores_of_classes_are_those_of_scikit_learn(missing):
    kept = slice(None) if missing is None else ~missing
    predicted = np.argmax(LOGITS, axis=0)[kept]
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(LABELS[kept], predicted),
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(LABELS[kept], predicted),
        "f1": sklearn.metrics.f1_score(LABELS[kept], predicted, average="macro"),
    }
    for name, value in expected.items():
        sums, found = score(of_classes(missing), name, "cross_entropy")
        np.testing.assert_allclose(found, value, rtol=1e-12)
    loss = sklearn.metrics.log_loss(
        LABELS[kept], scipy.special.softmax(LOGITS, axis=0).T[kept], labels=range(CLASSES)
    )
    np.testing.assert_allclose(sums.loss / sums.weight, loss, rtol=1e-12)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("missing", [None, MISSING])
def test_scores_of_numbers_are_those_of_scikit_learn(missing):
    rows = [slice(None)] * 2 if missing is None else [~missing, missing]
    pairs = [(VALUES[k][rows[k]], FOUND[k][rows[k]]) for k in (0, 1)]
    expected = np.mean([sklearn.metrics.r2_score(*pair) for pair in pairs])
    _, found = score(of_values(missing), "r2", "squared")
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    expected = np.mean([np.sqrt(np.mean((t - o) ** 2)) / np.std(t) for t, o in pairs])
    _, found = score(of_values(missing), "nrmse", "huber")
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_losses_of_numbers_are_their_closed_forms():
    error = FOUND - VALUES
    np.testing.assert_allclose(item_losses(of_values(), "squared"), error**2, rtol=1e-12)
    np.testing.assert_allclose(
        item_losses(of_values(), "huber"), scipy.special.huber(1.0, error), rtol=1e-12
    )


@pytest.mark.usefixtures("x64")
def test_a_loss_of_ones_own_sees_one_answer_and_its_target():
    def hinge(logits, target):
        others = jnp.where(jnp.arange(CLASSES) == target, -jnp.inf, logits)
        return jnp.maximum(0, 1 + jnp.max(others) - logits[target])

    expected = [hinge(LOGITS[:, k], LABELS[k]) for k in range(5)]
    np.testing.assert_allclose(item_losses(of_classes(), hinge)[:5], expected, rtol=1e-12)

    def absolute(answer, target):
        return jnp.sum(jnp.abs(answer - target))

    found = item_losses(of_values(), absolute)
    np.testing.assert_allclose(found[0], np.abs(FOUND - VALUES).sum(axis=0), rtol=1e-12)


def own_loss(answer, target):
    return jnp.mean((answer - target) ** 2)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("loss", ["cross_entropy", "squared", "huber", own_loss])
def test_missing_targets_have_no_gradient_and_spoil_none(loss):
    items = of_classes(MISSING) if loss == "cross_entropy" else of_values(MISSING)

    def total(outputs):
        losses = item_losses(items._replace(outputs=outputs), loss)
        return jnp.sum(jnp.where(items.weights > 0, losses, 0))

    finite = jnp.nan_to_num(items.outputs)
    gradient = jax.grad(total)(finite)
    assert np.all(np.isfinite(gradient))
    absent = np.broadcast_to(np.asarray(items.weights) == 0, gradient.shape)
    assert not np.any(np.asarray(gradient)[absent])


def test_balanced_weights_make_classes_count_alike():
    weights = balanced_weights(jnp.asarray(np.where(MISSING, -1, LABELS)), CLASSES)
    counts = np.bincount(LABELS[~MISSING], minlength=CLASSES)
    np.testing.assert_allclose(weights * counts, counts.sum() / CLASSES, rtol=1e-5)
    smoothed = item_losses(of_classes(), "cross_entropy", class_weights=weights)
    plain = item_losses(of_classes(), "cross_entropy")
    np.testing.assert_allclose(smoothed, plain * np.asarray(weights)[LABELS], rtol=1e-5)


def test_steps_become_items_in_one_order():
    outputs = jnp.arange(24.0).reshape(4, 2, 3)  # (time, output, batch)
    classes = jnp.arange(12).reshape(4, 3)
    found = as_items(outputs, classes, jnp.ones((4, 3)), is_class=True)
    for place in range(12):
        time, example = divmod(place, 3)
        np.testing.assert_array_equal(found.outputs[:, place], outputs[time, :, example])
        assert found.targets[place] == classes[time, example]
    numbers = as_items(outputs, outputs, outputs, is_class=False)
    np.testing.assert_array_equal(numbers.targets, numbers.outputs)
