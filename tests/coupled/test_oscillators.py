import dataclasses

import numpy as np
import pytest

from rhythmic.coupled import CoupledOscillators, Recording
from rhythmic.coupled.ladders import ratio_ladder


def test_defaults_are_the_published_network():
    network = CoupledOscillators()
    published = [2.6, 4.2, 6.9, 11.1, 17.9, 29.0, 47.0, 76.0]
    np.testing.assert_allclose(network.frequencies, published, atol=0.05)
    assert network.frequencies[network.driver] == pytest.approx(17.944, abs=1e-3)
    assert (network.damping, network.constant_gain, network.modulated_gain) == (2.0, 50.0, 50.0)
    recording = Recording()
    assert (recording.num_samples, recording.num_averaged) == (2500, 1500)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frequencies": (3.0, -5.0)}, r"frequencies must be positive and finite \(Hz\), got -5"),
        ({"frequencies": (3.0, float("inf"))}, "frequencies must be positive"),
        ({"frequencies": (3.0, float("nan"))}, "frequencies must be positive"),
        ({"frequencies": (3.0,)}, "frequencies must hold 2 or more values, got 1"),
        ({"damping": -1.0}, r"damping must be 0 or more and finite \(1/s\), got -1"),
        ({"damping": float("nan")}, "damping must be"),
        ({"constant_gain": float("nan")}, "constant_gain must be finite"),
        ({"modulated_gain": float("inf")}, "modulated_gain must be finite"),
        ({"driver": 8}, "driver must be an index from 0 to 7, got 8"),
        ({"driver": -1}, "driver must be an index from 0 to 7, got -1"),
    ],
)
def test_bad_networks_are_refused_in_one_line(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        dataclasses.replace(CoupledOscillators(), **change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt": 0.0}, r"dt must be positive and finite \(s\), got 0"),
        ({"steps_per_sample": 0}, "steps_per_sample must be 1 or more, got 0"),
        ({"averaged": 3.0}, "averaged must be above 0 s and at most duration = 2.5 s, got 3"),
        ({"averaged": 0.0}, "averaged must be above 0"),
        ({"duration": 2.5005}, "duration must be a multiple of 0.001 s"),
    ],
)
def test_bad_recordings_are_refused_in_one_line(change, message):
    with pytest.raises(ValueError, match=message) as caught:
        dataclasses.replace(Recording(), **change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ratio", [1.3, 1.618, 2.0, 2.2, 2.7])
def test_stability_is_that_of_the_modes(ratio):
    network = CoupledOscillators(ratio_ladder(ratio))
    size = len(network.frequencies)
    stiffness = np.diag((2 * np.pi * np.array(network.frequencies)) ** 2)
    coupling = 50 * (np.ones((size, size)) - np.eye(size))
    generator = np.block(
        [
            [np.zeros((size, size)), np.eye(size)],
            [coupling - stiffness, -4 * np.eye(size)],
        ]
    )
    assert network.stable() == (np.linalg.eigvals(generator).real.max() < 0)
    assert network.stable() == (ratio < 2.1)
