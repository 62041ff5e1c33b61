"""The smallest networks: candidates, choice on validation, findings both ways, figures."""

import dataclasses

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.stats

from experiments.compare import smallest as question
from experiments.compare import smallest_plain as plain
from experiments.compare import smallest_search as search
from experiments.compare.findings import verdicts
from experiments.compare.smallest_findings import CLAIMS, TARGETS
from experiments.compare.smallest_options import (
    FAMILIES,
    IMAGE,
    PROJECTIONS,
    RANDOM,
    candidates,
)
from experiments.compare.smallest_rivals import HEADS as RIVALS
from experiments.members import MemberStore, Pool
from experiments.members.store import tuning
from rhythmic.cells.registry import CELLS
from rhythmic.data import Split
from rhythmic.plotting.style import house_style
from rhythmic.theory import image_ladder
from rhythmic.training import Data

FULL = dataclasses.replace(question.PRESETS["full"], dataset="mnist5k", results=None)


@pytest.fixture(params=question.PRESETS)
def preset(request):
    """Every preset, on the digits that come without a network, with few ladders."""
    options = dataclasses.replace(question.PRESETS[request.param], dataset="mnist5k", results=None)
    return dataclasses.replace(options, offsets=options.offsets[:2], aspects=options.aspects[:1])


def made_up(options, effects=()):
    """Return rows of everything that a whole run trains: 0.8 and noise, and what effects say."""
    generator, effects = np.random.default_rng(0), dict(effects)
    labels = [search.GOLDEN]
    for limit in options.limits:
        labels += [search.rival_label(rival, limit, 3) for rival in options.rivals]
    for limit in options.limits:
        labels += [search.chosen_label(family, limit) for family in options.families]
        labels += [search.twin_label(limit), search.power_label(limit)]
        labels += [search.linear_label(name, limit) for name in ("energies", "phasors")]
        labels += [search.finalist_label(limit)]
    rows = {
        label: [
            {
                "label": label,
                "seed": seed,
                "architecture": "horn",
                "num_parameters": 990 if "1000" in label else 290,
                "num_nodes": 10,
                "test_accuracy": 0.8
                + effects.get(label, 0.0)
                + 0.002 * generator.standard_normal(),
            }
            for seed in options.seeds
        ]
        for label in labels
    }
    table = [
        {
            "label": f"{family} {place}",
            "family": family,
            "limit": limit,
            "num_parameters": 290,
            "validation_accuracy": 0.7 + 0.01 * place,
            "frequencies": list(image_ladder(5 + place)),
        }
        for limit in options.limits
        for family in options.families
        for place in range(3)
    ]
    return rows | {search.SEARCH: table}


@pytest.mark.slow
def test_candidates_stay_below_their_limit_and_every_family_has_as_many(preset):
    for limit in preset.limits:
        counts, features = set(), {}
        for family in preset.families:
            made = list(candidates(preset, family, limit))
            assert len({one.name for one in made}) == len(made)
            counts.add(len(made))
            models = [
                jax.eval_shape(lambda key, a=a: a.build(1, 10, key=key).readout, KEY) for a in made
            ]
            features[family] = [model.normalisation.weight.shape for model in models]
        assert len(counts) == 1
        assert all(shapes == features[IMAGE] for shapes in features.values())
        for one in candidates(dataclasses.replace(preset, offsets=(0.25,)), IMAGE, limit):
            assert 0.8 * limit < one.num_parameters(1, 10) < limit


KEY = jax.random.key(0)


@pytest.mark.slow
def test_everyone_has_the_same_tuning_budget_and_the_search_tests_nobody(preset):
    budget = len(preset.learning_rates) * len(preset.tuning_seeds)
    made = search.conditions(preset)
    assert {len(tuning(condition)) for condition in made} == {budget}
    assert made[0].seeds == preset.seeds
    for own in search.searched(preset, preset.pool()).values():
        for condition in own:
            assert condition.seeds == ()
            assert len(tuning(condition)) == budget


