"""The ODE solver's oscillator against closed forms, with and without jumps of the force."""

import numpy as np
import pytest

from rhythmic.theory.continuous import oscillator_motion, oscillator_response, solved_oscillator

OMEGA, BETA = 60.0, 5.0


def test_free_motion():
    times = np.linspace(0.0, 0.6, 50)
    result = solved_oscillator(OMEGA, BETA, times, position=1.0, velocity=-20.0)
    expected = oscillator_motion(OMEGA, BETA, times, 1.0, -20.0).position
    np.testing.assert_allclose(result, expected, atol=1e-11)


def test_a_held_force_that_comes_and_goes():
    times = np.array([0.05, 0.1, 0.101, 0.17, 0.2, 0.4])
    start, stop = 0.1, 0.2
    result = solved_oscillator(
        OMEGA,
        BETA,
        times,
        force=lambda time: 3.0 * (start <= time < stop),
        jumps=(stop, start, 7.0),
    )

    def step(since):
        """Answer to a unit force from time 0 on."""
        later = np.maximum(since, 0)
        return (1 - oscillator_motion(OMEGA, BETA, later).position) / OMEGA**2

    expected = 3.0 * (step(times - start) - step(times - stop))
    np.testing.assert_allclose(result, expected, atol=1e-14)


def test_a_sine_ends_in_the_response():
    wave = 2 * np.pi * 8.0
    times = np.linspace(6.0, 6.2, 9)
    result = solved_oscillator(OMEGA, BETA, times, force=lambda time: np.cos(wave * time))
    expected = (oscillator_response(OMEGA, BETA, 8.0) * np.exp(1j * wave * times)).real
    np.testing.assert_allclose(result, expected, atol=1e-13)


def test_one_time_alone_and_wrong_times():
    assert solved_oscillator(OMEGA, BETA, np.zeros(1), position=0.3).tolist() == [0.3]
    for times in ([0.0, 0.0], [-0.1, 0.2], [0.2, 0.1], []):
        with pytest.raises(ValueError, match=r"^times is .*; it must increase from 0"):
            solved_oscillator(OMEGA, BETA, np.array(times))
