"""Frequencies and phases in noise against energy detectors, least squares and covariances."""

from functools import partial

import jax
import numpy as np
import pytest

from rhythmic.tasks import FrequencyDiscrimination, PhaseReading
from tests.marks import QUICK_COMPILATION

KEY = jax.random.key(12)


@partial(jax.jit, static_argnums=1, compiler_options=QUICK_COMPILATION)
def sample(task, num_examples):
    return task.sample(num_examples, key=KEY)


def draw(task, num_examples):
    return jax.tree.map(np.asarray, sample(task, num_examples))


def sines(frequencies, sample_rate, num_steps):
    times = np.arange(num_steps) / sample_rate
    angles = 2 * np.pi * np.outer(frequencies, times)
    return np.cos(angles), np.sin(angles)


@pytest.mark.usefixtures("x64")
def test_the_input_is_a_sine_in_white_noise_of_the_given_strength():
    frequencies, ratio = (10.0, 14.0, 30.0), 0.6
    task = FrequencyDiscrimination(ratio, frequencies, 100.0, 50)
    batch = draw(task, 6000)
    values, classes = batch.inputs[:, 0], batch.targets[-1]
    assert (batch.targets == classes).all()
    np.testing.assert_array_equal(batch.weights[:, 2], [0.0] * 49 + [1.0])
    assert np.bincount(classes).min() > 1800
    assert (values**2).mean() == pytest.approx(1.0, rel=0.02)
    cosines, sine_waves = sines(frequencies, 100.0, 50)
    real, imaginary = cosines[classes].T, sine_waves[classes].T
    along = np.stack([(values * real).sum(axis=0), (values * imaginary).sum(axis=0)]) / 25
    phases = np.arctan2(along[0], along[1])
    assert np.abs(np.exp(1j * phases).mean()) < 5 / np.sqrt(6000)
    rest = values - along[0] * real - along[1] * imaginary
    noise_power = (rest**2).sum() / (48 * 6000)
    assert noise_power == pytest.approx(1 / (1 + ratio**2), rel=0.01)
    # Each coordinate holds the sine's and 2/N of the noise's power: E|along|^2 = A^2 + 4 v / N.
    power = (along**2).sum(axis=0).mean() - 4 * noise_power / 50
    assert power / 2 / noise_power == pytest.approx(ratio**2, rel=0.05)
    # White: neighbours are uncorrelated once the sine is taken off, but for the two taken off.
    assert abs(np.mean(rest[1:] * rest[:-1])) < 0.05 * noise_power


@pytest.mark.parametrize("frequencies", [(10.0, 14.0), (2.0, 18.0, 24.0, 48.0)])
@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.45])
def test_the_energy_detector_is_as_good_as_the_closed_form_says(frequencies, ratio):
    num_examples = 20000
    task = FrequencyDiscrimination(ratio, frequencies, 100.0, 50)
    batch = draw(task, num_examples)
    cosines, sine_waves = sines(frequencies, 100.0, 50)
    energy = (cosines @ batch.inputs[:, 0]) ** 2 + (sine_waves @ batch.inputs[:, 0]) ** 2
    accuracy = (energy.argmax(axis=0) == batch.targets[-1]).mean()
    expected = float(task.ideal_accuracy())
    bound = 5 * np.sqrt(expected * (1 - expected) / num_examples)
    assert abs(accuracy - expected) < bound
    # A detector in pure NumPy noise, without the task, agrees too.
    generator = np.random.default_rng(5)
    times, classes = np.arange(50) / 100, generator.integers(0, len(frequencies), num_examples)
    phases = generator.uniform(0, 2 * np.pi, num_examples)
    wave = np.sin(2 * np.pi * np.outer(times, np.array(frequencies)[classes]) + phases)
    values = np.sqrt(2) * ratio * wave + generator.normal(size=wave.shape)
    energy = (cosines @ values) ** 2 + (sine_waves @ values) ** 2
    assert abs((energy.argmax(axis=0) == classes).mean() - expected) < bound