@pytest.mark.slow
def test_rivals_are_as_large_as_the_limit_allows():
    made = search.conditions(FULL)
    sizes = {c.label: c.architecture.num_parameters(1, 10) for c in made[1:]}
    assert made[0].architecture.build(1, 10, key=KEY).num_parameters() == 252
    assert len(sizes) == 16
    assert set(RIVALS) - {"horn-heterogeneous"} == set(CELLS)
    for label, size in sizes.items():
        limit = int(label.rsplit(" ", 1)[1])
        assert 0.7 * limit < size < limit


def test_the_cell_that_validates_best_is_trained_for_as_long_as_the_chosen_ladder():
    rows = made_up(FULL)
    for place, name in enumerate(RIVALS):
        for limit in FULL.limits:
            for row in rows[search.rival_label(name, limit, 3)]:
                better = (name == "gru") if limit == 300 else (name == "horn")
                row["validation_accuracy"] = 0.6 + 0.3 * better - 0.01 * place
                row["learning_rate"] = 0.003 if name == "gru" else 0.01
    small, large = search.finalists(FULL, FULL.pool(), rows)
    assert (small.architecture.cell, large.architecture.cell) == ("gru", "horn")
    assert [c.label for c in (small, large)] == [search.finalist_label(x) for x in FULL.limits]
    for one, rate, limit in ((small, 0.003, 300), (large, 0.01, 1000)):
        assert one.training.epochs == FULL.epochs
        assert [setting.learning_rate for setting in one.settings] == [rate]
        assert tuning(one) == []
        assert one.seeds == FULL.seeds[: FULL.num_finalist_seeds]
        assert one.architecture.num_parameters(1, 10) < limit
    assert search.finalists(dataclasses.replace(FULL, rivals=()), FULL.pool(), {}) == []


def test_projections_are_fixed_and_alike_for_every_network():
    first, second = list(candidates(FULL, PROJECTIONS, 300))[:2]
    tables = [
        one.build(1, 10, key=jax.random.key(seed)).cell.table
        for one, seed in ((first, 0), (first, 1), (second, 0))
    ]
    np.testing.assert_array_equal(tables[0], tables[1])
    assert not np.array_equal(tables[0], tables[2])


def test_controls_keep_the_ladder_or_the_limit():
    options = dataclasses.replace(FULL, limits=(300, 1000))
    for limit in options.limits:
        chosen = next(iter(candidates(options, IMAGE, limit)))
        made = dict(search.controls(chosen, options.grids()[0], limit))
        twin = made[search.twin_label(limit)]
        assert dict(twin.options) == dict(chosen.options) | {"poles": "real"}
        assert (twin.readout, twin.readout_size) == (chosen.readout, chosen.readout_size)
        for feature, per_node in (("energies", 12), ("phasors", 24)):
            size = made[search.linear_label(feature, limit)].num_parameters(1, 10)
            assert limit - per_node <= size < limit
    with pytest.raises(TypeError, match="has no ladder"):
        search.controls(next(iter(candidates(options, PROJECTIONS, 300))), (1, 0, 1), 300)


def test_the_best_mean_over_tuning_seeds_at_the_best_rate_is_chosen():
    one = next(iter(search.searched(FULL, FULL.pool()).values()))[0]
    members = [
        {"learning_rate": rate, "validation_accuracy": accuracy, "num_parameters": 289}
        for rate, accuracy in ((0.01, 0.9), (0.01, 0.7), (0.03, 0.82), (0.03, 0.84))
    ]
    row = search.candidate_row(IMAGE, 300, one, members)
    assert row["learning_rate"] == 0.03
    assert row["validation_accuracy"] == 0.83
    assert row["frequencies"] == list(one.architecture.frequencies)
    values = (0.1, 0.3, 0.3, 0.2)
    assert search.best_place([{"validation_accuracy": value} for value in values]) == 1


