"""Noise, orders and sample efficiency: conditions, findings of made-up rows, refusals, figures."""

import dataclasses

import numpy as np
import pytest
from matplotlib import pyplot as plt

from experiments.compare import noise_tolerance, pixel_orders, sample_efficiency
from experiments.compare.findings import verdicts
from experiments.compare.robust_networks import NAMES, ROW_PARAMETERS
from rhythmic.plotting.style import house_style

MODULES = (noise_tolerance, pixel_orders, sample_efficiency)
SEEDS = (101, 102, 103, 104, 105, 106)
SPREAD = np.array([-0.004, -0.002, 0.0, 0.001, 0.002, 0.003])


def small(module, **further):
    """Return the full preset's question on the bundled digits, which need no download."""
    full = module.PRESETS["full"]
    sizes = {"sizes": (500, 1000, 4000)} if module is sample_efficiency else {}
    return dataclasses.replace(
        full, dataset="mnist5k", seeds=SEEDS, results=None, **({"epochs": 3} | sizes | further)
    )


def same_but(first, second, *allowed):
    """Assert that two conditions differ in these fields alone; pools by their hash."""
    for field in dataclasses.fields(first):
        own, other = (getattr(x, field.name) for x in (first, second))
        if field.name == "pool":
            own, other = own.sha256, other.sha256
        if field.name not in allowed:
            assert own == other, field.name


def rows_like(values, **further):
    return [
        {"seed": seed, "label": "made up", "test_accuracy": float(value)} | further
        for seed, value in zip(SEEDS, values, strict=True)
    ]


@pytest.mark.parametrize("module", MODULES)
def test_presets_fit_and_their_networks_are_tuned_alike(module):
    for name, options in module.PRESETS.items():
        assert options.preset == name
        options.check()
    options = small(module)
    options.check()
    found = module.conditions(options)
    labels = [condition.label for condition in found]
    assert len(set(labels)) == len(labels)
    for condition in found:
        assert condition.settings == options.settings()
        assert len(condition.settings) == 3
        assert condition.tuning_seeds == options.tuning_seeds
        assert condition.seeds == SEEDS


