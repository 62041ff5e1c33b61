"""Measured rhythms against signals whose frequency, growth and shape are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from rhythmic.rhythm_detection import (
    MINIMUM_CYCLES,
    RhythmKind,
    complex_amplitude,
    measure_rhythm,
    most_active_node,
)
from rhythmic.theory import first_order_closed_form

RATE = 500.0  # Hz
STEPS = np.arange(1024)
TIMES = STEPS / RATE


def measured(signal, sample_rate=RATE):
    """Measure in double precision, in blocks of one shape that are compiled once."""
    signal = np.asarray(signal, float)
    columns = signal.reshape(len(signal), -1)
    block = np.zeros((len(signal), 42))
    block[:, : columns.shape[1]] = columns
    with jax.enable_x64(True):
        found = measure_rhythm(jnp.asarray(block), sample_rate=sample_rate)
    used = [np.asarray(field)[: columns.shape[1]] for field in found]
    return type(found)(*(field.reshape(signal.shape[1:]) for field in used))


def test_damped_and_growing_sinusoids():
    frequency = np.array([5.0, 13.37, 60.0, 125.0, 200.0, 240.0])
    growth = np.array([-12.0, -1.5, -0.01, 0.0, 0.01, 2.0, 150.0])[:, None]
    waves = np.cos(2 * np.pi * frequency * TIMES[:, None, None] + 0.4)
    rhythm = measured(3.0 + np.exp(growth * TIMES[:, None, None]) * waves)
    np.testing.assert_allclose(
        rhythm.frequency[1:], np.broadcast_to(frequency, (6, 6)), atol=1e-3 / TIMES[-1]
    )
    # Decay by 24 e-folds about a constant ends near rounding and loses digits.
    np.testing.assert_allclose(rhythm.frequency[0], frequency, atol=1e-2 / TIMES[-1])
    assert np.all(np.abs(rhythm.growth_rate - growth) <= 5e-3 * (1 + np.abs(growth)))
    expected = [RhythmKind.DECAYS] * 2 + [RhythmKind.SUSTAINED] * 3 + [RhythmKind.GROWS] * 2
    np.testing.assert_array_equal(rhythm.kind, np.broadcast_to(np.array(expected)[:, None], (7, 6)))
    np.testing.assert_allclose(rhythm.amplitude[3], 1.0, rtol=1e-3)
    assert np.all(rhythm.line_share > 0.99)


@settings(max_examples=20, deadline=None)
@given(
    cycles=st.floats(10.0, 480.0),
    decay=st.floats(-5.0, 5.0),
    phase=st.floats(0.0, 6.3),
    size=st.floats(1e-3, 1e3),
    offset=st.floats(-10.0, 10.0),
)
def test_scale_and_offset_do_not_matter(cycles, decay, phase, size, offset):
    shape = np.exp(decay * STEPS / 1024) * np.cos(2 * np.pi * cycles * STEPS / 1024 + phase)
    rhythm = measured(np.stack([shape, size * (shape + offset)], 1), sample_rate=1024.0)
    np.testing.assert_allclose(rhythm.frequency, cycles, atol=2e-3)
    np.testing.assert_allclose(rhythm.growth_rate, decay, atol=2e-3)
    np.testing.assert_allclose(rhythm.amplitude[1], size * rhythm.amplitude[0], rtol=1e-6)


def test_flickers_have_half_the_sample_rate():
    # The last one sinks below the smallest number within the record.
    weight = np.array([-1.02, -1.0, -0.99, -0.35])
    rhythm = measured(first_order_closed_form(weight, 0.1, 1023))
    kinds = [RhythmKind.GROWS, RhythmKind.SUSTAINED, RhythmKind.DECAYS, RhythmKind.DECAYS]
    assert rhythm.kind.tolist() == kinds
    np.testing.assert_allclose(rhythm.frequency, RATE / 2, rtol=1e-12)
    np.testing.assert_allclose(rhythm.growth_rate, np.log(-weight) * RATE, atol=1e-9)


def test_constants_and_what_has_settled_have_no_rhythm():
    settled = 7.0 + first_order_closed_form(np.array([-0.5, 0.5]), 1.0, 1023)
    noise = np.random.default_rng(0).normal(size=1024)
    rounding = 5.0 + 1e-15 * noise
    columns = np.column_stack([np.zeros(1024), np.full(1024, -3.2), rounding, settled])
    rhythm = measured(columns)
    assert np.all(rhythm.kind == RhythmKind.CONSTANT)
    assert np.all(np.isnan([rhythm.frequency, rhythm.growth_rate, rhythm.line_share]))


def test_motion_without_return_drifts():
    monotone = first_order_closed_form(np.array([0.9, 0.999, 1.01]), 1.0, 1023)
    slow = np.sin(2 * np.pi * 5 * STEPS / 1024)
    assert MINIMUM_CYCLES > 5
    rhythm = measured(np.column_stack([monotone, STEPS, 4 + slow]))
    assert np.all(rhythm.kind == RhythmKind.DRIFTS)
    assert np.all(np.isnan(rhythm.frequency))
    rates = np.log([0.9, 0.999, 1.01]) * RATE
    np.testing.assert_allclose(rhythm.growth_rate[:3], rates, rtol=1e-9)


def test_harmonics_and_noise():
    phase = (STEPS / 41.0 + 0.1) % 1
    square, sawtooth = np.sign(phase - 0.5), phase
    noise = np.random.default_rng(1).normal(size=1024)
    rhythm = measured(np.column_stack([square, sawtooth, noise]))
    kinds = [RhythmKind.SUSTAINED, RhythmKind.SUSTAINED, RhythmKind.IRREGULAR]
    assert rhythm.kind.tolist() == kinds
    np.testing.assert_allclose(rhythm.frequency[:2], RATE / 41, rtol=1e-4)
    # The first Fourier term of each shape.
    np.testing.assert_allclose(rhythm.line_share[:2], [8 / np.pi**2, 6 / np.pi**2], atol=0.01)
    np.testing.assert_allclose(rhythm.amplitude[:2], [2**0.5, 6**-0.5], rtol=0.02)


def test_limit_cycle_of_van_der_pol():
    rate = 12.0

    def upwards(_, y):
        return y[0]

    upwards.direction = 1
    solution = scipy.integrate.solve_ivp(
        lambda _, y: [y[1], (1 - y[0] ** 2) * y[1] - y[0]],
        (0.0, 171.0),
        [0.01, 0.0],
        t_eval=np.arange(2048) / rate,
        events=upwards,
        rtol=1e-8,
        atol=1e-10,
    )
    period = np.diff(solution.t_events[0])[-5:].mean()
    rhythm = measured(solution.y[0, 1024:], sample_rate=rate)
    assert rhythm.kind == RhythmKind.SUSTAINED
    assert rhythm.frequency == pytest.approx(1 / period, rel=1e-5)
    with jax.enable_x64(True):
        whole = measure_rhythm(jnp.asarray(solution.y[0]), sample_rate=rate, washout=1024)
    assert whole.frequency == pytest.approx(float(rhythm.frequency), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sizes_near_the_ends_of_the_number_range(dtype, x64):
    largest = np.log10(np.finfo(dtype).max)
    exponent = np.linspace(-0.9, 0.9, 1024)[:, None] * largest * np.array([1, -1])
    signal = (10**exponent * np.cos(1.3 * STEPS)[:, None]).astype(dtype)
    rhythm = measure_rhythm(jnp.asarray(signal), sample_rate=1.0)
    assert rhythm.frequency.dtype == dtype
    assert rhythm.kind.tolist() == [RhythmKind.GROWS, RhythmKind.DECAYS]
    np.testing.assert_allclose(rhythm.frequency, 1.3 / (2 * np.pi), rtol=1e-3)
    expected = 1.8 * largest * np.log(10) / 1023 * np.array([1, -1])
    np.testing.assert_allclose(rhythm.growth_rate, expected, rtol=1e-3)


def test_what_is_not_finite_is_undefined_alone():
    columns = np.cos(0.5 * STEPS)[:, None] * np.ones(3)
    columns[100, 0], columns[-1, 1] = np.nan, np.inf
    rhythm = measured(columns)
    kinds = [RhythmKind.UNDEFINED, RhythmKind.UNDEFINED, RhythmKind.SUSTAINED]
    assert rhythm.kind.tolist() == kinds
    assert np.isnan(rhythm.amplitude).tolist() == [True, True, False]


def test_a_sample_rate_out_of_range_gives_no_frequency():
    wave = np.cos(0.5 * STEPS)
    for rate in (0.0, -RATE, np.nan):
        rhythm = measured(wave, sample_rate=rate)
        assert rhythm.kind == RhythmKind.SUSTAINED
        assert np.isnan([rhythm.frequency, rhythm.growth_rate]).all()


def test_short_records_are_refused():
    with pytest.raises(ValueError, match=r"washout 40; at least 64 samples must remain"):
        measure_rhythm(np.zeros((100, 2)), sample_rate=1.0, washout=40)
    with pytest.raises(ValueError, match="washout is -1"):
        measure_rhythm(np.zeros(100), sample_rate=1.0, washout=-1)


def test_most_active_node_is_chosen_after_the_washout():
    trajectory = np.zeros((100, 3, 2))
    trajectory[0, 0] = 100.0  # gone when it counts
    trajectory[::2, 1, 0], trajectory[::2, 2, 1] = 1.0, -2.0
    chosen = np.asarray(most_active_node(trajectory, washout=10))
    np.testing.assert_array_equal(chosen[:, 0], trajectory[:, 1, 0])
    np.testing.assert_array_equal(chosen[:, 1], trajectory[:, 2, 1])
    trajectory[50, 0, 0] = np.inf
    assert np.isinf(most_active_node(trajectory, washout=10)[50, 0])


def test_complex_amplitude_of_a_sinusoid_about_a_constant(x64):
    frequency = np.array([0.7, 3.0, 111.1, 249.0])
    expected = np.array([1.0, 2.0j, -0.3 + 0.1j, 1e-3])
    turns = np.exp(2j * np.pi * frequency * TIMES[:, None])
    signal = 5.0 + (expected * turns).real
    for washout in (0, 300):
        result = complex_amplitude(signal, frequency, sample_rate=RATE, washout=washout)
        np.testing.assert_allclose(result, expected, atol=1e-11)
    # One signal at many frequencies is the least-squares fit that numpy gives.
    column = np.random.default_rng(2).normal(size=1024)
    result = complex_amplitude(column, frequency, sample_rate=RATE)
    for value, turn in zip(result, turns.T, strict=True):
        design = np.column_stack([np.ones(1024), turn.real, -turn.imag])
        fitted = np.linalg.lstsq(design, column, rcond=None)[0]
        np.testing.assert_allclose([value.real, value.imag], fitted[1:], atol=1e-9)


def test_complex_amplitude_outside_its_domain():
    signal = np.ones(32)
    frequency = np.array([-1.0, 0.0, 16.0, 20.0])
    assert np.all(np.isnan(complex_amplitude(signal, frequency, sample_rate=32.0)))
    with pytest.raises(ValueError, match="at least 3 samples"):
        complex_amplitude(signal[:2], 1.0, sample_rate=32.0)


@pytest.mark.parametrize("frequency", [7.3, 110.7, 249.9])
def test_complex_amplitude_of_a_long_record_in_single_precision(frequency):
    turns = np.exp(2j * np.pi * np.remainder(frequency / RATE * np.arange(1_000_000), 1))
    signal = (2 + (0.3 + 0.4j) * turns).real.astype(np.float32)
    found = complex_amplitude(signal, frequency, sample_rate=RATE)
    assert found.dtype == np.complex64
    np.testing.assert_allclose(found, 0.3 + 0.4j, atol=2e-4)


@pytest.mark.parametrize("share", [np.nan, 5.0, -1])
def test_shares_out_of_range_are_refused(share):
    expected = f"least_line_share is {share}; it must be a finite number of at least 0 and of at"
    with pytest.raises(ValueError, match=f"^{expected} most 1$"):
        measure_rhythm(np.zeros(64), sample_rate=RATE, least_line_share=share)


def irregular(generator):
    """Noise of three colours, and maps in chaos."""
    white = generator.normal(size=(1024, 4))
    coloured = [lfilter([1], [1, -0.9], white[:, 0]), lfilter([1], [1, -1, 0.81], white[:, 1])]
    logistic, henon = [0.3], [(0.1, 0.1)]
    for _ in range(1023):
        logistic.append(4 * logistic[-1] * (1 - logistic[-1]))
        x, y = henon[-1]
        henon.append((1 - 1.4 * x * x + y, 0.3 * x))
    return np.column_stack([white[:, 2:], *coloured, logistic, np.array(henon)[:, 0]])


def test_rhythms_in_noise_are_rhythms_and_chaos_is_not():
    generator = np.random.default_rng(7)
    cycles, phase = generator.uniform(12, 480, 10), generator.uniform(0, 6.28, 10)
    waves = np.cos(2 * np.pi * cycles * STEPS[:, None] / 1024 + phase)
    for noise in (0.3, 1.0):
        rhythm = measured(waves + noise * generator.normal(size=waves.shape), sample_rate=1024.0)
        assert np.all(rhythm.kind == RhythmKind.SUSTAINED)
        np.testing.assert_allclose(rhythm.frequency, cycles, atol=0.3)
        np.testing.assert_allclose(rhythm.noise_share, noise**2 / (noise**2 + 0.5), atol=0.15)
    decaying = np.exp(-2 * STEPS[:, None] / 1024) * waves + 0.2 * generator.normal(size=waves.shape)
    assert np.all(measured(decaying).kind == RhythmKind.DECAYS)
    rhythm = measured(irregular(generator))
    assert np.all(rhythm.kind == RhythmKind.IRREGULAR)
    assert np.all(rhythm.line_share < 0.4)


def test_the_share_asked_of_a_line_is_an_option():
    two = np.cos(0.5 * STEPS) + 0.9 * np.cos(1.9 * STEPS)
    low, high = (measure_rhythm(two, sample_rate=1, least_line_share=s) for s in (0.5, 0.6))
    assert low.kind == RhythmKind.SUSTAINED
    assert high.kind == RhythmKind.IRREGULAR
    assert 0.5 < low.line_share < 0.6


def test_a_silent_record_costs_the_others_no_gradient():
    def total(gains):
        rhythm = measure_rhythm(gains * jnp.cos(0.5 * STEPS)[:, None], sample_rate=1.0)
        return sum(jnp.sum(jnp.nan_to_num(x)) for x in rhythm[1:])

    assert np.all(np.isfinite(jax.grad(total)(jnp.array([1.0, 0.0]))))
