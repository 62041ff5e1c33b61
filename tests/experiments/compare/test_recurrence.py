"""What recurrence adds: conditions of every preset, findings both ways, figures of made-up rows."""

import dataclasses
import functools
import math

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.compare import recurrence as question
from experiments.compare.findings import PAIRED, WELCH, verdicts
from experiments.compare.recurrence import CLAIMS, PAIRS, best_alike
from experiments.compare.recurrence_networks import (
    HORN_ALIKE,
    HORN_DRAWN,
    NETWORKS,
    RecurrenceOptions,
    alike_label,
    conditions,
    label_of,
)
from experiments.members.store import tuning
from rhythmic.plotting.style import house_style
from rhythmic.training import MemberTraining, make_members

FULL = dataclasses.replace(question.PRESETS["full"], dataset="mnist5k", results=None)


@pytest.fixture(params=question.PRESETS)
def preset(request):
    """Every preset, on the digits that come without a network."""
    return dataclasses.replace(question.PRESETS[request.param], dataset="mnist5k")


conditions_of = functools.cache(conditions)


def made_up(options, effects=(), validation=()):
    """Return rows of every condition: 0.7 and noise, more where the two dictionaries say so."""
    generator = np.random.default_rng(0)
    effects, validation = dict(effects), dict(validation)
    return {
        condition.label: [
            {
                "label": condition.label,
                "seed": seed,
                "test_accuracy": 0.7
                + effects.get(condition.label, 0.0)
                + 0.002 * generator.standard_normal(),
                "validation_accuracy": 0.7 + validation.get(condition.label, 0.0),
            }
            for seed in condition.seeds
        ]
        for condition in conditions_of(options)
    }


def found(options, rows):
    findings = question.findings(options, rows)
    assert [finding.claim for finding in findings] == [claim.name for claim in CLAIMS]
    return {finding.claim: finding for finding in findings}


def test_every_rival_has_the_same_budget(preset):
    made = conditions(preset)
    assert len({condition.label for condition in made}) == len(made)
    budgets = {len(tuning(condition)) for condition in made}
    several = len(preset.learning_rates) > 1
    assert budgets == {len(preset.learning_rates) * len(preset.tuning_seeds) if several else 0}
    for condition in made:
        assert condition.settings == preset.settings()
        assert condition.training == preset.training()
    if "homogeneous" in preset.parts:
        alike = {c.program() for c in made if c.label.startswith("11 nodes at")}
        assert len(alike) == 1


def test_what_is_crossed_differs_in_one_thing():
    made = {condition.label: condition.architecture for condition in conditions(FULL)}
    sizes = {}
    for label in ("golden, energy", "golden, mean", "double, energy", "real, mean"):
        model = made[label].build(1, 10, key=jax.random.key(0))
        sizes[label] = sum(x.size for x in jax.tree.leaves(model.cell.recurrent_weights))
        assert model.feature == ("output" if label.endswith("mean") else "squared_amplitude")
    assert set(sizes.values()) == {121}
    built = {
        name: made[label_of(name, "mean")].build(1, 10, key=jax.random.key(3)).cell
        for name in ("golden", "double", "real", "unconnected")
    }
    # Same start values, other rhythms: golden rings, its twins do not.
    for twin in ("double", "real"):
        np.testing.assert_array_equal(
            built["golden"].recurrent_weights, built[twin].recurrent_weights
        )
    rings = {
        name: np.asarray(cell.nodes.w1, np.float64) ** 2 + 4 * np.asarray(cell.nodes.w2, np.float64)
        for name, cell in built.items()
    }
    assert (rings["golden"] < 0).all()
    assert (rings["real"] > 0).all()
    np.testing.assert_array_equal(rings["unconnected"], rings["golden"])
    # A double pole is split by rounding alone.
    assert np.abs(rings["double"]).max() < 1e-6


@pytest.mark.parametrize(("name", "better", "worse"), [(p[0], p[2], p[3]) for p in PAIRS])
def test_two_networks_both_ways(name, better, worse):
    for effects, expected in (
        ({label_of(*better): 0.05}, "holds"),
        ({label_of(*worse): 0.05}, "opposite"),
        ({}, "equivalent"),
    ):
        assert verdicts([found(FULL, made_up(FULL, effects))[name]]) == [expected]


def test_networks_of_one_cell_are_pairs_and_start_from_the_same_weights():
    made = {condition.label: condition.architecture for condition in conditions(FULL)}
    weights = {"rrn": "recurrent_weights", "rnn": "weight_hh", "lstm": "weight_hh"}
    paired = {pair[0]: pair[2:] for pair in PAIRS if question.one_cell(*pair[2:])}
    assert len(paired) == 8
    assert "rhythm-rnn-energy" not in paired
    for name, (better, worse) in paired.items():
        cells = [
            made[label_of(*one)].build(1, 10, key=jax.random.key(3)).cell for one in (better, worse)
        ]
        assert type(cells[0]) is type(cells[1])
        if name != "recurrence":
            own = [getattr(cell, weights[NETWORKS[better[0]][0]]) for cell in cells]
            np.testing.assert_array_equal(*own)
    alike, drawn = (made[x].build(1, 10, key=jax.random.key(3)) for x in (HORN_ALIKE, HORN_DRAWN))
    np.testing.assert_array_equal(alike.cell.weight_hh, drawn.cell.weight_hh)
    np.testing.assert_array_equal(alike.readout.weight, drawn.readout.weight)