def test_verdicts_follow_the_rows():
    image = {limit: search.chosen_label(IMAGE, limit) for limit in TARGETS}

    def said(effects):
        options = dataclasses.replace(FULL, dataset="mnist")
        found = question.findings(options, made_up(options, effects))
        assert [finding.claim for finding in found] == [claim.name for claim in CLAIMS]
        return dict(zip((claim.name for claim in CLAIMS), verdicts(found), strict=True))

    good = said({image[300]: 0.08, image[1000]: 0.14, search.linear_label("phasors", 300): 0.05})
    assert set(good.values()) == {"holds"}
    bad = said({image[300]: -0.1, image[1000]: -0.1, search.linear_label("phasors", 300): -0.05})
    assert set(bad.values()) == {"opposite"}
    same = said({})
    assert same["smallest-golden"] == same["ringing-300"] == "equivalent"
    assert same["below-300"] == "opposite"


def reached_by(values, *, dataset="mnist"):
    """Return the finding on 0.85 below 300 parameters, of these accuracies."""
    label = search.chosen_label(IMAGE, 300)
    options = dataclasses.replace(FULL, dataset=dataset, seeds=FULL.seeds[: len(values)])
    rows = made_up(options)
    rows[label] = [row | {"test_accuracy": x} for row, x in zip(rows[label], values, strict=True)]
    return question.findings(options, rows)[0]


def test_a_target_is_held_against_the_errors_of_seeds_and_of_test_digits():
    values = 0.853 + np.array([-2, -1, 0, 1, 2]) * 1e-4
    found = reached_by(values)
    error = np.hypot(np.std(values, ddof=1) / np.sqrt(5), np.sqrt(0.853 * 0.147 / 10_000))
    half = scipy.stats.t.ppf(0.975, 4) * error
    assert (found.low, found.high) == pytest.approx((0.003 - half, 0.003 + half))
    assert found.p_value == pytest.approx(2 * scipy.stats.t.sf(0.003 / error, 4))
    # By the seeds alone, which all read the same digits, it would have been beyond doubt.
    assert scipy.stats.ttest_1samp(values, 0.85).pvalue < 1e-5
    assert verdicts([found]) == ["undecided"]
    assert "of 10,000 test digits 0.0035" in found.text
    assert "over seeds 0.0001" in found.text
    assert "of 500 test digits 0.0158" in reached_by(values, dataset="mnist5k").text
    assert reached_by(values, dataset="mnist5k").p_value > found.p_value


def test_a_target_is_tested_from_five_seeds_on():
    values = 0.9 + np.array([-2, -1, 0, 1, 2]) * 1e-3
    assert np.isnan(reached_by(values[:4]).p_value)
    assert np.isfinite(reached_by(values[:4]).low)
    assert np.isfinite(reached_by(values).p_value)


def test_plain_readings_ask_for_the_dynamics_and_twins_are_pairs():
    meaning = {claim.name: claim.rhythm for claim in CLAIMS}
    for name in ("plain-power-300", "plain-power-1000", "random-projections-300"):
        assert meaning[name] == "dynamics"
    assert {name for name, word in meaning.items() if word == "helps"} == {"ringing-300"}
    rows = made_up(FULL)
    for label in (search.twin_label(300), search.chosen_label(IMAGE, 300), search.GOLDEN):
        for row in rows[label]:
            row["test_accuracy"] += 0.02 * (row["seed"] - 105)
    for row in rows[search.chosen_label(IMAGE, 300)]:
        row["test_accuracy"] += 0.01
    found = {finding.claim: finding for finding in question.findings(FULL, rows)}
    assert found["ringing-300"].p_value < 1e-4
    assert found["smallest-golden"].p_value > 0.5


