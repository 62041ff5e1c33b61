"""The published figures from kept rows: which rows count, features, findings beside the table."""

import dataclasses
import json

import numpy as np
import pytest
import scipy.stats

from experiments.compare import paper_figures
from experiments.compare.paper_figures import PRESETS, digit_features, published_rows
from experiments.compare.trained_features import trained_network
from rhythmic.data import load_mnist5k
from rhythmic.plotting.style import LABELS
from rhythmic.statistics import compare
from rhythmic.statistics.comparison import least_squares_differences
from tests.experiments.compare.made_up import findings, rows_of, verdicts

NAMES = ("rrn-golden", "rnn", "lstm")


def test_rows_that_are_kept_are_of_the_published_recipe():
    found = published_rows(PRESETS["full"].rows)
    assert set(NAMES) <= set(found)
    for own in found.values():
        assert len({row["seed"] for row in own}) == len(own) >= 5
        assert {row["epochs"] for row in own} == {30}


def test_rows_of_another_recipe_do_not_count(tmp_path):
    row = {
        "architecture": "rrn-golden",
        "dataset": "mnist",
        "epochs": 30,
        "confusion": [[1]],
        "configuration": "a",
        "learning_rate": 0.003,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
    }
    changed = ({"epochs": 3}, {"dataset": "mnist5k"}, {"learning_rate": 0.01}, {"seed": 3}, {})
    rows = [row | {"seed": 9 - i, "member": str(i)} | x for i, x in enumerate(changed)]
    untested = {k: v for k, v in rows[0].items() if k != "confusion"} | {"member": "u"}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(x) + "\n" for x in (*rows, untested)))
    found = published_rows(path)
    assert [x["seed"] for x in found["rrn-golden"]] == [3, 5]
    with pytest.raises(ValueError, match="holds no rrn-golden of 30 epochs"):
        dataclasses.replace(PRESETS["full"], rows=tmp_path / "none.jsonl").check()


@pytest.mark.slow
def test_features_of_single_digits_are_means_over_draws(monkeypatch):
    options = dataclasses.replace(PRESETS["smoke"], num_draws=3, digits=(4,))
    networks = published_rows(options.rows)["rrn-golden"][:1]
    drawn, chosen = [], paper_figures.drawn_image
    monkeypatch.setattr(
        paper_figures, "drawn_image", lambda *given: drawn.append(chosen(*given)) or drawn[-1]
    )
    (found,) = digit_features(options, networks)
    digits = load_mnist5k()
    assert len(drawn) == 3
    assert set(digits.labels[drawn]) == {4}
    model = trained_network(paper_figures.golden(), networks[0])
    inputs = np.asarray(digits.images[drawn].T[:, None] / 255, np.float32)
    features = np.asarray(model.features(inputs)).T
    # The plain scan in float32 is itself off by per cents at nodes so near the unit circle.
    np.testing.assert_allclose(found["mean"], features.mean(axis=0), rtol=0.1)
    expected = features.std(axis=0, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(found["standard_error"], expected, rtol=0.3)


def test_networks_of_unequal_spread_are_judged_by_welch_and_least_squares_stand_beside():
    rows = rows_of("paper_figures", PRESETS["full"])
    spread = np.array([-2, -1, -0.5, 0.5, 1, 2])
    scales = {"rrn-golden": (0.76, 0.005), "rnn": (0.6, 0.1), "lstm": (0.69, 0.03)}
    values = {}
    for name, (mean, scale) in scales.items():
        values[name] = mean + scale * spread
        for row, value in zip(rows[LABELS[name]], values[name], strict=True):
            row["test_accuracy"] = value
    for finding, name in zip(
        findings("paper_figures", PRESETS["full"], rows), ("rnn", "lstm"), strict=True
    ):
        welch = scipy.stats.ttest_ind(values["rrn-golden"], values[name], equal_var=False)
        assert finding.p_value == pytest.approx(welch.pvalue)
        assert (finding.low, finding.high) == pytest.approx(tuple(welch.confidence_interval()))
    # The RNN's spread, pooled into the LSTM's test, hides what Welch's sees.
    fitted = least_squares_differences(values, "rrn-golden")["lstm"]
    assert fitted.p_value > 5 * finding.p_value
    beside = f"t({fitted.degrees}) = {fitted.t_statistic:.2f}, p = {fitted.p_value:.2g}"
    assert finding.text.endswith(beside)


def test_the_verdicts_on_the_kept_networks_are_those_of_the_table():
    networks = published_rows(PRESETS["full"].rows)
    rows = {LABELS[name]: own for name, own in networks.items()}
    values = {name: [row["test_accuracy"] for row in networks[name]] for name in NAMES}
    table = compare(values["rrn-golden"], {name: values[name] for name in ("rnn", "lstm")})
    words = [
        "supported" if own.corrected_p_value <= 0.05 else "cannot tell" for own in table.values()
    ]
    assert verdicts(findings("paper_figures", PRESETS["full"], rows)) == words
