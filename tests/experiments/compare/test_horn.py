"""HORN as published: split, networks, recipe, what noise leaves, which head stands for a rival."""

import dataclasses
import math

import numpy as np
import pytest

from experiments.compare import horn
from experiments.members.store import tuning
from rhythmic.plotting.style import house_style
from tests.experiments.compare.made_up import found, question, rows_of, small, verdicts

FULL = small("horn")


def test_of_the_shuffled_digits_a_thousand_validate():
    split = horn.horn_split(7)
    order = np.arange(60_000)
    np.random.default_rng(7).shuffle(order)
    np.testing.assert_array_equal(split.validation, order[:1000])
    np.testing.assert_array_equal(split.train, order[1000:])
    np.testing.assert_array_equal(split.test, np.arange(60_000, 70_000))
    assert {part.dtype for part in split} == {np.dtype(np.int32)}
    assert np.any(horn.horn_split(8).validation != split.validation)


@pytest.mark.slow
def test_networks_are_those_published_and_rivals_no_larger():
    networks = horn.architectures()
    assert list(networks) == list(horn.NAMES)
    # 32 x 32 and 32 weights, two biases of 32, and the readout, 33 x 10.
    assert networks["horn"].num_parameters(1, 10) == 1024 + 32 + 64 + 330
    assert networks["horn-heterogeneous"].num_parameters(1, 10) == networks["horn"].num_parameters(
        1, 10
    )
    for name in horn.NAMES[2:]:
        count = networks[name].num_parameters(1, 10)
        larger = dataclasses.replace(networks[name], hidden_size=networks[name].hidden_size + 1)
        assert count <= 1450 < larger.num_parameters(1, 10)


def test_full_conditions_follow_the_published_settings():
    found = {condition.label: condition for condition in horn.conditions(FULL)}
    assert len(found) == 12
    for label, condition in found.items():
        recipe, early = condition.training, label.endswith(", early")
        assert (recipe.batch_size, recipe.epochs) == (64, 1 if early else 10)
        assert (recipe.schedule, recipe.momentum) == ("constant", "constant")
        assert recipe.clip_norm == (math.inf if label.startswith("horn") else 1.0)
        assert {setting.weight_decay for setting in condition.settings} == {0.01}
        rates = [setting.learning_rate for setting in condition.settings]
        assert rates == ([0.01] if label.startswith("horn") else [0.0003, 0.001, 0.003, 0.01])
        assert condition.test_noise == (() if early else FULL.noise)
    for name in ("lstm", "lstm-last", "rnn", "rnn-last"):
        # One choice serves both tests: that after an epoch.
        chosen = [wanted.name() for wanted in tuning(found[name])]
        assert chosen == [wanted.name() for wanted in tuning(found[f"{name}, early"])]
        assert len(chosen) == 8


@pytest.mark.parametrize("preset", horn.PRESETS)
def test_every_preset_can_be_built(preset):
    options = dataclasses.replace(horn.PRESETS[preset], dataset="mnist5k")
    options.check()
    found = question("horn").conditions(options)
    assert len({condition.label for condition in found}) == len(found)


@pytest.mark.parametrize("rival", ["lstm", "rnn"])
def test_noise_is_judged_by_the_share_that_it_leaves(rival):
    # At the largest noise HORN keeps so much of what it reads above chance, rivals 0.7 of it.
    for kept, expected in ((0.9, "supported"), (0.5, "contradicted"), (0.7, "equivalent")):
        rows = rows_of("horn", FULL, {"horn": 0.2}, left={"horn": kept})
        finding = found("horn", FULL, rows)[f"horn-noise-{rival}"]
        assert verdicts([finding]) == [expected]
        lost = np.mean([1 / 8, 1 / 4, 1 / 2, 1])
        assert finding.estimate == pytest.approx((kept - 0.7) * lost, abs=0.003)
        assert finding.unit == "share"
        noisy = float(finding.text.partition(" at noise 0.8")[0].rpartition(" ")[2])
        assert noisy == pytest.approx(0.1 + 0.8 * kept, abs=0.005)


def test_the_recipe_counts_the_digits_of_horns_own_split():
    recipe = horn.PRESETS["full"].recipe()
    assert "59,000 training digits, 9,220 updates of 64" in recipe
    assert "rivals clipped at 1, rates 0.0003, 0.001, 0.003, 0.01" in recipe


def test_the_head_that_validates_better_stands_for_a_rival():
    rows = rows_of("horn", FULL, {"rnn-last": 0.1, "lstm-last": -0.4, "lstm-last, early": -0.4})
    reached = found("horn", FULL, rows)
    assert "rnn-last 0." in reached["horn-late-rnn"].text
    assert "lstm, early 0." in reached["horn-early-lstm"].text


def test_figure_shows_every_network_in_both_panels():
    with house_style():
        figure = horn.draw(FULL, rows_of("horn", FULL))["horn"]
        figure.draw_without_rendering()
    for axes in figure.axes:
        assert len(axes.lines) == len(horn.NAMES) + 1  # and chance
    np.testing.assert_allclose(figure.axes[1].lines[0].get_xdata(), FULL.noise)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata()[-1], 0.7, atol=0.003)
    assert len(figure.legends[0].get_texts()) == len(horn.NAMES) + 1
