"""Noise, orders, few digits: what conditions differ in, and what is left of accuracies."""

import dataclasses

import numpy as np
import pytest

from experiments.compare import noise_tolerance, pixel_orders, sample_efficiency
from experiments.compare.networks import ROW_PARAMETERS
from rhythmic.plotting.style import LABELS
from tests.experiments.compare.made_up import found, rows_of, small, verdicts

GOLDEN, LSTM = LABELS["rrn-golden"], LABELS["lstm"]


def same_but(first, second, *allowed):
    """Assert that two conditions differ in these fields alone; pools by their hash."""
    for field in dataclasses.fields(first):
        own, other = (getattr(x, field.name) for x in (first, second))
        if field.name == "pool":
            own, other = own.sha256, other.sha256
        if field.name not in allowed:
            assert own == other, field.name


def test_noise_differs_in_training_alone():
    options = small("noise_tolerance")
    found = {condition.label: condition for condition in noise_tolerance.conditions(options)}
    assert len(found) == 12
    for name in options.networks:
        clean, noisy = (found[noise_tolerance.label(name, noise)] for noise in (0.0, 0.2))
        same_but(clean, noisy, "label", "training", "architecture")
        assert clean.architecture == noisy.architecture
        assert clean.test_noise == (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
        assert dataclasses.replace(noisy.training, input_noise=0.0) == clean.training
        assert noisy.training.input_noise == 0.2
    without = small("noise_tolerance", training_noise=0.0)
    assert len(noise_tolerance.conditions(without)) == 6


@pytest.mark.slow
def test_orders_differ_in_the_pool_alone_and_rows_have_alike_sizes():
    options = small("pixel_orders")
    found = {condition.label: condition for condition in pixel_orders.conditions(options)}
    assert len(found) == 24
    assert len({condition.pool.sha256 for condition in found.values()}) == 4
    for name in options.networks:
        rows, permuted = (found[pixel_orders.label(name, o)] for o in ("rows", "permuted"))
        same_but(rows, permuted, "label", "pool", "architecture")
        assert rows.architecture == permuted.architecture
        first, second = (np.sort(x.pool.data.inputs[:50], axis=1) for x in (rows, permuted))
        np.testing.assert_array_equal(first, second)
        vectors = found[pixel_orders.label(name, "row_vectors")]
        assert vectors.pool.data.inputs.shape[1:] == (28, 28)
        size = vectors.architecture.num_parameters(28, 10)
        assert size <= ROW_PARAMETERS
        assert size >= 550 or name == "rrn-golden-unconnected"


def test_orders_know_where_the_power_is():
    options = small("pixel_orders")
    (found,) = pixel_orders.spectra(options, {}, None, None).values()
    shares = {row["order"]: row["rhythm_share"] for row in found}
    assert set(shares) == {"rows", "columns", "permuted"}
    # Of 391 frequencies 13 belong to the rhythm.
    assert shares["permuted"] == pytest.approx(13 / 391, abs=0.02)
    assert min(shares["rows"], shares["columns"]) > 3 * 13 / 391
    row = next(row for row in found if row["order"] == "rows")
    pool = options.pool()
    images = pool.data.inputs[pool.split(options.seeds[0]).train[: pixel_orders.NUM_IMAGES]] / 255
    power = np.mean(np.abs(np.fft.rfft(images, axis=1)) ** 2, axis=0)[1:392] / 784
    np.testing.assert_allclose(row["power"], power, rtol=2e-3)


def test_sizes_make_equal_updates():
    options = sample_efficiency.PRESETS["full"]
    for size in options.sizes:
        recipe = options.equal_updates(size)
        assert abs(recipe.num_steps(size) - options.updates) <= 0.02 * options.updates
        assert recipe.epochs <= options.validations
        assert dataclasses.replace(recipe, epochs=3, passes=1) == options.training()
    assert "10,000, 20,000, 55,000 training digits; about 1,272 updates" in options.recipe()
    # All digits need no second recipe.
    assert options.equal_updates(55_000) == options.training()
    small_options = small("sample_efficiency", networks=("rnn",))
    found = sample_efficiency.conditions(small_options)
    assert [condition.num_train for condition in found] == [500, 500, 1000, 1000, None, None]
    passes = [condition.training.passes for condition in found]
    assert passes[1::2] == [1, 1, 1]
    assert passes[0] > passes[2] > passes[4] > 1


@pytest.mark.parametrize(
    ("claim", "better", "worse"),
    [
        ("noise-loss-lstm", GOLDEN, LSTM),
        ("noise-loss-rnn", GOLDEN, LABELS["rnn"]),
        ("noise-loss-unconnected", LABELS["rrn-golden-unconnected"], GOLDEN),
        ("noise-loss-horn", LABELS["horn"], LSTM),
    ],
)
def test_noise_findings_go_by_the_share_that_is_left_and_not_by_accuracies(claim, better, worse):
    options = small("noise_tolerance")
    for kept, expected in (
        ({better: 0.9, worse: 0.5}, "supported"),
        ({better: 0.5, worse: 0.9}, "contradicted"),
        ({better: 0.7, worse: 0.7}, "equivalent"),
    ):
        rows = rows_of("noise_tolerance", options, {worse: 0.2}, left=kept)
        finding = found("noise_tolerance", options, rows)[claim]
        assert verdicts([finding]) == [expected]
        # Noise of 0.2 costs a quarter of what the largest does, 0.8.
        assert finding.estimate == pytest.approx((kept[better] - kept[worse]) / 4, abs=0.003)


@pytest.mark.parametrize("sign", [1, -1])
def test_networks_that_were_trained_with_noise_are_held_against_each_other_at_it(sign):
    options = small("noise_tolerance")
    effects = {f"{name}, trained with noise 0.2": x for name, x in ((GOLDEN, 0.1), (LSTM, 0.0))}
    rows = rows_of("noise_tolerance", options, {k: sign * x for k, x in effects.items()})
    finding = found("noise_tolerance", options, rows)["noise-trained-lstm"]
    assert verdicts([finding]) == ["supported" if sign > 0 else "contradicted"]
    assert finding.estimate == pytest.approx(sign * 0.1 * (1 - 0.3 / 4), abs=0.003)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("name", "claim", "less", "more"),
    [
        ("pixel_orders", "permuted-lead-lstm", f"{GOLDEN}, permuted", f"{LSTM}, permuted"),
        (
            *("sample_efficiency", "few-digits-lead"),
            *(f"{LSTM}, 1000 digits, equal updates", f"{GOLDEN}, 1000 digits, equal updates"),
        ),
    ],
)
def test_a_lead_is_the_difference_of_two_losses(name, claim, less, more, sign):
    options = small(name)
    effects = {less: -0.1} if sign > 0 else {more: -0.1}
    rows = rows_of(name, options, effects)
    finding = found(name, options, rows)[claim]
    assert finding.estimate == pytest.approx(0.1 * sign, abs=0.005)
    assert verdicts([finding]) == ["supported" if sign > 0 else "contradicted"]
