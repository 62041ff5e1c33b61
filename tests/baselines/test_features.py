"""Powers against NumPy's FFT and closed forms; random features against their distribution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.baselines import fourier_power
from rhythmic.baselines.features import random_features


def sequences(seed=0, shape=(5, 96)):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("num_windows", [1, 4])
def test_powers_at_the_lines_of_a_window_are_those_of_the_fft(num_windows):
    inputs = sequences()
    length = 96 // num_windows
    lines = np.fft.rfftfreq(length, 1 / 500.0)
    found = fourier_power(inputs, lines, sample_rate=500.0, num_windows=num_windows)
    spectrum = np.abs(np.fft.rfft(inputs.reshape(5, num_windows, length))) ** 2 / length
    assert found.shape == (5, num_windows * len(lines))
    np.testing.assert_allclose(found.reshape(spectrum.shape), spectrum, rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("x64")
def test_powers_between_the_lines_are_the_sum_written_out():
    inputs, frequencies = sequences(1), [2.0, 3.236, 5.236, 171.0]
    found = fourier_power(inputs, frequencies, sample_rate=1000.0, num_windows=3)
    for example in range(5):
        for window in range(3):
            for place, frequency in enumerate(frequencies):
                part = inputs[example, 32 * window : 32 * (window + 1)]
                terms = [u * np.exp(-2j * np.pi * frequency * t / 1000) for t, u in enumerate(part)]
                expected = abs(sum(terms)) ** 2 / 32
                value = found[example, 4 * window + place]
                np.testing.assert_allclose(value, expected, rtol=1e-9)


def test_single_precision_keeps_its_digits_on_long_sequences():
    inputs = sequences(2, (3, 784)).astype(np.float32)
    found = fourier_power(inputs, [245.9], sample_rate=1000.0)
    waves = np.exp(-2j * np.pi * 245.9 / 1000 * np.arange(784))
    expected = np.abs(inputs.astype(np.float64) @ waves) ** 2 / 784
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5)


def test_powers_out_of_range_are_nan_and_pixels_count_as_floats():
    pixels = np.arange(16, dtype=np.uint8).reshape(2, 8)
    found = fourier_power(pixels, [0.0, -1.0, 50.0, 50.1], sample_rate=100.0)
    assert found.dtype == jnp.float32
    np.testing.assert_array_equal(np.isnan(found), [[False, True, False, True]] * 2)
    np.testing.assert_allclose(found[:, 0], pixels.sum(axis=1) ** 2.0 / 8, rtol=1e-6)
    jitted = jax.jit(lambda x: fourier_power(x, [20.0], sample_rate=100.0, num_windows=2))
    expected = fourier_power(pixels, [20.0], sample_rate=100.0, num_windows=2)
    np.testing.assert_allclose(jitted(pixels), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_windows": 5}, "num_windows must divide the 96 time steps, got 5"),
        ({"num_windows": 0}, "num_windows must divide the 96 time steps, got 0"),
        ({"sample_rate": 0.0}, "sample_rate must be positive and finite"),
        ({"frequencies": []}, "frequencies must have one non-empty axis"),
        ({"sequences": np.ones(96)}, r"sequences has shape \(96,\); expected \(example, time\)"),
    ],
)
def test_what_is_no_window_is_refused(change, message):
    options = {"sequences": sequences(), "frequencies": [2.0], "sample_rate": 100.0} | change
    with pytest.raises(ValueError, match=f"^{message}"):
        fourier_power(options.pop("sequences"), options.pop("frequencies"), **options)


@pytest.mark.usefixtures("x64")
def test_the_quadratic_kind_is_the_square_of_a_linear_map():
    inputs, key = sequences(3), jax.random.key(0)
    linear = random_features(inputs, 7, key=key, kind="linear")
    assert linear.shape == (5, 7)
    np.testing.assert_allclose(random_features(inputs, 7, key=key), linear**2, rtol=1e-12)
    total = random_features(inputs[:1] - 2 * inputs[1:2], 7, key=key, kind="linear")
    np.testing.assert_allclose(total[0], linear[0] - 2 * linear[1], atol=1e-12)
    # An example's features do not depend on its company, but on the key.
    np.testing.assert_allclose(random_features(inputs[3:], 7, key=key)[0], linear[3] ** 2)
    other = random_features(inputs, 7, key=jax.random.key(1), kind="linear")
    assert np.all(np.abs(other - linear) > 1e-6)


def test_random_features_have_the_moments_of_a_gaussian_projection():
    inputs = sequences(4, (2, 50))
    number = 20_000
    linear = random_features(inputs, number, key=jax.random.key(2), kind="linear")
    expected = inputs @ inputs.T / 50
    error = 5 * expected.max() * np.sqrt(2 / number)
    np.testing.assert_allclose(linear @ linear.T / number, expected, atol=error)
    quadratic = random_features(inputs, number, key=jax.random.key(2))
    np.testing.assert_allclose(np.mean(quadratic, axis=1), np.diag(expected), atol=error)
    np.testing.assert_allclose(np.var(quadratic, axis=1), 2 * np.diag(expected) ** 2, rtol=0.1)


def test_unknown_kinds_and_no_features_are_refused():
    with pytest.raises(ValueError, match=r"^kind is 'cubic'; choose from quadratic, linear$"):
        random_features(sequences(), 2, key=jax.random.key(0), kind="cubic")
    with pytest.raises(ValueError, match=r"^num_features must be 1 or more, got 0$"):
        random_features(sequences(), 0, key=jax.random.key(0))


def test_no_examples_have_no_powers():
    found = fourier_power(np.zeros((0, 8)), [1.0, 2.0], sample_rate=10.0, num_windows=2)
    assert found.shape == (0, 4)
