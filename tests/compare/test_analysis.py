"""Bands, spectra, rhythms and importance against closed forms."""

import equinox as eqx
import jax
import numpy as np
import pytest

from rhythmic.compare import ComparisonPlan
from rhythmic.compare.analysis import (
    Bands,
    Judge,
    bands_of,
    example_traces,
    rhythms_of,
    spectrum_of,
    without_bands,
)
from rhythmic.compare.example import pink_noise, simulated_rhythms
from rhythmic.compare.ladders import ladders_of
from rhythmic.data import Recordings
from rhythmic.networks.spec import NetworkSpec

RATE = 200.0


def sines(frequencies, lengths):
    """Return trials that are sums of sines of whole cycles, one channel."""
    return [
        sum(np.sin(2 * np.pi * f * np.arange(n) / RATE) for f in frequencies)[:, None]
        for n in lengths
    ]


def test_a_band_is_taken_out_and_nothing_else():
    lengths = (400, 400, 200)
    data = Recordings(sines((10, 30), lengths), [0, 1, 0], sample_rate=RATE)
    bands = Bands(np.array([9.0, 27.0, 60.0]), np.array([11.0, 33.0, 70.0]))
    without_ten, without_thirty, whole = without_bands(data, bands)
    for found, left in ((without_ten, (30,)), (without_thirty, (10,)), (whole, (10, 30))):
        for trial, (length, expected) in enumerate(zip(lengths, sines(left, lengths), strict=True)):
            np.testing.assert_allclose(found[trial, :length], expected, atol=1e-9)
            assert not found[trial, length:].any()


def test_bands_cover_what_the_recordings_show():
    data = Recordings(sines((10,), (400, 300)), [0, 1], sample_rate=RATE)
    bands = bands_of(data)
    assert bands.low[0] == pytest.approx(0.5)
    assert 0.4 * RATE / 1.2 < bands.high[-1] <= 0.4 * RATE * 2 ** (1 / 6)
    np.testing.assert_allclose(np.diff(np.log2(bands.centre)), 1 / 6)
    np.testing.assert_allclose(bands.high / bands.low, 2 ** (1 / 3))


def test_spectra_of_classes_have_their_peaks():
    data = simulated_rhythms((11.0, 17.0), num_trials=40, duration=(2.0, 2.0), amplitude=3.0)
    found = spectrum_of(data)
    excess = found.power[0] - found.power[1]
    assert abs(found.frequency[np.argmax(excess)] - 11) < 1
    assert abs(found.frequency[np.argmin(excess)] - 17) < 1


def test_noise_has_a_spectrum_of_one_over_f():
    noise = pink_noise((2**14, 2), np.random.default_rng(0))
    power = np.mean(np.abs(np.fft.rfft(noise, axis=0)) ** 2, axis=1)[1:]
    slope = np.polyfit(np.log(np.arange(1, len(power) + 1)), np.log(power), 1)[0]
    assert abs(slope + 1) < 0.05
    np.testing.assert_allclose(noise.std(axis=0), 1)


def network(options, **fields):
    spec = NetworkSpec("rrn", 3, options={"frequencies": (5.0, 12.0, 40.0)} | options, **fields)
    return spec.build(1, 2, key=jax.random.key(0), sample_rate=RATE)


@pytest.mark.parametrize("rhythms", ["fixed", "learned"])
def test_rhythms_are_those_that_the_nodes_were_given(rhythms):
    found = rhythms_of(network({"rhythms": rhythms, "pole_radius": 0.99}), RATE)
    np.testing.assert_allclose(found.frequency, (5.0, 12.0, 40.0), rtol=1e-3)
    np.testing.assert_allclose(found.decay, -1 / (RATE * np.log(0.99)), rtol=1e-3)


def test_cells_without_rhythms_have_none():
    lstm = NetworkSpec("lstm", 3).build(1, 2, key=jax.random.key(0))
    assert rhythms_of(lstm, RATE) is None
    for cell in ("horn", "linoss", "cornn"):
        built = NetworkSpec(cell, 3).build(1, 2, key=jax.random.key(0))
        assert np.isfinite(rhythms_of(built, RATE).decay).all() or cell == "linoss"


def test_importance_is_that_of_the_node_and_the_band_that_are_read():
    """A readout of the node at 12 Hz alone, which tells 12 Hz from 40 Hz."""
    generator = np.random.default_rng(1)
    labels, seconds = np.arange(40) % 2, np.arange(400) / RATE
    trials = [
        np.sin(2 * np.pi * (12.0 if label else 40.0) * seconds + generator.random())[:, None]
        for label in labels
    ]
    data = Recordings(trials, labels, sample_rate=RATE)
    judge = Judge(data, "balanced_accuracy")
    built = network({"recurrence": False, "pole_radius": 0.98}, readout="linear")
    features = np.asarray(judge.features(built, data.inputs))
    weights = np.array([[0, 0, 0], [0, 1, 0]], np.float32)
    built = eqx.tree_at(
        lambda one: (one.readout.weight, one.readout.bias),
        built,
        (weights, np.array([features[1].mean(), 0], np.float32)),
    )
    assert judge.score(built, features) == 1.0
    nodes = judge.node_importance(built, 0)
    assert nodes[1] > 0.3
    np.testing.assert_array_equal(nodes[[0, 2]], 0)
    bands = bands_of(data)
    falls = judge.band_importance(built, bands)
    strongest = bands.centre[falls == falls.max()]
    assert np.all((strongest > 10) & (strongest < 14.5))
    assert abs(falls[np.argmin(np.abs(bands.centre - 40))]) < 1e-6


