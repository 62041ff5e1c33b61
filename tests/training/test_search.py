"""The choice among settings: the rule, its ties in order, and no heed of the order of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.records import plain
from rhythmic.training.search import Setting, select_setting, setting_grid


def rows(setting, *accuracies):
    return [
        {
            "learning_rate": setting.learning_rate,
            "weight_decay": setting.weight_decay,
            "label_smoothing": setting.label_smoothing,
            "validation_accuracy": accuracy,
            "test_accuracy": 1.0 - (accuracy or 0.0),
        }
        for accuracy in accuracies
    ]


def test_grid_is_every_combination_once():
    grid = setting_grid((3e-4, 1e-3, 3e-3), (0.0, 1e-3, 1e-2), (0.0, 0.05))
    assert len(grid) == len(set(grid)) == 18
    assert grid[0] == Setting(3e-4, 0.0, 0.0)
    assert grid[1] == Setting(3e-4, 0.0, 0.05)
    assert grid[2] == Setting(3e-4, 1e-3, 0.0)
    assert grid[6] == Setting(1e-3, 0.0, 0.0)
    assert grid[-1] == Setting(3e-3, 1e-2, 0.05)


LOW, HIGH = Setting(1e-3, 0.0, 0.0), Setting(3e-3, 1e-2, 0.05)
# (winner's setting and accuracies, loser's): each pair ties on everything before the named rule.
CASES = {
    "mean": (HIGH, (0.7, 0.9, 0.8), LOW, (0.79, 0.79, 0.79)),
    "standard error": (HIGH, (0.75, 0.5, 0.25), LOW, (1.0, 0.5, 0.0)),
    "decay": (Setting(3e-3, 0.0, 0.05), (0.5, 0.25), Setting(1e-3, 1e-3, 0.0), (0.25, 0.5)),
    "rate": (Setting(1e-3, 1e-2, 0.05), (0.5, 0.25), Setting(3e-3, 1e-2, 0.0), (0.5, 0.25)),
    "smoothing": (Setting(1e-3, 1e-2, 0.0), (0.5, 0.5), Setting(1e-3, 1e-2, 0.05), (0.5, 0.5)),
    "missing counts as zero": (LOW, (0.5, 0.5), HIGH, (0.9, None)),
    "error shrinks with seeds": (HIGH, (0.25, 0.75) * 4, LOW, (0.25, 0.75)),
}


@pytest.mark.parametrize("rule", CASES)
def test_rule_and_ties_in_order(rule):
    winner, winning, loser, losing = CASES[rule]
    assert select_setting(rows(winner, *winning) + rows(loser, *losing)) == winner
    assert select_setting(rows(loser, *losing) + rows(winner, *winning)) == winner


def test_no_rows():
    with pytest.raises(ValueError, match=r"^rows is empty"):
        select_setting([])


ACCURACY = st.none() | st.integers(0, 10).map(lambda n: n / 10)
SETTING = st.builds(
    Setting,
    st.sampled_from([1e-3, 3e-3]),
    st.sampled_from([0.0, 1e-2]),
    st.sampled_from([0.0, 0.05]),
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    members=st.lists(st.tuples(SETTING, ACCURACY), min_size=1, max_size=14),
    random=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_does_not_matter(members, random):
    shown = [row for setting, accuracy in members for row in rows(setting, accuracy)]
    chosen = select_setting(shown)
    shuffled = list(shown)
    random.shuffle(shuffled)
    assert select_setting(shuffled) == chosen
    hits = {}
    for setting, accuracy in members:
        hits.setdefault(setting, []).append(round(10 * (accuracy or 0)))
    means = {setting: sum(counts) / len(counts) for setting, counts in hits.items()}
    assert means[chosen] == max(means.values())


def as_recorded(hits, num_validation=5000):
    """An accuracy as a row holds it: single precision, nine digits."""
    return plain(np.float32(hits) / np.float32(num_validation))


@pytest.mark.parametrize(
    ("even", "spread"), [((3600,) * 3, (3500, 3600, 3700)), ((3751,) * 3, (3749, 3751, 3753))]
)
def test_equal_hits_are_a_tie_whatever_their_rounding(even, spread):
    given_rows = rows(HIGH, *map(as_recorded, even)) + rows(LOW, *map(as_recorded, spread))
    assert select_setting(given_rows) == HIGH