def test_the_text_says_what_was_searched():
    rows = made_up(FULL, {search.chosen_label(IMAGE, 300): 0.1})
    text = question.findings(FULL, rows)[0].text
    assert "290 trained parameters, 10 fixed frequencies, chosen from 3 candidates: 0.9" in text
    cells = [x.text for x in question.findings(FULL, rows) if x.claim.startswith("best-cell")]
    assert [text.rsplit("; ", 1)[1] for text in cells] == [
        f"the best cell is horn, {number} parameters" for number in (290, 990)
    ]


def test_a_small_run_says_what_it_left_out():
    options = dataclasses.replace(FULL, limits=(300,), families=(IMAGE,))
    found = {finding.claim: finding for finding in question.findings(options, made_up(options))}
    assert "left out" in found["below-1000"].text
    assert "left out" in found["random-ladder-300"].text
    assert "left out" not in found["below-300"].text


@pytest.mark.parametrize("families", [FAMILIES, (IMAGE,)])
def test_figures_are_drawn_from_rows(families):
    options = dataclasses.replace(FULL, families=families)
    with house_style():
        figures = question.draw(options, made_up(options))
        for figure in figures.values():
            figure.draw_without_rendering()
    assert set(figures) == {"sizes", "search"}
    plt.close("all")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"families": (RANDOM,)}, "families lacks image ladder"),
        ({"families": (IMAGE, "pca")}, "families holds 'pca'"),
        ({"limits": (200,)}, "limits holds '200'"),
        ({"rivals": ("svm",)}, "rivals holds 'svm'"),
        ({"learning_rates": (0.01,)}, "learning_rates needs two or more"),
        ({"rival_learning_rates": (0.01, 0.02, 0.03)}, "as many as learning_rates"),
        ({"num_shapes": 4}, "num_shapes is 4"),
        ({"num_rival_seeds": 11}, "num_rival_seeds is 11"),
        ({"num_finalist_seeds": 0}, "num_finalist_seeds is 0; it must lie in 1 to 10"),
        ({"search_epochs": 0}, "search_epochs: epochs is 0"),
        ({"spacings": ()}, "need one value each"),
        ({"offsets": (1.0,)}, "offset is 1.0"),
    ],
)
def test_options_are_refused_in_one_line(changed, message):
    with pytest.raises(ValueError, match=message) as error:
        dataclasses.replace(FULL, **changed).check()
    assert "\n" not in str(error.value)


def test_numbers_of_parameters_hide_nothing():
    with house_style():
        figure = question.draw(FULL, made_up(FULL))["sizes"]
        figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) > 20
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
        assert box.x0 > axes.get_window_extent().x1
    # Every kind that was trained has a line under its heading.
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels.index("no recurrent weights, only the readout is trained") < labels.index(
        "image ladder: phasors, hidden layer"
    )
    plt.close("all")


@pytest.mark.slow
def test_plain_baselines_are_rows_and_fitted_once(tmp_path, monkeypatch, capsys):
    images = np.random.default_rng(0).integers(0, 256, (60, 784)).astype(np.uint8)
    parts = np.arange(60, dtype=np.int32)
    split = Split(parts[:40], parts[40:50], parts[50:])
    pool = Pool("noise", "0" * 64, Data(images, np.arange(60) % 10), lambda seed: split)

    def fitted(seeds):
        store = MemberStore(tmp_path / "members.jsonl")
        return plain.plain_baselines(store, pool, (100,), seeds, 30)

    (first,) = fitted((1,))[plain.power_label(100)]
    assert 0.0 <= first["test_accuracy"] <= 1.0
    assert first["num_parameters"] < 100
    capsys.readouterr()
    assert fitted((1, 2))[plain.power_label(100)][0] == first
    assert "2 of 2" in capsys.readouterr().err
    monkeypatch.setattr(plain, "row_of", None)
    assert [row["seed"] for row in fitted((2, 1))[plain.power_label(100)]] == [2, 1]
