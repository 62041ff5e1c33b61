"""What trained networks do: their spectra against NumPy, their words, and what is refused."""

import dataclasses

import jax
import numpy as np
import pytest

from experiments.mnist.configuration import RESULTS, MnistConfiguration
from experiments.options import recorded
from experiments.script import main
from experiments.trained_modes import EXPERIMENT, PRESETS, answer, draw, summarise
from experiments.trained_modes_networks import (
    learning_rate_on,
    read_networks,
    retrained_seeds,
    start_weights,
)
from rhythmic.data import load, split
from rhythmic.records import append_rows, read_rows, write_json
from rhythmic.training import MemberTraining, TrainingConfiguration, make_members
from tests.experiments.commands import refusal

OPTIONS = dataclasses.replace(PRESETS["smoke"], num_retrained=2, epochs=2)


def run_folder(folder, **changes):
    """A run folder with three of the kept networks, as if trained on other digits."""
    configuration = MnistConfiguration(architectures=("rrn-golden",))
    write_json(folder / "configuration.json", recorded("mnist", configuration))
    rows = [row for row in read_rows(RESULTS) if "parameters" in row]
    append_rows(folder / "members.jsonl", [row | changes for row in rows[:3]])
    return folder


def one_step_by_hand(weights, frequencies):
    """J = [[diag(w1) + W, diag(w2)], [1, 0]] at x = 0 and u = 1."""
    w1 = 2 * 0.99999 * np.cos(2 * np.pi * frequencies / 1000)
    zero, one = np.zeros((11, 11)), np.eye(11)
    return np.block([[np.diag(w1) + weights, -(0.99999**2) * one], [one, zero]])


@pytest.mark.slow
def test_spectra_are_those_of_the_matrix_written_by_hand(results):
    frequencies = results["frequencies"]
    for kind, weights in (("start", "start_weights"), ("trained", "weights")):
        for found, network in zip(results[f"spectrum_{kind}"], results[weights], strict=True):
            expected = np.linalg.eigvals(one_step_by_hand(network, frequencies))
            gaps = np.abs(found[:, None] - expected)
            assert gaps.min(axis=0).max() < 1e-7
            assert gaps.min(axis=1).max() < 1e-7
    alone = results["spectrum_fixed"][0]
    np.testing.assert_allclose(np.abs(alone), 0.99999, rtol=1e-10)
    rhythms = np.sort(np.angle(alone[alone.imag > 0])) / (2 * np.pi * 1e-3)
    np.testing.assert_allclose(rhythms, frequencies, rtol=1e-7)
    assert results["spectrum_partner_gap"] < 1e-10
    np.testing.assert_allclose(results["spectrum_share"].sum(axis=1), 1)


@pytest.mark.slow
def test_no_weight_changes_the_volume_and_blank_steps_hold_none(results):
    volume = 22 * 784 * np.log(0.99999)
    for kind in ("fixed", "start", "trained"):
        assert results[f"digit_{kind}_products"][-1].sum() == pytest.approx(volume, abs=1e-8)
        blank = results[f"digit_{kind}_eigenvalues"][results["digit_pixels"] == 0]
        np.testing.assert_allclose(np.abs(blank), 0.99999, rtol=1e-9)
        total = results[f"exponents_{kind}"].sum(axis=1)
        np.testing.assert_allclose(total, volume / 0.784, atol=1e-6)
    assert results["exponents_fixed_growing"] == 0
    assert (results["exponents_trained_growing"] > 0).all()
    # Both follow the same gradients: from the start forwards, and from the end backwards.
    last = results["digit_trained_log_singular_values"][-1]
    np.testing.assert_allclose(last, results["digit_trained_products"][-1], atol=1e-6)


@pytest.mark.slow
def test_modes_over_training_begin_at_the_start_and_end_at_the_last_epoch(results):
    for epoch in (0, 1, 2):
        matrix = one_step_by_hand(results["retrained_weights"][0, epoch], results["frequencies"])
        gaps = np.abs(results["paths_eigenvalues"][epoch][:, None] - np.linalg.eigvals(matrix))
        assert max(gaps.min(axis=0).max(), gaps.min(axis=1).max()) < 1e-7


@pytest.mark.slow
def test_the_answer_and_the_summary_say_what_the_arrays_hold(results):
    line, text = answer(OPTIONS, results), summarise(OPTIONS, results)
    assert "6 to 10 of 22 modes grow (seed 101: 9" in line
    # The kept networks: by hand in plain NumPy and scipy.stats.ttest_ind.
    found = "+0.193 (start -0.018; mnist, n = 10: t(18) = 5.2, p = 6.4e-05; sign flips p = 0.002)"
    assert found in line
    assert "other networks than those at hand, which learned mnist for 30 epochs:" in text
    assert "115 Hz, grows in 1.2 ms" in text
    alone = dict(results) | {
        name: results[name][:1] for name in ("retrained_weights", "retrained_validation")
    }
    assert answer(OPTIONS, alone).endswith("mnist5k, n = 1).")


@pytest.mark.slow
def test_what_was_trained_again_is_held_against_the_row(results):
    best = results["retrained_validation"].max(axis=1)
    same = dict(results) | {"same_recipe": np.array(True)}
    equal = same | {"row_validation": np.array([best[0], np.nan])}
    assert "equals that of the run for 1 of 1 networks; largest difference 0.000" in summarise(
        OPTIONS, equal
    )
    other = same | {"row_validation": np.array([best[0], best[1] - 0.02])}
    text = summarise(OPTIONS, other)
    assert "for 1 of 2 networks; largest difference 0.020" in text
    assert "sums in another order" in text


