"""The smallest networks: candidates, choice on validation, targets, plain baselines."""

import dataclasses

import jax
import numpy as np
import pytest
import scipy.stats

from experiments.compare import smallest as question
from experiments.compare import smallest_search as search
from experiments.compare.smallest import CLAIMS
from experiments.compare.smallest_networks import IMAGE, PROJECTIONS, RIVALS, candidates
from experiments.members import MemberStore, Pool
from experiments.members.store import tuning
from rhythmic.cells.registry import CELLS
from rhythmic.data import Split
from rhythmic.plotting.style import house_style
from rhythmic.training import Data
from tests.experiments.compare.made_up import bundled, findings, rows_of, small, verdicts

SMALL = small("smallest")
FULL = small("smallest", rivals=tuple(RIVALS))
KEY = jax.random.key(0)


@pytest.fixture(params=question.PRESETS)
def preset(request):
    """Every preset, with few ladders."""
    options = bundled("smallest", request.param, results=None)
    return dataclasses.replace(options, offsets=options.offsets[:2], aspects=options.aspects[:1])


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
    assert set(RIVALS) - {"horn-heterogeneous"} <= set(CELLS)
    for label, size in sizes.items():
        limit = int(label.rsplit(" ", 1)[1])
        assert 0.7 * limit < size < limit


def test_the_cell_that_validates_best_is_trained_for_as_long_as_the_chosen_ladder():
    rows = {}
    for place, name in enumerate(RIVALS):
        for limit in FULL.limits:
            better = name == ("gru" if limit == 300 else "horn")
            row = {
                "validation_accuracy": 0.6 + 0.3 * better - 0.01 * place,
                "learning_rate": 0.003 if name == "gru" else 0.01,
            }
            rows[search.rival_label(name, limit, 3)] = [row]
    small, large = search.finalists(FULL, FULL.pool(), rows)
    assert (small.architecture.cell, large.architecture.cell) == ("gru", "horn")
    assert [c.label for c in (small, large)] == [
        search.below(search.FINALIST, x) for x in FULL.limits
    ]
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
        twin = made[search.below(search.TWIN, limit)]
        assert dict(twin.options) == dict(chosen.options) | {"poles": "real"}
        assert (twin.readout, twin.readout_size) == (chosen.readout, chosen.readout_size)
        for kind, per_node in ((search.ENERGIES, 12), (search.PHASORS, 24)):
            size = made[search.below(kind, limit)].num_parameters(1, 10)
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


def reached_by(values, *, dataset="mnist"):
    """Return the finding on 0.85 below 300 parameters, of these accuracies."""
    label = search.below(IMAGE, 300)
    options = dataclasses.replace(SMALL, seeds=SMALL.seeds[: len(values)])
    rows = rows_of("smallest", options)
    options = dataclasses.replace(options, dataset=dataset)
    rows[label] = [row | {"test_accuracy": x} for row, x in zip(rows[label], values, strict=True)]
    return findings("smallest", options, rows)[0]


def test_a_target_is_held_against_the_errors_of_seeds_and_of_test_digits():
    values = 0.853 + np.array([-2, -1, 0, 1, 2]) * 1e-4
    found = reached_by(values)
    error = np.hypot(np.std(values, ddof=1) / np.sqrt(5), np.sqrt(0.853 * 0.147 / 10_000))
    half = scipy.stats.t.ppf(0.975, 4) * error
    assert (found.low, found.high) == pytest.approx((0.003 - half, 0.003 + half))
    assert found.p_value == pytest.approx(2 * scipy.stats.t.sf(0.003 / error, 4))
    # By the seeds alone, which all read the same digits, it would have been beyond doubt.
    assert scipy.stats.ttest_1samp(values, 0.85).pvalue < 1e-5
    assert verdicts([found]) == ["cannot tell"]
    assert "of 10,000 test digits 0.0035" in found.text
    assert "over seeds 0.0001" in found.text
    assert "of 500 test digits 0.0158" in reached_by(values, dataset="mnist5k").text
    assert reached_by(values, dataset="mnist5k").p_value > found.p_value


def test_a_target_is_tested_from_five_seeds_on():
    values = 0.9 + np.array([-2, -1, 0, 1, 2]) * 1e-3
    assert np.isnan(reached_by(values[:4]).p_value)
    assert np.isfinite(reached_by(values[:4]).low)
    assert np.isfinite(reached_by(values).p_value)
    assert verdicts([reached_by(values), reached_by(values - 0.1)]) == ["supported", "contradicted"]


def test_plain_readings_ask_for_the_dynamics():
    meaning = {claim.name: claim.rhythm for claim in CLAIMS}
    for name in ("plain-power-300", "plain-power-1000", "random-projections-300"):
        assert meaning[name] == "dynamics"
    assert {name for name, word in meaning.items() if word == "helps"} == {"ringing-300"}


def test_the_text_says_what_was_searched():
    found = findings(
        "smallest", SMALL, rows_of("smallest", SMALL, {"image ladder, below 300": 0.1})
    )
    text = "252 trained parameters, 11 fixed frequencies, chosen from 3 candidates: 0.8"
    assert text in found[0].text
    cells = [one.text for one in found if one.claim.startswith("best-cell")]
    assert [text.rsplit("; ", 1)[1] for text in cells] == [
        f"the best cell is horn, {number} parameters" for number in (252, 990)
    ]


def test_numbers_of_parameters_hide_nothing():
    with house_style():
        figure = question.draw(SMALL, rows_of("smallest", SMALL))["sizes"]
        figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) > 15
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
        assert box.x0 > axes.get_window_extent().x1
    # Every kind that was trained has a line under its heading.
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels.index("no recurrent weights, only the readout is trained") < labels.index(
        "image ladder: phasors, hidden layer"
    )


@pytest.mark.slow
def test_plain_baselines_are_rows_and_fitted_once(tmp_path, monkeypatch, capsys):
    images = np.random.default_rng(0).integers(0, 256, (60, 784)).astype(np.uint8)
    parts = np.arange(60, dtype=np.int32)
    split = Split(parts[:40], parts[40:50], parts[50:])
    pool = Pool("noise", "0" * 64, Data(images, np.arange(60) % 10), lambda seed: split)

    def fitted(seeds):
        store = MemberStore(tmp_path / "members.jsonl")
        return search.plain_baselines(store, pool, (100,), seeds, 30)

    (first,) = fitted((1,))[search.below(search.PLAIN, 100)]
    assert 0.0 <= first["test_accuracy"] <= 1.0
    assert first["num_parameters"] < 100
    capsys.readouterr()
    assert fitted((1, 2))[search.below(search.PLAIN, 100)][0] == first
    assert "2 of 2" in capsys.readouterr().err
    monkeypatch.setattr(search, "row_of", None)
    assert [row["seed"] for row in fitted((2, 1))[search.below(search.PLAIN, 100)]] == [2, 1]
