"""What features say: conditions, features as the scan has them, knock-outs, nodes."""

import dataclasses
from functools import partial

import jax
import numpy as np
import pytest

from experiments.compare.features import (
    CLAIMS,
    KNOCKED,
    conditions,
    drops,
    golden,
    nearest_node,
    without_label,
)
from experiments.compare.trained_features import (
    FeatureReader,
    accuracy,
    knocked_out_accuracies,
    trained_network,
)
from experiments.members import Wanted
from experiments.members.rows import kept_names, rounded
from rhythmic import data
from rhythmic.data import load_mnist5k
from rhythmic.networks import LAST, NetworkSpec, published
from rhythmic.training import Data, MemberTraining, TrainingConfiguration, make_members
from rhythmic.trees import named_arrays
from tests.experiments.compare.made_up import found, rows_of, small, verdicts

FULL = small("features")


def test_conditions_leave_out_one_node_each():
    whole, bare, *without = conditions(FULL)
    assert len({x.label for x in (whole, bare, *without)}) == 13
    assert len({x.program() for x in without}) == 1
    for node, condition in enumerate(without):
        assert set(golden().frequencies) - set(condition.ladder) == {golden().frequencies[node]}
        assert list(condition.ladder) == sorted(condition.ladder)
        assert condition.architecture.option("recurrence")
    assert {"class_features", "parameters", "statistics"} <= set(whole.kept)


def test_the_node_at_the_image_rows():
    assert golden().frequencies[nearest_node()] == pytest.approx(35.9, abs=0.1)


def row_of(model, statistics):
    """Return what a row keeps of a network."""
    named = kept_names(named_arrays(model))
    arrays = {name: rounded(np.asarray(x)) for name, x in named.items()}
    weights = {"cell.recurrent_weights", *(name for name in arrays if name.startswith("readout"))}
    return {
        "seed": 101,
        "parameters": {name: x for name, x in arrays.items() if name in weights},
        "statistics": {name: rounded(np.asarray(x)) for name, x in statistics.items()},
    }


def test_a_network_is_the_one_of_its_row_and_its_features_those_of_the_scan():
    digits = load_mnist5k()
    architecture = golden()
    model = architecture.build(1, 10, key=jax.random.key(3))
    row = row_of(model, {"mean": np.arange(1.0, 12.0), "variance": np.full(11, 4.0)})
    network = trained_network(architecture, row)
    np.testing.assert_allclose(
        network.cell.recurrent_weights, model.cell.recurrent_weights, rtol=1e-4
    )
    np.testing.assert_allclose(network.statistics.mean, np.arange(1.0, 12.0))
    examples = np.array([3, 700, 2100, 4999])
    data = Data(digits.images[:5000], digits.labels)
    found = FeatureReader(architecture, data).read(network, examples)
    inputs = np.asarray(digits.images[examples].T[:, None] / 255, np.float32)
    expected = np.asarray(network.features(jax.numpy.asarray(inputs))).T
    # In float32 the scan of nodes so near the unit circle is itself off by some per cent.
    np.testing.assert_allclose(found, expected, rtol=0.1)


def test_what_is_drawn_and_not_trained_is_of_the_rows_seed():
    options = (("heterogeneous", True),)
    architecture = NetworkSpec("horn", 3, options=options, name="horn-heterogeneous", **LAST)
    training = MemberTraining(architecture, TrainingConfiguration(epochs=1))
    setting = {"learning_rate": (0.01,), "weight_decay": (0.0,), "label_smoothing": (0.0,)}
    split = partial(data.split, load_mnist5k())
    member = jax.tree.map(lambda x: x[0], make_members(split, seeds=(101,), **setting))
    expected = training.fixed_part(member).cell.angular_frequency
    row = {"seed": 101, "parameters": {}, "statistics": {}}
    found = trained_network(architecture, row).cell.angular_frequency
    np.testing.assert_array_equal(found.values, expected.values)
    other = trained_network(architecture, row | {"seed": 102}).cell.angular_frequency
    assert not np.array_equal(other.values, expected.values)


def test_a_knock_out_takes_away_what_a_feature_says():
    architecture = published()["rrn-golden-unconnected"]
    model = architecture.build(1, 10, key=jax.random.key(0))
    weight = np.zeros((10, 11), np.float32)
    weight[1, 4] = 1.0  # class 1 where feature 4 is above its mean, else class 0
    row = row_of(model, {"mean": np.zeros(11), "variance": np.ones(11)})
    row["parameters"]["readout.weight"] = weight
    row["parameters"]["readout.bias"] = np.array([0.0, 0.0, *[-9.0] * 8], np.float32)
    network = trained_network(architecture, row)
    labels = np.array([0, 1, 0, 1, 1])
    values = np.random.default_rng(0).normal(size=(5, 11)).astype(np.float32)
    values[:, 4] = np.where(labels == 1, 1.0, -1.0)
    assert accuracy(network, values, labels) == 1.0
    means = np.full(11, -0.5)
    found = knocked_out_accuracies(network, values, means, labels)
    assert found == [1.0] * 4 + [pytest.approx(0.4)] + [1.0] * 6


@pytest.mark.parametrize(("worth", "expected"), [(0.1, "supported"), (0.0, "contradicted")])
def test_the_node_at_the_image_rows_against_the_others(worth, expected):
    # Without it so much accuracy is lost, without any other node 0.02.
    lost = np.full(11, 0.02)
    lost[nearest_node()] = worth
    rows = rows_of("features", FULL, {without_label(k): -x for k, x in enumerate(lost)})
    for row in rows[KNOCKED]:
        row["knocked_out"] = (row["intact_accuracy"] - lost).tolist()
        row["knocked_out"][0] += 0.0001 * row["seed"] - 0.01
    reached = found("features", FULL, rows)
    for name in ("image-rhythm-knocked-out", "image-rhythm-left-out"):
        assert reached[name].estimate == pytest.approx(worth - 0.02, abs=3e-3)
        assert verdicts([reached[name]]) == [expected]
    removed, left = drops(FULL, rows)
    assert removed.shape == left.shape == (5, 11)


def test_plain_readings_ask_for_the_dynamics():
    plain = {"dynamics-beat-power", "ringing-is-power", "dynamics-beat-parameters"}
    assert {claim.name for claim in CLAIMS if claim.rhythm == "dynamics"} == plain
    assert {claim.rhythm for claim in CLAIMS} == {"dynamics", "aside"}


def test_a_row_that_keeps_less_is_another_one():
    whole = conditions(FULL)[0]
    less = dataclasses.replace(whole, kept=())
    tested, tuned = (
        {Wanted(x, whole.settings[0], 101, tested=which).name() for x in (whole, less)}
        for which in (True, False)
    )
    assert len(tested) == 2
    assert len(tuned) == 1
