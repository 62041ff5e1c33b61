"""Ladders of waves of an image, against the two-dimensional Fourier transform."""

import numpy as np
import pytest

from rhythmic.theory import image_ladder
from rhythmic.theory.ladders import image_waves


def test_eight_longest_waves_by_hand():
    # spacing 1, offset 0, aspect 2: q down and m along, by the length of (2 m, q).
    unit = 1000 / 784
    np.testing.assert_allclose(
        image_ladder(8, offset=0.0),
        unit * np.array([1, 2, 3, 26, 27, 28, 29, 30]),
        rtol=1e-12,
    )


@pytest.mark.parametrize("spacing", [0.7, 1.25])
@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5])
def test_no_wave_left_out_is_longer_than_one_that_is_there(spacing, offset):
    chosen = image_ladder(15, spacing=spacing, offset=offset, aspect=1.7)
    every = [
        (np.hypot(1.7 * m, spacing * (n + offset)), (28 * m + spacing * (n + offset)) * 1000 / 784)
        for m in range(8)
        for n in range(-40, 41)
        if abs(spacing * (n + offset)) < 14
    ]
    every = [(length, f) for length, f in every if 0 < f < 250]
    lengths = sorted(length for length, _ in every)
    inside = [length for length, f in every if np.min(np.abs(chosen - f)) < 1e-9]
    assert max(inside) <= lengths[len(inside) - 1] + 1e-9
    assert np.all(np.diff(chosen) > 0)


def test_the_phasor_of_a_node_at_the_end_is_a_fourier_coefficient():
    image = np.random.default_rng(0).uniform(size=(28, 28))
    for steps in (26, 30, 57):
        frequency = steps * 1000 / 784
        time = np.arange(784)
        coefficient = np.sum(image.ravel() * np.exp(-2j * np.pi * frequency * time / 1000))
        np.testing.assert_allclose(np.fft.fft(image.ravel())[steps], coefficient, rtol=1e-9)
        along, down = image_waves(np.array([frequency]))
        row, column = np.meshgrid(np.arange(28), np.arange(28), indexing="ij")
        phase = 2 * np.pi * (along[0] * column / 28 + down[0] * row / 28)
        np.testing.assert_allclose(
            np.sum(image * np.exp(-1j * phase)), coefficient, rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_nodes": 0}, "num_nodes is 0"),
        ({"num_nodes": 500}, "num_nodes is 500; there are"),
        ({"spacing": 0.0}, "spacing is 0.0; it must be above 0"),
        ({"aspect": -1.0}, "aspect is -1.0; it must be above 0"),
        ({"offset": 1.0}, r"offset is 1.0; it must lie in \[0, 1\)"),
    ],
)
def test_arguments_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        image_ladder(**({"num_nodes": 3} | options))