def test_pairs_see_what_seeds_hide_and_other_cells_do_not():
    rows = made_up(FULL, {label_of("golden", head): 0.01 for head in ("energy", "mean")})
    for own in rows.values():
        for row in own:
            row["test_accuracy"] += 0.02 * (row["seed"] % 10)
    reached = found(FULL, rows)
    rivals = {f"rhythm-{rival}-{head}" for rival in ("rnn", "lstm") for head in ("energy", "mean")}
    for claim in CLAIMS:
        p_value = reached[claim.name].p_value
        if claim.name in rivals:
            assert p_value > 0.1
            assert WELCH in claim.test
        else:
            assert PAIRED in claim.test
            if claim.name.startswith(("recurrence", "rhythm", "heterogeneous-rrn")):
                assert p_value < 1e-4
    # Further seeds of the unconnected network have no partners.
    assert "(n = 10), unconnected, energy" in reached["recurrence"].text
    assert reached["recurrence"].text.count("n = 10") == 2


def test_the_homogeneous_rival_is_chosen_on_validation_alone():
    labels = [alike_label(frequency) for frequency in FULL.frequencies]
    # The best in the test is not the best in validation, which decides.
    rows = made_up(FULL, {labels[0]: 0.1, labels[2]: -0.05}, {labels[2]: 0.01})
    assert best_alike(FULL, rows) == labels[2]
    finding = found(FULL, rows)["heterogeneous-rrn"]
    assert verdicts([finding]) == ["holds"]
    assert labels[2] in finding.text
    rows = made_up(FULL, {labels[0]: 0.1}, {labels[0]: 0.01})
    assert verdicts([found(FULL, rows)["heterogeneous-rrn"]]) == ["opposite"]


def test_the_frequency_of_rows_is_among_the_candidates():
    for name in ("full", "accelerator"):
        assert min(abs(f - 1000 / 28) for f in question.PRESETS[name].frequencies) < 1e-9


def test_every_seed_has_a_horn_of_its_own_draw():
    drawn = next(c for c in conditions_of(FULL) if c.label == HORN_DRAWN)
    training = MemberTraining(drawn.architecture, drawn.training)
    members = make_members(
        drawn.pool.split,
        seeds=drawn.seeds[:3],
        learning_rate=(0.01,) * 3,
        weight_decay=(0.0,) * 3,
        label_smoothing=(0.0,) * 3,
    )
    cell = jax.vmap(training.fixed_part)(members).cell
    for values, middle in ((cell.angular_frequency.values, 0.224), (cell.damping.values, 0.01)):
        assert len(np.unique(values)) == values.size == 33
        assert (values > middle / 2).all()
        assert (values < middle * 2).all()


def test_heterogeneous_horn_both_ways():
    for effects, expected in (({HORN_DRAWN: 0.05}, "holds"), ({HORN_ALIKE: 0.05}, "opposite")):
        finding = found(FULL, made_up(FULL, effects))["heterogeneous-horn"]
        assert verdicts([finding]) == [expected]
        assert finding.text.startswith("HORN, heterogeneous 0.7")


def test_parts_left_out_are_not_found_in_silence():
    options = dataclasses.replace(FULL, parts=("homogeneous",))
    reached = found(options, made_up(options))
    assert "not asked" in reached["recurrence"].text
    assert math.isnan(reached["recurrence"].p_value)
    assert "not asked" in reached["heterogeneous-horn"].text
    assert math.isfinite(reached["heterogeneous-rrn"].estimate)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"parts": ("all",)}, "choose from crossing"),
        ({"networks": ("gru",)}, "choose from golden"),
        ({"heads": ("mean", "mean")}, "each once"),
        ({"frequencies": (300.0,)}, "sample_rate / 4"),
        ({"frequencies": (20.0, 20.0)}, "holds a value twice"),
        ({"num_free_seeds": 2}, "num_free_seeds is 2"),
        ({"num_free_seeds": 30}, "one of tuning_seeds"),
    ],
)
def test_options_out_of_range_are_refused_in_one_line(wrong, message):
    with pytest.raises(ValueError, match=message) as refused:
        RecurrenceOptions(**wrong).check()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("parts", [("crossing", "homogeneous", "horn"), ("horn",)])
def test_figures_come_from_rows_alone(parts):
    options = dataclasses.replace(FULL, parts=parts)
    with house_style():
        figures = question.draw(options, made_up(options))
        for figure in figures.values():
            figure.draw_without_rendering()
    assert set(figures) == set(parts)
    plt.close("all")
