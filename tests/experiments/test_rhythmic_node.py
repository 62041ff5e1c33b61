"""The rhythmic node: orders of the schemes, the lecture's formulas, an answer from the numbers."""

import dataclasses

import numpy as np
import pytest

from experiments.rhythmic_node import EXPERIMENT, PRESETS, resonance

OPTIONS = dataclasses.replace(PRESETS["smoke"], num_drives=7)
ASKED = np.sqrt((2 * np.pi * OPTIONS.frequency) ** 2 - OPTIONS.damping**2) / (2 * np.pi)


@pytest.mark.slow
def test_exact_weights_are_the_oscillator_and_backward_differences_are_not(results):
    backward, exact = 0, 1
    np.testing.assert_allclose(results["frequency"][:, exact], ASKED, rtol=1e-5)
    np.testing.assert_allclose(results["damping"][:, exact], OPTIONS.damping, rtol=1e-3)
    for case in ("free", "pulse"):
        assert np.all(results[f"{case}_error"][:, exact] < 1e-10)
        assert np.all(results[f"{case}_error"][:, backward] > 0.1)
    assert np.all(results["frequency"][:, backward] < ASKED)
    # Roots of radius D^{-1/2}: damping ln(D) / (2 dt).
    dt = np.array(OPTIONS.time_steps)
    denominator = 1 + 2 * OPTIONS.damping * dt + (2 * np.pi * OPTIONS.frequency * dt) ** 2
    expected = np.log(denominator) / (2 * dt)
    np.testing.assert_allclose(results["damping"][:, backward], expected, rtol=3e-3)
    # A held sine lags by half a step: the rest is of second order, a quarter at half the step.
    ratio = results["late_error"][1] / results["late_error"][0]
    assert ratio == pytest.approx(4.0, rel=0.1)
    assert np.all(results["solver_error"] < 1e-11)
    assert np.all(results["equation_residual"] < 1e-12)


@pytest.mark.slow
def test_resonance_is_the_closed_form(results):
    np.testing.assert_allclose(results["measured_response"], results["node_response"], rtol=1e-9)
    peak, gain, _ = results["resonance_peak"]
    assert np.abs(results["oscillator_response"]).max() == pytest.approx(gain, rel=1e-12)
    assert peak in results["drive"]


def test_without_a_peak_the_curve_keeps_its_frequencies():
    options = dataclasses.replace(OPTIONS, damping=50.0)
    found = resonance(options)
    np.testing.assert_allclose(found["drive"], np.geomspace(1.0, 40.0, 7), rtol=1e-12)
    assert np.isfinite(found["measured_response"]).all()


@pytest.mark.slow
def test_the_answer_and_the_tables_say_what_the_numbers_say(results):
    answer = EXPERIMENT.answer(OPTIONS, results)
    place = OPTIONS.time_steps.index(OPTIONS.shown_step)
    own = results["damping"][place, 0] - OPTIONS.damping
    assert f"change the damping by {own:+.2f} 1/s" in answer
    changed = results | {"damping": results["damping"] + 1.0}
    assert f"change the damping by {own + 1:+.2f} 1/s" in EXPERIMENT.answer(OPTIONS, changed)
    lines = EXPERIMENT.summarise(OPTIONS, results).splitlines()
    alphas = [line for line in lines if line.startswith("alpha_")]
    dt, beta, omega = OPTIONS.shown_step, OPTIONS.damping, 2 * np.pi * OPTIONS.frequency
    # The lecture's equation, solved for x_k with numbers in place of letters.
    now, before, earlier = np.array(
        [
            1 / dt**2 + 2 * beta / dt + omega**2,
            2 / dt**2 + 2 * beta / dt,
            -1 / dt**2,
        ]
    )
    for line, alpha in zip(alphas, (before / now, earlier / now), strict=True):
        assert line.count(f"{alpha:.9f}") == 2
