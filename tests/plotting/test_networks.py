"""Networks in figures and tables: any name is drawn, always in the same way; known ones as ever."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from experiments.mnist.configuration import PRESETS
from experiments.mnist.report import summary_line, terminal_table
from rhythmic.plotting.accuracy import (
    accuracy_figure,
    confusion_figure,
    learning_curve_figure,
    spike_trains_figure,
)
from rhythmic.plotting.compare_ladders import (
    Mark,
    draw_crossing,
    draw_nearness,
    draw_null,
    draw_sizes,
)
from rhythmic.plotting.compare_robustness import noise_figure, order_figure, sample_figure
from rhythmic.plotting.features import (
    baseline_figure,
    feature_figure,
    profile_figure,
    recurrent_weight_figure,
)
from rhythmic.plotting.memory import memory_figure
from rhythmic.plotting.sequences import (
    Panel,
    model_appearance,
    network_appearance,
    next_item_figure,
    synthetic_figure,
)
from rhythmic.plotting.style import NETWORKS, appearance, house_style

NAMES = ("rrn", "my network", "rnn")  # two that no figure knows, and one that all know
VALUES = np.linspace(0.2, 0.6, 6).reshape(2, 3)


def by_name(value):
    return dict.fromkeys(NAMES, value)


def panel(draw, *arguments):
    """Draw one panel alone."""
    figure = Figure()
    draw(figure.subplots(), *arguments)
    return figure


ROWS = [{"test_accuracy": 0.5, "num_parameters": 9}, {"test_accuracy": 0.6, "num_parameters": 9}]
HISTORY = {"validation_accuracy": [0.1, 0.2], "train_loss": [2.0, 1.0]}
SPECTRUM = {"order": "spiral", "frequency": [1.0, 2], "power": [2.0, 1], "rhythm_share": 0.5}
TASK = Panel(
    *("task", "lag", np.array([1.0, 2]), 1, True, 0.1, np.ones(2), "best"), by_name(VALUES)
)
MARKS = [Mark(name, 0.5, 0.1) for name in (*NAMES, *"abcdef")]
NUMBERS = np.linspace(0.4, 0.6, 9)
SCORES = by_name(VALUES[0])
GATES = dict.fromkeys(("input", "forget", "output"), VALUES.T)
FIGURES = {
    "accuracy": lambda: accuracy_figure(by_name([0.5, 0.6]), {}, "title"),
    "learning curves": lambda: learning_curve_figure(by_name([HISTORY] * 2)),
    "confusion": lambda: confusion_figure(by_name([np.eye(3) + 1])),
    "noise": lambda: noise_figure((0.0, 0.1, 0.2), {"trained": by_name(VALUES)}, {}),
    "samples": lambda: sample_figure((10, 20, 40), {"equal": by_name(VALUES)}, {}),
    "orders": lambda: order_figure(by_name({"rows": [0.5], "spiral": [0.4]}), [SPECTRUM], {}),
    "profiles": lambda: profile_figure([2.0, 4, 8], by_name(np.ones((2, 10, 3))), {}),
    "baselines": lambda: baseline_figure(
        {name: {3: (9, [0.5, 0.6])} for name in "abcd"}, by_name((9, [0.5, 0.6])), 3
    ),
    "weights": lambda: recurrent_weight_figure(by_name(np.ones((1, 2, 2))), by_name([2.0, 4]), {}),
    "crossing": lambda: panel(draw_crossing, by_name({"energy": ROWS, "my head": ROWS})),
    "sizes": lambda: panel(
        draw_sizes, {f"{name}, below {size}": ROWS for name in NAMES for size in (9, 99, 999, 9999)}
    ),
    "spikes": lambda: spike_trains_figure(
        dict.fromkeys(("published", "tuned", "mine"), by_name([0.5, 0.6])), {}, [0.9]
    ),
    "synthetic": lambda: synthetic_figure([TASK]),
    "null": lambda: panel(draw_null, NUMBERS, MARKS),
    "nearness": lambda: panel(draw_nearness, NUMBERS, NUMBERS, MARKS),
    "memory": lambda: memory_figure(
        *(np.zeros((3, 4)), GATES, by_name(np.zeros((3, 2))), np.array([0, 1]), np.array([2, 4])),
        *(by_name(VALUES), {"input": {"open": VALUES[0]}}),
    ),
    "next item": lambda: next_item_figure(
        dict.fromkeys(("a", "b", "c"), by_name(np.ones((2, 2)) / 2)),
        ["we", "will"],
        by_name(np.zeros(50)) | {"targets": np.zeros(50)},
        100.0,
        {"word": SCORES, "value": SCORES},
        {"word": 0.5, "value": 0.5},
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_networks_of_any_name(name):
    with house_style():
        figure = FIGURES[name]()
        figure.canvas.draw()
    texts = {text.get_text().replace("\n", " ") for text in figure.findobj(plt.Text)}
    if name in ("null", "nearness"):  # of ladders
        assert {mark.name for mark in MARKS} <= texts
    else:
        assert any("my network" in text for text in texts)
        assert any("rrn" in text for text in texts)
    plt.close(figure)


def test_axes_of_learning_curves_say_what_they_show():
    figure = FIGURES["learning curves"]()
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["validation accuracy", "training loss"]
    plt.close(figure)


def test_tables_name_any_network():
    rows = [
        {"seed": seed, "num_nodes": 3, "num_parameters": 9, "learning_rate": 0.1}
        | {"weight_decay": 0.0, "label_smoothing": 0.0, "failed_at_step": -1, "test_accuracy": 0.5}
        for seed in (1, 2)
    ]
    lines = [summary_line(PRESETS["quick"], name, by_name(rows)) for name in NAMES]
    titles = list(terminal_table(PRESETS["quick"], lines).columns[0].cells)
    assert titles == ["rrn", "my network", "RNN"]


@pytest.mark.slow
def test_an_unknown_name_has_its_own_title_and_one_appearance_in_every_process():
    own = appearance("my network")
    assert own.label == "my network"
    assert own.colour not in {known.colour for known in NETWORKS.values()}
    assert own == network_appearance("my network") == model_appearance("my network")
    program = "from rhythmic.plotting.style import appearance; print(appearance('my network'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == str(own)


def test_known_networks_keep_their_titles_and_colours():
    assert appearance("rrn-golden")[:2] == ("rhythmic (golden)", "#E69F00")
    assert network_appearance("rhythmic")[:2] == appearance("rrn-golden")[:2]
    assert model_appearance("rhythmic")[:2] == ("rhythmic RNN", "#E69F00")
    assert appearance("gru").label == "GRU"


def test_features_that_differ_more_than_their_mean_leave_room_for_the_axes():
    features = np.ones((2, 10, 3))
    features[0, 4, 1] = 1e-3
    with house_style():
        feature_figure((2.0, 5.0, 12.0), features).draw_without_rendering()