def test_noise_differs_in_training_alone():
    options = small(noise_tolerance)
    found = {condition.label: condition for condition in noise_tolerance.conditions(options)}
    assert len(found) == 12
    for name in options.networks:
        clean, noisy = (found[noise_tolerance.label(name, noise)] for noise in (0.0, 0.2))
        same_but(clean, noisy, "label", "training", "architecture")
        assert clean.architecture == noisy.architecture
        assert clean.test_noise == (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
        assert dataclasses.replace(noisy.training, input_noise=0.0) == clean.training
        assert noisy.training.input_noise == 0.2
    without = small(noise_tolerance, training_noise=0.0)
    assert len(noise_tolerance.conditions(without)) == 6


@pytest.mark.slow
def test_orders_differ_in_the_pool_alone_and_rows_have_alike_sizes():
    options = small(pixel_orders)
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
    options = small(pixel_orders)
    (found,) = pixel_orders.spectra(options, {}, None, None).values()
    shares = {row["order"]: row["rhythm_share"] for row in found}
    assert set(shares) == {"rows", "columns", "permuted"}
    # Of 391 frequencies 13 belong to the rhythm.
    assert shares["permuted"] == pytest.approx(13 / 391, abs=0.02)
    assert min(shares["rows"], shares["columns"]) > 3 * 13 / 391
    row = next(row for row in found if row["order"] == "rows")
    pool = options.pool()
    images = pool.data.inputs[pool.split(SEEDS[0]).train[: pixel_orders.NUM_IMAGES]] / 255
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
    small_options = small(sample_efficiency, networks=("rnn",))
    found = sample_efficiency.conditions(small_options)
    assert [condition.num_train for condition in found] == [500, 500, 1000, 1000, None, None]
    passes = [condition.training.passes for condition in found]
    assert passes[1::2] == [1, 1, 1]
    assert passes[0] > passes[2] > passes[4] > 1


@pytest.mark.parametrize(
    ("module", "changed", "message"),
    [
        (noise_tolerance, {"networks": ("elman",)}, "networks holds 'elman'"),
        (noise_tolerance, {"networks": ()}, "networks"),
        (noise_tolerance, {"levels": (0.0, 0.1)}, "levels must hold 0 and 0.2"),
        (noise_tolerance, {"levels": (0.2, 0.0)}, "levels must rise"),
        (noise_tolerance, {"training_noise": -0.1}, "training_noise holds -0.1"),
        (pixel_orders, {"orders": ("rows", "spiral")}, "orders holds 'spiral'"),
        (pixel_orders, {"orders": ("rows", "rows")}, "orders"),
        (sample_efficiency, {"sizes": (1000, 500)}, "sizes must hold"),
        (sample_efficiency, {"sizes": (500, 60000)}, "sizes holds 60000"),
        (sample_efficiency, {"num_train": 100}, "num_train is 100"),
        (sample_efficiency, {"updates": 40}, "updates is 40"),
        (sample_efficiency, {"validations": 0}, "validations is 0"),
    ],
)
def test_what_is_refused(module, changed, message):
    with pytest.raises(ValueError, match=message) as refused:
        dataclasses.replace(module.PRESETS["full"], **changed).check()
    assert "\n" not in str(refused.value)


def rolled(values, name, further=0):
    """Give every network another order of values, so that pairs of seeds differ."""
    return np.roll(values, NAMES.index(name) + further)


def noise_rows(options, losses):
    """Make rows in which a network loses so much from level to level."""
    rows = {}
    for noise in (0.0, options.training_noise):
        for name in options.networks:
            slopes = losses[name] + rolled(SPREAD - SPREAD.mean(), name) / 5
            curves = 0.7 - slopes[:, None] * np.arange(len(options.levels))
            rows[noise_tolerance.label(name, noise)] = [
                row | {"noise_accuracy": curve.tolist()}
                for row, curve in zip(rows_like(curves[:, 0]), curves, strict=True)
            ]
    return rows


def test_noise_findings_go_by_the_share_that_is_left_and_not_by_accuracies():
    options = noise_tolerance.PRESETS["full"]
    losses = dict.fromkeys(options.networks, 0.05) | {"lstm": 0.1, "rnn": 0.01}
    rows = noise_rows(options, losses)
    for row in rows[noise_tolerance.label("lstm")]:
        row["noise_accuracy"] = [0.1 + 1.4 * (x - 0.1) for x in row["noise_accuracy"]]
    found = noise_tolerance.findings(options, rows)
    assert [finding.claim for finding in found] == [c.name for c in noise_tolerance.CLAIMS]
    # 0.2 is the fourth level: three steps of loss, of 0.6 above chance.
    expected = [0.15 / 0.6, -0.12 / 0.6, 0.0, 0.15 / 0.6, 0.15]
    np.testing.assert_allclose([finding.estimate for finding in found], expected, atol=0.002)
    assert verdicts(found) == ["holds", "opposite", "equivalent", "holds", "holds"]
    del rows[noise_tolerance.label("horn")]
    missing = noise_tolerance.findings(options, rows)[3]
    assert "HORN" in missing.text
    assert np.isnan(missing.p_value)


def order_rows(options, accuracy):
    return {
        pixel_orders.label(name, order): rows_like(
            accuracy(name, order) + rolled(SPREAD, name, len(order))
        )
        for name in options.networks
        for order in options.orders
    }


@pytest.mark.parametrize("falls", [True, False])
def test_order_findings(falls):
    options = pixel_orders.PRESETS["full"]

    def accuracy(name, order):
        low = order == "permuted" and (name == "rrn-golden") == falls
        return 0.4 if low else 0.7

    found = pixel_orders.findings(options, order_rows(options, accuracy))
    assert [finding.claim for finding in found] == [c.name for c in pixel_orders.CLAIMS]
    signs = [0.3, 0.3, 0.0, 0.0, 0.0] if falls else [-0.3, 0.0, 0.3, 0.0, 0.0]
    np.testing.assert_allclose([finding.estimate for finding in found], signs, atol=1e-12)
    assert verdicts(found)[0] == ("holds" if falls else "opposite")
    few = dataclasses.replace(options, orders=("permuted",))
    texts = [x.text for x in pixel_orders.findings(few, order_rows(few, accuracy))]
    assert all("left out" in text for text in texts)


def sample_rows(options, accuracy):
    return {
        sample_efficiency.label(name, size, how): rows_like(
            accuracy(name, size) + rolled(SPREAD, name, options.sizes.index(size))
        )
        for name in options.networks
        for size in options.sizes
        for how in (sample_efficiency.UPDATES, sample_efficiency.EPOCHS)
        if size < 55_000 or how == sample_efficiency.UPDATES
    }


@pytest.mark.parametrize("sign", [1, -1])
def test_sample_findings(sign):
    options = sample_efficiency.PRESETS["full"]

    def accuracy(name, size):
        few = size == sample_efficiency.CLAIMED
        return 0.6 + sign * (0.1 * (name == "rrn-golden") if few else 0.0)

    rows = sample_rows(options, accuracy)
    found = sample_efficiency.findings(options, rows)
    assert [finding.claim for finding in found] == [c.name for c in sample_efficiency.CLAIMS]
    np.testing.assert_allclose([finding.estimate for finding in found], 0.1 * sign, atol=1e-12)
    assert verdicts(found) == ["holds" if sign > 0 else "opposite"] * 4
    few = dataclasses.replace(options, sizes=(500, 55_000))
    assert all("left out" in x.text for x in sample_efficiency.findings(few, rows_of(few, rows)))
    # The largest size is not all digits: what "all" would mean is not asked.
    for sizes in ((500, 1000), (1000, 20_000)):
        less = dataclasses.replace(options, sizes=sizes)
        *others, lead = sample_efficiency.findings(less, rows_of(less, rows))
        assert "not asked in this run: rhythmic (golden), 55000 digits" in lead.text
        assert np.isnan([lead.estimate, lead.p_value]).all()
        assert not any("not asked" in x.text for x in others)
    with_all = small(sample_efficiency, sizes=(1000, 4000))
    *_, lead = sample_efficiency.findings(with_all, sample_rows(with_all, accuracy))
    assert lead.estimate == pytest.approx(0.1 * sign)


def test_one_network_is_paired_with_itself_without_recurrence_and_with_no_other_cell():
    # Seeds matter far more than networks, and to all alike: pairs alone see what is left.
    options = small(sample_efficiency)
    luck = dict(zip(options.networks, range(len(options.networks)), strict=True))
    rows = {
        sample_efficiency.label(name, size, sample_efficiency.UPDATES): rows_like(
            0.5 + 30 * SPREAD + np.roll(SPREAD, place) + 0.02 * (name == "rrn-golden")
        )
        for name, place in luck.items()
        for size in options.sizes
    }
    lstm, rnn, unconnected, _ = sample_efficiency.findings(options, rows)
    assert unconnected.p_value < 1e-2
    assert min(lstm.p_value, rnn.p_value) > 0.3


def rows_of(options, rows):
    return {k: v for k, v in rows.items() if any(f" {size} " in k for size in options.sizes)}


def test_figures_are_drawn_from_rows_alone():
    rows = {
        noise_tolerance: noise_rows(
            noise_tolerance.PRESETS["full"], dict.fromkeys(pixel_orders.PRESETS["full"].networks, 0)
        ),
        pixel_orders: order_rows(pixel_orders.PRESETS["full"], lambda name, order: 0.5),
        sample_efficiency: sample_rows(sample_efficiency.PRESETS["full"], lambda name, size: 0.5),
    }
    spectrum = {"order": "rows", "frequency": [1.0, 2.0], "power": [1.0, 0.5], "rhythm_share": 0.4}
    rows[pixel_orders][pixel_orders.SPECTRUM] = [spectrum]
    with house_style():
        for module in MODULES:
            for figure in module.draw(module.PRESETS["full"], rows[module]).values():
                figure.canvas.draw()
                plt.close(figure)
