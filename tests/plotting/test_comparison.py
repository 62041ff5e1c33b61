"""Figures of a comparison: what of their data they show."""

import numpy as np
import pytest

from rhythmic.plotting.comparison import answers_figure, curves_figure, traces_figure

TITLES = {"rrn": "rhythmic RNN"}


@pytest.mark.parametrize(
    ("curve", "is_cut"),
    [
        ([-100.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], True),
        ([-0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], False),
        ([0.1, *[0.5] * 7], False),  # nothing follows that would be flattened
    ],
)
def test_axes_of_curves_leave_out_a_beginning_far_below_all_that_follows(curve, is_cut):
    figure = curves_figure({"rrn": [curve, curve]}, TITLES, "R²")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    low, high = axes.get_ylim()
    assert (low > curve[0]) == is_cut
    assert high > max(curve)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), curve)


def test_predictions_stand_against_their_targets():
    targets = np.arange(12.0).reshape(3, 4)
    predictions = targets + 0.5
    predictions[0, 0] = np.nan  # of a run that failed
    figure = answers_figure(targets, predictions)
    figure.draw_without_rendering()
    assert len(figure.axes) == 3  # of four outputs
    for place, axes in enumerate(figure.axes):
        points = axes.lines[0]
        np.testing.assert_array_equal(points.get_xdata(), targets[:, place])
        np.testing.assert_array_equal(points.get_ydata(), predictions[:, place])


@pytest.mark.parametrize("classes", [(), ("rest", "move")])
def test_traces_show_targets_and_predictions_of_every_step(classes):
    targets, answers = [[0, 1, None]], [[1, 1, 0]]  # a target is missing
    if classes:
        targets, answers = [0, 1, -1], [1, 1, 0]
    trace = {
        "seconds": [0.0, 0.1, 0.2],
        "inputs": [[0.0, 1.0, 2.0]],
        "nodes": [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]],
        "targets": targets,
        "answers": answers,
    }
    figure = traces_figure([trace], ["trial 0"], [5.0, 2.0], ["Cz"], classes)
    figure.draw_without_rendering()
    assert [axes.get_ylabel() for axes in figure.axes] == ["channels", "nodes (Hz)", "predictions"]
    assert [one.get_text() for one in figure.axes[1].get_yticklabels()] == ["2", "5"]
    shown = figure.axes[2].lines
    assert len(shown) == 2
    assert np.isnan(shown[0].get_ydata()[2])
    assert np.all(np.diff(shown[1].get_ydata()) <= 0)