@pytest.mark.slow
def test_figures_are_drawn_from_the_arrays(results):
    figures = draw(OPTIONS, results)
    assert list(figures) == ["spectrum", "digit", "gradients", "training", "coupling"]
    image = figures["coupling"].subfigs[0].axes[0].images[0]
    np.testing.assert_allclose(image.get_array(), results["weights"].mean(axis=0))
    curves = figures["training"].axes[1].get_lines()
    assert len(curves) == 2
    np.testing.assert_allclose(curves[-1].get_ydata(), results["retrained_validation"][0])


@pytest.mark.slow
def test_training_again_keeps_the_start_and_every_epoch(results):
    weights = results["retrained_weights"]
    assert results["retrained_seeds"].tolist() == [101, 102]
    assert weights.shape == (2, 3, 11, 11)
    assert results["retrained_validation"].shape == (2, 2)
    assert (results["retrained_validation"] > 0).all()
    assert (np.diagonal(weights, axis1=2, axis2=3) == 0).all()
    assert (np.abs(np.diff(weights, axis=1)).max(axis=(2, 3)) > 0).all()
    np.testing.assert_array_equal(weights[:, 0], results["start_weights"][:2])


def test_the_start_is_that_of_training():
    networks = read_networks(None, "rrn-golden", None)
    training = MemberTraining(networks.architecture, TrainingConfiguration())
    members = make_members(
        lambda seed: split(load("mnist5k"), seed),
        seeds=(5,),
        learning_rate=(0.01,),
        weight_decay=(0.0,),
        label_smoothing=(0.0,),
    )
    state = training.initial_state(jax.tree.map(lambda x: x[0], members))
    expected = np.asarray(state.parameters.cell.recurrent_weights)
    np.testing.assert_array_equal(start_weights(networks.architecture, 5), expected)
    with jax.enable_x64(True):  # in which a key gives other numbers
        np.testing.assert_array_equal(start_weights(networks.architecture, 5), expected)


def test_networks_of_a_run_folder_are_read(tmp_path):
    networks = read_networks(run_folder(tmp_path, dataset="mnist5k"), "rrn-golden", 102)
    assert networks.seeds == [101, 102, 103]
    assert networks.shown["seed"] == 102
    kept = read_networks(None, "rrn-golden", None)
    assert kept.seeds == list(range(101, 111))
    np.testing.assert_array_equal(networks.weights, kept.weights[:3])
    assert retrained_seeds(networks, 2) == [102, 101]
    assert retrained_seeds(networks, 5) == [102, 101, 103, 104, 105]
    assert 123 not in retrained_seeds(networks, 40)
    assert learning_rate_on("mnist5k", networks.shown) == networks.shown["learning_rate"]
    assert learning_rate_on("mnist5k", kept.shown) == 0.01


def test_networks_that_learned_otherwise_are_left_out(tmp_path):
    folder = run_folder(tmp_path)
    row = read_rows(folder / "members.jsonl")[2]
    append_rows(folder / "members.jsonl", [row | {"learning_rate": 0.5}])
    assert read_networks(folder, "rrn-golden", None).seeds == [101, 102]


def refused(*arguments):
    return refusal(main, EXPERIMENT, ["--preset", "smoke", *map(str, arguments)])


def test_folders_of_something_else_are_refused_in_one_line(tmp_path):
    assert "it is no run folder" in refused("--run", tmp_path)
    (tmp_path / "configuration.json").write_text('{"experiment": "hopfield", "sizes": [1]}')
    assert "experiments.mnist did not write it" in refused("--run", tmp_path)
    (tmp_path / "configuration.json").write_text("no JSON")
    assert "experiments.mnist did not write it" in refused("--run", tmp_path)
    write_json(tmp_path / "configuration.json", recorded("mnist", MnistConfiguration()))
    assert "has no trained network of it" in refused("--run", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seed", 7), "seed is 7; mnist.jsonl has rrn-golden of seeds"),
        (("--architecture", "lstm"), "it must be a resonant network with recurrence"),
        (("--architecture", "rrn-two"), "has no trained network of it"),
        (("--digit", 10), "digit is 10; it must lie in [0, 9]"),
        (("--num-retrained", 0), "num_retrained is 0; it must lie in [1, 1000]"),
        (("--product-step", 0), "product_step is 0; it must lie in [1, 392]"),
        (("--slow", 30), "slow is 30 and faster 20 to 100; frequencies must rise"),
        (("--slow", 1), "no node lies in 0 to 1 Hz"),
        (("--faster", 95, 100), "no node lies in 95 to 100 Hz"),
        (("--epochs", 0), "epochs is 0; it must be at least 1"),
        (("--max-patterns", 1), "max_patterns is 1; it must lie in [2, 1048576]"),
        (("--training-data", "own", "--data-dir", "nowhere"), "data_dir nowhere does not exist"),
    ],
)
def test_options_out_of_range_are_refused_in_one_line(arguments, words):
    assert words in refused(*arguments)


def test_own_digits_are_taken_where_they_are(tmp_path, monkeypatch):
    monkeypatch.delenv("RHYTHMIC_DATA_DIR", raising=False)
    own = dataclasses.replace(OPTIONS, training_data="own")
    assert own.dataset(own.networks()) == "mnist5k"  # no folder is named
    monkeypatch.setattr("experiments.trained_modes_networks.check_folder", lambda *_: None)
    there = dataclasses.replace(own, data_dir=tmp_path)
    assert there.dataset(there.networks()) == "mnist"
    bundled = dataclasses.replace(there, training_data="bundled")
    assert bundled.dataset(bundled.networks()) == "mnist5k"
