"""What features say: conditions, knock-outs, findings of made-up rows, refusals, figures."""

import dataclasses
from functools import partial

import jax
import numpy as np
import pytest
from matplotlib import pyplot as plt

from experiments.compare import features
from experiments.compare.features_findings import (
    CLAIMS,
    FITTED,
    KNOCKED,
    POWER,
    RANDOM,
    drops,
    findings,
    nearest_node,
)
from experiments.compare.features_options import PRESETS, conditions, golden, without_label
from experiments.compare.findings import verdicts
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
from rhythmic.plotting.style import LABELS, house_style
from rhythmic.training import Data, MemberTraining, TrainingConfiguration, make_members
from rhythmic.trees import named_arrays

SEEDS = (101, 102, 103, 104, 105, 106)
SPREAD = np.array([-0.004, -0.002, 0.0, 0.001, 0.002, 0.003])
GOLDEN, BARE = LABELS["rrn-golden"], LABELS["rrn-golden-unconnected"]


def test_presets_fit_and_conditions_leave_out_one_node_each():
    for name, options in PRESETS.items():
        assert options.preset == name
        options.check()
    options = dataclasses.replace(PRESETS["full"], dataset="mnist5k")
    whole, bare, *without = conditions(options)
    assert len({x.label for x in (whole, bare, *without)}) == 13
    assert {x.settings for x in (whole, bare, *without)} == {options.settings()}
    assert {x.tuning_seeds for x in (whole, bare, *without)} == {(123, 456)}
    assert len({x.program() for x in without}) == 1
    for node, condition in enumerate(without):
        assert set(golden().frequencies) - set(condition.ladder) == {golden().frequencies[node]}
        assert list(condition.ladder) == sorted(condition.ladder)
        assert condition.architecture.option("recurrence")
    assert {"class_features", "parameters", "statistics"} <= set(whole.kept)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"windows": (1, 2, 5)}, "windows holds 5"),
        ({"windows": (1, 4)}, "windows must hold 1 and 2"),
        ({"windows": (1, 2, 2)}, "windows holds a value twice"),
        ({"left_out": (11,)}, "left_out holds 11"),
        ({"inverse_regularisations": (0.0,)}, "inverse_regularisations must be above 0"),
        ({"inverse_regularisations": ()}, "inverse_regularisations is empty"),
    ],
)
def test_what_is_refused(changed, message):
    with pytest.raises(ValueError, match=message) as refused:
        dataclasses.replace(PRESETS["full"], **changed).check()
    assert "\n" not in str(refused.value)


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


def made_up(options, *, image_rhythm=0.1, trained=0.8):
    """Make rows in which the node at the image rows is worth so much, others 0.02."""
    count = len(golden().frequencies)
    worth = np.full(count, 0.02)
    worth[nearest_node()] = image_rhythm

    def rows(mean, shift=0, **further):
        values = mean + np.roll(SPREAD, shift)
        return [
            {"seed": seed, "test_accuracy": float(value), "num_parameters": 252} | further
            for seed, value in zip(SEEDS, values, strict=True)
        ]

    profile = np.abs(np.random.default_rng(1).normal(1, 0.1, (10, count))).tolist()
    kept = {"class_features": profile, "confusion": np.eye(10, dtype=int).tolist()}
    found = {
        GOLDEN: rows(0.75, **kept),
        BARE: rows(0.6, 1, **kept),
        f"{GOLDEN}, {FITTED}": rows(trained, 2, num_features=count),
        f"{BARE}, {FITTED}": rows(0.7, 3, num_features=count),
        KNOCKED: [
            {"seed": seed, "intact_accuracy": 0.75, "knocked_out": (0.75 - worth + x).tolist()}
            for seed, x in zip(SEEDS, SPREAD[:, None] * np.arange(count) / count, strict=True)
        ],
    }
    for number in options.windows:
        found[f"{POWER}, {number * count} features"] = rows(0.7, 4, num_features=number * count)
        found[f"{RANDOM}, {number * count} features"] = rows(0.5, 5, num_features=number * count)
    for node in options.left_out:
        found[without_label(node)] = rows(0.75 - worth[node], node)
    return found


def test_findings_compare_features_and_nodes():
    options = PRESETS["full"]
    found = findings(options, made_up(options))
    assert [finding.claim for finding in found] == [claim.name for claim in CLAIMS]
    expected = [0.1, 0.1, 0.0, 0.05, 0.2, 0.08, 0.08]
    np.testing.assert_allclose([finding.estimate for finding in found], expected, atol=2e-3)
    assert verdicts(found) == ["holds", "holds", "equivalent", "holds", "holds", "holds", "holds"]
    other = findings(options, made_up(options, image_rhythm=0.0, trained=0.6))
    assert verdicts(other)[:2] == ["opposite", "opposite"]
    assert verdicts(other)[-2:] == ["opposite", "opposite"]
    removed, left = drops(options, made_up(options))
    assert removed.shape == left.shape == (6, 11)


def test_only_networks_are_pairs_and_plain_readings_ask_for_the_dynamics():
    options = PRESETS["full"]
    rows = made_up(options)
    for own in rows.values():
        for row in own:
            if "test_accuracy" in row:
                row["test_accuracy"] += 0.2 * (row["seed"] - 103)
    found = {finding.claim: finding.p_value for finding in findings(options, rows)}
    assert found["recurrence-adds"] < 1e-4
    plain = {"dynamics-beat-power", "ringing-is-power", "dynamics-beat-parameters"}
    assert all(found[name] > 0.3 for name in (*plain, "power-beats-random"))
    assert {claim.name for claim in CLAIMS if claim.rhythm == "dynamics"} == plain
    assert {claim.rhythm for claim in CLAIMS} == {"dynamics", "aside"}


def test_nodes_that_were_not_left_out_are_named():
    options = dataclasses.replace(PRESETS["full"], left_out=(0, 6))
    found = findings(options, made_up(options))
    assert "left out" in found[-1].text
    assert np.isnan(found[-1].p_value)


@pytest.mark.parametrize("left_out", [(), (0, 6), tuple(range(11))])
def test_figures_are_drawn_from_rows_alone(left_out):
    options = dataclasses.replace(PRESETS["full"], left_out=left_out)
    with house_style():
        figures = features.draw(options, made_up(options))
        assert set(figures) == {"profiles", "ablation", "baselines", "confusion"}
        for figure in figures.values():
            figure.canvas.draw()
            plt.close(figure)


def test_a_row_that_keeps_less_is_another_one():
    options = dataclasses.replace(PRESETS["full"], dataset="mnist5k", left_out=())
    whole = conditions(options)[0]
    less = dataclasses.replace(whole, kept=())
    setting = whole.settings[0]
    tested, tuned = (
        {Wanted(x, setting, 101, tested=which).name() for x in (whole, less)}
        for which in (True, False)
    )
    assert len(tested) == 2
    assert len(tuned) == 1