def test_r2_of_numbers_far_from_zero_keeps_its_digits():
    generator = np.random.default_rng(0)
    data = Recordings(
        generator.normal(size=(30, 50, 1)), 1e6 + generator.normal(size=30), sample_rate=RATE
    )
    built = NetworkSpec("rrn", 3, readout="linear").build(
        1, 1, key=jax.random.key(0), sample_rate=RATE
    )
    judge = Judge(data, "r2")
    features = judge.features(built, data.inputs)
    outputs = np.asarray(built.answer(features), float)[0]
    targets = data.targets[:, 0]
    expected = 1 - np.sum((outputs - targets) ** 2) / np.sum((targets - targets.mean()) ** 2)
    assert judge.score(built, features) == pytest.approx(expected, rel=1e-4)


def test_traces_are_those_of_the_layer():
    data = Recordings(sines((10,), (400, 300)), [0, 1], sample_rate=RATE)
    built = network({})
    (found,) = example_traces(built, data, [1])
    shown = np.asarray(built.layers[0](np.asarray(data.inputs[1, :300], np.float32)[..., None]))
    np.testing.assert_allclose(found["nodes"], shown[:, :, 0].T, rtol=1e-5)
    assert found["seconds"][-1] == pytest.approx(299 / RATE)


def test_answers_at_every_step_are_those_of_the_network():
    inputs, lengths = sines((10, 20), (40, 30)), np.array([40, 30])
    labels = [np.arange(n) % 2 for n in lengths]
    data = Recordings(inputs, labels, sample_rate=RATE, kind="class_per_step")
    built = NetworkSpec("rrn", 3, pooling="every").build(
        1, 2, key=jax.random.key(0), sample_rate=RATE
    )
    found = Judge(data, "balanced_accuracy").answers(built)
    for trial, length in enumerate(lengths):
        own = np.asarray(built(np.asarray(data.inputs[trial, :length], np.float32)))
        np.testing.assert_array_equal(found[trial, :length], own.argmax(axis=-1))
        assert np.all(found[trial, length:] == -1)
    (trace,) = example_traces(built, data, [1], most=20)
    np.testing.assert_array_equal(trace["answers"], found[1, :30:2])
    np.testing.assert_array_equal(trace["targets"], labels[1][::2])


def test_bytes_are_judged_as_networks_read_them():
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (20, 40, 1)).astype(np.uint8)
    labels, built = np.arange(20) % 2, network({})
    whole = [Recordings(x, labels, sample_rate=RATE) for x in (pixels, pixels / 255.0)]
    judges = [Judge(one, "balanced_accuracy") for one in whole]
    importance = [judge.node_importance(built, 0) for judge in judges]
    np.testing.assert_array_equal(*importance)
    bands = bands_of(whole[0])
    np.testing.assert_array_equal(*(judge.band_importance(built, bands) for judge in judges))
    shown = [example_traces(built, one, [0])[0]["nodes"] for one in whole]
    np.testing.assert_allclose(*shown, rtol=1e-5)


def test_features_of_steps_are_exchanged_among_trials_that_still_run():
    lengths = np.array([3, 5, 5, 2])
    trials = [np.ones((n, 1)) for n in lengths]
    steps = [np.arange(n) % 2 for n in lengths]
    data = Recordings(trials, steps, sample_rate=RATE, kind="class_per_step")
    order = Judge(data, "balanced_accuracy")._order(np.random.default_rng(0))[:, 0]
    for step, row in enumerate(order):
        running = np.flatnonzero(lengths > step)
        assert sorted(row[running]) == running.tolist()
        assert step > 2 or np.all(row[running] != running)


def test_peaks_know_nothing_of_the_labels():
    data = simulated_rhythms((11.0, 17.0), num_trials=30)
    plan = ComparisonPlan(num_ladders=0)
    generator = np.random.default_rng(0)
    labels = [data.classes[k] for k in generator.permutation(data.targets)]
    trials = [x[:n] for x, n in zip(data.inputs, data.lengths, strict=True)]
    other = Recordings(trials, labels, sample_rate=data.sample_rate)
    ladders = [ladders_of(one, plan)["peaks"] for one in (data, other)]
    np.testing.assert_array_equal(*ladders)
    for frequency in (11.0, 17.0):
        assert np.min(np.abs(ladders[0] / frequency - 1)) < 0.1
