"""The numbers of the atlas come out, and what is said follows from them."""

import dataclasses

import numpy as np
import pytest

from experiments import stability_atlas as script
from experiments.stages import Stages
from rhythmic.plotting.atlas import Window, atlas_figure, log_levels
from rhythmic.rhythms.bands import catalogue
from rhythmic.theory import node_frequency, pole_radius, second_order_regime

OPTIONS = script.StabilityAtlasOptions(num_w1=50, num_w2=36, num_steps=90)


@pytest.mark.slow
def test_maps_are_theory_and_simulation_differs_in_the_strip_alone(results):
    for name, ends in (("plane", OPTIONS.w1), ("zoom", OPTIONS.zoom_w1)):
        w1, w2 = results[f"{name}_w1"], results[f"{name}_w2"]
        np.testing.assert_allclose([w1[0], w1[-1]], ends, rtol=1e-6)
        grid = w1[:, None], w2
        np.testing.assert_array_equal(results[f"{name}_regime"], second_order_regime(*grid))
        expected = node_frequency(*grid, 1 / OPTIONS.sample_rate)
        np.testing.assert_allclose(results[f"{name}_frequency"], expected, rtol=1e-6)
        for precision in OPTIONS.precisions:
            inside, differs = (
                results[f"{name}_{key}_{precision}"] for key in ("inside", "differs")
            )
            assert not np.any(differs & ~inside)
    assert np.any(results["zoom_differs_float32"])
    step, radius = results["plane_overflow_step"], pole_radius(*np.ix_(w1, w2))
    assert np.any(step > 0)
    assert step.shape == radius.shape == (50, 36)


@pytest.mark.slow
def test_errors_are_the_largest_outside_the_strip(results):
    phase, pair, real, stopped = results["plane_errors_float64"]
    assert stopped < 0.05
    assert phase < 1e-10
    assert pair < 1e-10
    assert 1e-12 < real < 1
    found = {
        "frequency": np.array([[10.0, np.nan]]),
        "growth_rate": np.array([[0.0, 0.0]]),
        "steps_run": np.array([[100, 100]]),
        "overflow_step": np.array([[-1, 90]]),
    }
    w1, w2 = np.array([1.0]), np.array([-1.0, 0.5])
    nothing = np.zeros((1, 2), bool)
    phase, pair, real, stopped = script.errors(found, w1, w2, 0.01, nothing)
    assert phase == pytest.approx(2 * np.pi * abs(10 - node_frequency(1.0, -1.0, 0.01)))
    assert pair == 0
    assert real == pytest.approx(100 * np.log(pole_radius(1.0, 0.5)))
    assert stopped == 1
    assert np.isnan(script.errors(found, w1, w2, 0.01, ~nothing)).all()


@pytest.mark.slow
def test_answer_and_summary_follow_from_the_arrays(results):
    said = script.answer(OPTIONS, results)
    share = np.mean(results["plane_differs_float32"])
    assert f"{share:.2%} of the points in float32, all of them in the strip" in said
    assert "pole radius 0.99999, with |ln r| T = 0.0009, lies in it" in said
    none = np.zeros_like(results["plane_inside_float32"])
    elsewhere = results | {"plane_inside_float32": none}
    number = int(np.sum(results["plane_differs_float32"]))
    assert f"{number} of them outside the strip of 0.00%" in script.answer(OPTIONS, elsewhere)
    summary = script.summarise(OPTIONS, results)
    assert summary.count("float32") == summary.count("float64") == 2
    grown = results | {"zoom_overflow_step": np.full((50, 36), -1)}
    assert "none overflows" in script.summarise(OPTIONS, grown)


@pytest.mark.slow
def test_double_precision_alone_takes_finer_windows(tmp_path):
    ends = {"zoom_w1": (1.9999999, 2.0000001), "zoom_w2": (-1.0000001, -0.9999999)}
    fine = dataclasses.replace(OPTIONS, **ends, num_w1=8, num_w2=6)
    with pytest.raises(ValueError, match=r"zoom_w1 is .* float32 needs"):
        fine.check()
    fine = dataclasses.replace(fine, precisions=("float64",))
    fine.check()
    found = script.measure(fine, Stages(tmp_path))
    assert found["zoom_inside_float64"].all()
    assert "float32" not in script.answer(fine, found)
    assert set(script.draw(fine, found)) == {"atlas", "zoom", "strip"}


def test_windows_without_rhythm_or_growth_are_drawn():
    w1, w2 = np.linspace(0.1, 0.5, 6), np.linspace(0.1, 0.4, 5)
    nothing = np.full((6, 5), np.nan)
    arrays = {
        "regime": np.full((6, 5), 5, np.int8),
        "frequency": nothing,
        "decay_time": np.full((6, 5), 0.1),
        "amplification": np.full((6, 5), 2.0),
        "overflow_step": np.full((6, 5), -1),
    }
    figure = atlas_figure(Window(w1, w2, arrays), catalogue("lecture"), 100.0)
    figure.draw_without_rendering()
    assert log_levels(nothing) == []
    assert log_levels(np.geomspace(0.1, 10, 100)) == [0.2, 0.5, 1.0, 2.0, 5.0]
