"""Indices and labels out of range are named where they meet data; traced ones give NaN."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.baselines import logistic_regression_accuracy
from rhythmic.baselines.features import threshold_accuracy
from rhythmic.baselines.readout import fit_large_logistic_regression
from rhythmic.coupled.selectivity import answer_peaks, rung_targets
from rhythmic.data import Split
from rhythmic.data.dataset import check_split
from rhythmic.indices import are_indices, check_indices, check_labels
from rhythmic.reservoirs import ReservoirData, ReservoirGrid, weight_grid_sweep
from rhythmic.reservoirs.readout import fit_logistic_regression

WRONG = [
    (np.array([0, -1]), "holds -1; it must lie in 0 to 2, as there are 3 classes"),
    (np.array([0, 3]), "holds 3; it must lie in 0 to 2, as there are 3 classes"),
    (jnp.array([[2, 7]]), "holds 7; it must lie in 0 to 2, as there are 3 classes"),
    (np.array([0.0, np.nan]), "is of type float64; it must hold whole numbers in 0 to 2, "),
    (np.array([0, 1], bool), "is of type bool; it must hold whole numbers in 0 to 2, "),
    (np.array(["0", "1"]), "is of type <U1; it must hold whole numbers in 0 to 2, "),
    (2.0, "is of type float64; it must hold whole numbers in 0 to 2, "),
]


@pytest.mark.parametrize(("labels", "message"), WRONG)
def test_what_is_no_label_is_named(labels, message):
    with pytest.raises(ValueError, match=f"^kinds {message}") as caught:
        check_labels("kinds", labels, 3)
    assert "\n" not in str(caught.value)


def test_all_that_are_there_pass_and_traced_ones_are_told():
    check_indices("place", [0, 4, np.uint8(2)], 5, "nodes")
    check_indices("place", np.zeros((0, 3), int), 5, "nodes")
    told = jax.jit(lambda x: (check_labels("x", x, 5), are_indices(x, 5))[1])
    assert [bool(told(np.array([0, x]))) for x in (-1, 0, 4, 5)] == [False, True, True, False]
    with pytest.raises(ValueError, match=r"^x is of type float32"):
        told(np.zeros(3, np.float32))


@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 255), (np.int8, 127), (np.int32, 255)])
def test_as_many_classes_as_a_type_holds(dtype, most):
    told = jax.jit(are_indices, static_argnums=1)
    labels = np.array([0, most], dtype)
    assert [bool(told(labels, count)) for count in (most + 1, most, 1000)] == [True, False, True]
    assert bool(told(np.zeros(0, dtype), 0))


SPLITS = [
    (([0, 1], [2], [3, 9]), "test of the split holds 9; it must lie in 0 to 5"),
    (([0, -1], [2], [3]), "train of the split holds -1"),
    (([0, 1], [2.0], [3]), "validation of the split is of type float64"),
    ((np.arange(6) < 3, [4], [5]), "train of the split is of type bool"),
    (([[0, 1]], [2], [3]), r"train of the split has shape \(1, 2\); it must have one axis"),
    (([0, 1], [2, 3], [4, 1]), "train of the split holds 1, which test holds too"),
    (([0, 1], [2, 3], [3, 4]), "validation of the split holds 3, which test holds too"),
]


@pytest.mark.parametrize(("parts", "message"), SPLITS)
def test_a_split_that_leaves_the_pool_or_leaks_is_named(parts, message):
    split = Split(*map(np.asarray, parts))
    features, labels = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])
    reads = (
        lambda: check_split(split, 6),
        lambda: threshold_accuracy(features[:, 0], labels, split),
        lambda: logistic_regression_accuracy(
            features, labels, split, inverse_regularisations=(1.0,), num_classes=2
        ),
    )
    for read in reads:
        with pytest.raises(ValueError, match=f"^{message}"):
            read()
    check_split(Split(*map(np.asarray, ([5, 0, 0], [1], [2]))), 6)  # repeats within a part


@pytest.mark.parametrize("fit", [fit_logistic_regression, fit_large_logistic_regression])
def test_readouts_refuse_labels_that_are_no_class(fit):
    features = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6)), jnp.float32)
    labels = jnp.array([0, 1, 0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"^labels holds 3; it must lie in 0 to 2"):
        fit(features, labels, num_classes=3)
    fitted = jax.jit(lambda y: fit(features, y, num_classes=3))
    assert np.isnan(fitted(labels).weight).all()
    good = fitted(labels % 3)
    assert np.isfinite(good.weight).all()
    with pytest.raises(ValueError, match=r"^labels holds -1"):
        good.accuracy(features, labels - 1)
    assert np.isnan(jax.jit(good.accuracy)(features, labels))


def test_a_grid_of_reservoirs_reads_digits():
    inputs, labels = np.zeros((8, 3), np.float32), np.array([0, 1, 9])
    grid = {name: [0.5] for name in ("pole_radii", "ladder_ratios", "recurrent_gains")}
    for wrong, message in ((labels + 1, "holds 10; it must"), (labels[1:], "has shape")):
        data = ReservoirData(inputs, labels, inputs, wrong)
        with pytest.raises(ValueError, match=f"^data.validation_labels {message}"):
            weight_grid_sweep(ReservoirGrid(), data, **grid, input_scales=[1.0], seeds=[0])


@pytest.mark.parametrize("driver", [-1, 4])
def test_a_driver_is_a_node(driver):
    for call in (
        lambda: rung_targets(np.arange(1.0, 5.0), driver, 0.1),
        lambda: answer_peaks(np.ones((4, 5)), np.ones(4), driver, 2.0),
    ):
        with pytest.raises(ValueError, match=f"^driver holds {driver}; it must lie in 0 to 3"):
            call()