def test_ideal_accuracy_of_two_and_at_its_ends():
    ratios = np.array([0.0, 0.1, 0.5, 3.0])
    found = FrequencyDiscrimination(ratios).ideal_accuracy()
    np.testing.assert_allclose(found, 1 - 0.5 * np.exp(-50 * ratios**2 / 4), rtol=1e-14)
    many = tuple(np.arange(2.0, 42.0, 2.0).tolist())
    ends = FrequencyDiscrimination(np.array([0.0, 9.0]), many).ideal_accuracy()
    np.testing.assert_allclose(ends, [1 / 20, 1.0], rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_phase_targets_are_those_of_the_input_without_noise():
    task = PhaseReading(0.0, 12.0, 3.0, 80.0, num_steps=50, num_unscored=10)
    batch = draw(task, 400)
    np.testing.assert_array_equal(batch.inputs[:, 0], batch.targets[:, 1])
    np.testing.assert_array_equal(batch.weights[:, 0], [0.0] * 10 + [1.0] * 40)
    point = batch.targets[:, 0] + 1j * batch.targets[:, 1]
    np.testing.assert_allclose(np.abs(point), 1.0, rtol=1e-12)
    turn = point[1:] / point[:-1]
    # One frequency a sequence, uniform within the jitter; phases uniform on a turn.
    hertz = np.angle(turn) * 80 / (2 * np.pi)
    np.testing.assert_allclose(hertz, np.broadcast_to(hertz[:1], hertz.shape), rtol=1e-9)
    assert hertz.min() >= 9
    assert hertz.max() <= 15
    assert hertz[0].std() == pytest.approx(3 / np.sqrt(3), rel=0.1)
    assert hertz[0].mean() == pytest.approx(12.0, abs=5 * 3 / np.sqrt(3 * 400))
    assert np.abs(point[0].mean()) < 5 / np.sqrt(400)
    # Two samples tell the phase where the frequency is known.
    known = draw(PhaseReading(0.0, 12.0, sample_rate=80.0), 50)
    theta = 2 * np.pi * 12 / 80
    present, before = known.inputs[1:, 0], known.inputs[:-1, 0]
    cosine = (present * np.cos(theta) - before) / np.sin(theta)
    np.testing.assert_allclose(cosine, known.targets[1:, 0], atol=1e-10)


@pytest.mark.usefixtures("x64")
def test_noise_is_white_and_of_the_given_strength():
    noisy = draw(PhaseReading(0.7), 2000)
    noise = (noisy.inputs - noisy.targets[:, 1:])[:, 0]
    assert noise.std() == pytest.approx(0.7, rel=0.02)
    assert abs(np.corrcoef(noise[1:].ravel(), noise[:-1].ravel())[0, 1]) < 5 / np.sqrt(noise.size)
    quiet = draw(PhaseReading(0.0), 2000)
    np.testing.assert_array_equal(quiet.targets, noisy.targets)


@pytest.mark.usefixtures("x64")
def test_linear_error_is_that_of_a_linear_filter():
    noise = np.array([0.0, 0.3, 2.0])
    task = PhaseReading(noise, 7.0, sample_rate=50.0, num_steps=12, num_unscored=3)
    theta = 2 * np.pi * 7 / 50
    for found, deviation in zip(task.linear_error(), noise, strict=True):
        errors = []
        for step in range(3, 12):
            back = theta * (np.arange(step + 1) - step)
            # sin(phase + back) = sin(back) cos(phase) + cos(back) sin(phase), each variance 1/2.
            observe = np.stack([np.sin(back), np.cos(back)], axis=1)
            covariance = observe @ observe.T / 2 + deviation**2 * np.eye(step + 1)
            gain = observe.T / 2 @ np.linalg.pinv(covariance)
            errors.append(np.trace(np.eye(2) / 2 - gain @ observe / 2))
        assert found == pytest.approx(np.mean(errors), abs=1e-10)
    # Fitted to drawn sequences, a filter of all samples does no better and no worse.
    one = PhaseReading(0.5, 7.0, sample_rate=50.0, num_steps=12, num_unscored=11)
    batch = draw(one, 40000)
    values, target = batch.inputs[:, 0].T, batch.targets[-1].T
    solution = np.linalg.lstsq(values, target, rcond=None)[0]
    error = ((values @ solution - target) ** 2).sum() / ((target - target.mean(axis=0)) ** 2).sum()
    assert error == pytest.approx(float(one.linear_error()), rel=0.03)


def test_the_first_sample_alone_leaves_half():
    # Over one and two samples: error 1/2 and 0, their mean 1/4.
    assert PhaseReading(0.0, num_steps=2, num_unscored=0).linear_error() == pytest.approx(0.25)


BAD = {
    "signal_to_noise is -1.0; it must be at least 0": lambda: FrequencyDiscrimination(-1.0),
    r"signal_to_noise is \[ 1. nan\]": lambda: FrequencyDiscrimination(np.array([1.0, np.nan])),
    "frequencies holds 50.0; each must lie between 0 and 50 Hz": lambda: FrequencyDiscrimination(
        1.0, (10.0, 50.0)
    ),
    r"frequencies is \(10.0,\); give two or more": lambda: FrequencyDiscrimination(1.0, (10.0,)),
    "frequencies is .*; give two or more, all different": lambda: FrequencyDiscrimination(
        1.0, (10.0, 10.0)
    ),
    "sample_rate is nan; it must be above 0": lambda: FrequencyDiscrimination(
        1.0, sample_rate=float("nan")
    ),
    "num_steps is 1; it must be at least 2": lambda: FrequencyDiscrimination(1.0, num_steps=1),
    "frequencies holds 11.0; the closed form needs multiples of 2 Hz": lambda: (
        FrequencyDiscrimination(1.0, (10.0, 11.0)).ideal_accuracy()
    ),
    "noise is inf; it must be at least 0 and finite": lambda: PhaseReading(np.inf),
    "frequency is 50.0; it must lie between 0 and 50 Hz": lambda: PhaseReading(0.1, 50.0),
    "frequency_jitter is 10.0; it must be at least 0 and below 10 Hz": lambda: PhaseReading(
        0.1, 10.0, 10.0
    ),
    "frequency_jitter is -1.0; it must be": lambda: PhaseReading(0.1, 10.0, -1.0),
    "frequency_jitter is 1.0; the closed form holds for 0": lambda: PhaseReading(
        0.1, 10.0, 1.0
    ).linear_error(),
    "num_unscored is 60; it must lie in 0 to 59": lambda: PhaseReading(0.1, num_unscored=60),
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message]()
    assert "\n" not in str(caught.value)
