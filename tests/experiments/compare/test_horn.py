"""HORN as published: split, recipe, conditions, findings both ways, refusals, figures."""

import dataclasses
import functools
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.compare import horn
from experiments.compare.findings import verdicts
from experiments.compare.horn_findings import CLAIMS, better_head
from experiments.members.store import tuning
from rhythmic.plotting.style import house_style

FULL = dataclasses.replace(horn.PRESETS["full"], dataset="mnist5k", results=None)
SPREAD = (-0.002, -0.001, 0.0, 0.001, 0.002)


def made_up(accuracies, lost=None):
    """Return rows of all networks, early and late; ``lost`` is what noise of 0.8 costs."""
    rows, generator = {}, np.random.default_rng(1)
    for name, accuracy in accuracies.items():
        own = []
        for seed, shift in zip(FULL.seeds, generator.permutation(SPREAD), strict=True):
            reached = accuracy + shift
            levels = np.array(FULL.noise) / FULL.noise[-1]
            noisy = reached - (lost or {}).get(name, 0.3) * levels
            history = {"validation_accuracy": list(np.linspace(0.2, accuracy, 10))}
            own.append(
                {
                    "label": name,
                    "seed": seed,
                    "test_accuracy": reached,
                    "validation_accuracy": reached + 0.01,
                    "noise_accuracy": list(noisy),
                    "history": history,
                }
            )
        rows |= {name: own, f"{name}, early": own}
    return rows


def verdict_of(rows):
    names = verdicts(horn.findings(FULL, rows))
    return {claim.name: name for claim, name in zip(CLAIMS, names, strict=True)}


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


@pytest.fixture(scope="module", autouse=True)
def known_networks():
    """Count parameters once: it takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(horn, "architectures", functools.cache(horn.architectures))
        yield


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
    found = horn.conditions(options)
    assert len({condition.label for condition in found}) == len(found)


def test_findings_follow_the_rows_both_ways():
    accuracies = dict.fromkeys(horn.NAMES, 0.6) | {"horn": 0.8, "horn-heterogeneous": 0.9}
    good = verdict_of(made_up(accuracies))
    assert set(good.values()) == {"holds"}
    accuracies |= {"horn": 0.5, "horn-heterogeneous": 0.4}
    bad = verdict_of(made_up(accuracies))
    assert set(bad.values()) == {"opposite"}
    same = verdict_of(made_up(dict.fromkeys(horn.NAMES, 0.6)))
    assert set(same.values()) == {"equivalent"}


def test_noise_is_judged_by_the_share_that_it_leaves():
    accuracies = dict.fromkeys(horn.NAMES, 0.6) | {"horn": 0.9}
    rows = made_up(accuracies, dict.fromkeys(horn.NAMES, 0.25) | {"horn": 0.4})
    found = horn.findings(FULL, rows)[4]
    # Both lose half of what they read above chance at 0.8, and in proportion below.
    assert found.estimate == pytest.approx(0.0, abs=0.003)
    assert found.unit == "share"
    assert "HORN 0.500 at noise 0.8" in found.text
    rows = made_up(accuracies, dict.fromkeys(horn.NAMES, 0.25) | {"horn": 0.2})
    lost = np.mean([1 / 8, 1 / 4, 1 / 2, 1])
    assert horn.findings(FULL, rows)[4].estimate == pytest.approx(0.25 * lost, abs=0.003)


def test_the_recipe_counts_the_digits_of_horns_own_split():
    recipe = horn.PRESETS["full"].recipe()
    assert "59,000 training digits, 9,220 updates of 64" in recipe
    assert "rivals clipped at 1, rates 0.0003, 0.001, 0.003, 0.01" in recipe


def test_the_head_that_validates_better_stands_for_a_rival():
    rows = made_up(dict.fromkeys(horn.NAMES, 0.6) | {"rnn-last": 0.7, "lstm-last": 0.2})
    assert better_head(rows, "rnn") == "rnn-last"
    assert better_head(rows, "lstm", ", early") == "lstm, early"
    assert "rnn-last 0.700" in horn.findings(FULL, rows)[1].text


def test_what_was_not_trained_is_said_to_be_missing():
    found = horn.findings(FULL, made_up({"horn": 0.8, "rnn": 0.7}))
    missing = ["left out" in finding.text for finding in found]
    assert missing == [True, False, True, False, True, False, True, True]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"networks": ("hopf",)}, "networks holds 'hopf'"),
        ({"early_epochs": 10}, "early_epochs is 10; it must lie in 1 to 9"),
        ({"noise": (0.1, 0.2)}, "noise must rise from 0"),
        ({"noise": (0.0, math.inf)}, "noise must rise from 0"),
        ({"rival_clip_norm": 0.0}, "rival_clip_norm is 0.0; it must be above 0"),
        ({"horn_rate": 0.0}, "learning_rate is 0.0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
    ],
)
def test_options_out_of_range_are_refused_in_one_line(changed, message):
    with pytest.raises(ValueError, match=message) as refused:
        dataclasses.replace(FULL, **changed).check()
    assert "\n" not in str(refused.value)


def test_figure_shows_every_network_in_both_panels():
    rows = made_up(dict.fromkeys(horn.NAMES, 0.6))
    with house_style():
        figure = horn.draw(FULL, rows)["horn"]
        figure.draw_without_rendering()
    for axes in figure.axes:
        assert len(axes.lines) == len(horn.NAMES) + 1  # and chance
    np.testing.assert_allclose(figure.axes[1].lines[0].get_xdata(), FULL.noise)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata()[-1], 0.6)
    assert len(figure.legends[0].get_texts()) == len(horn.NAMES) + 1
    plt.close(figure)
