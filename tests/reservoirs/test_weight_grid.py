"""One point of the weight grid against parts that are computed apart, and the grid as a sweep."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ResonantReservoirCell
from rhythmic.reservoirs import ReservoirData, ReservoirGrid, read_out, weight_grid_sweep
from rhythmic.sweep import run_sweep
from rhythmic.theory import geometric_ladder

GRID = ReservoirGrid(num_nodes=5, start_frequency=10.0, num_probes=2)
WEIGHTS = {"pole_radius": 0.9, "ladder_ratio": 2.0, "recurrent_gain": 0.5, "input_scale": 1.0}


def tones(time=80, examples=30, seed=0):
    """Sequences of three classes: 10, 40 and 120 Hz, in noise."""
    rng = np.random.default_rng(seed)
    arrays = []
    for _ in range(2):
        labels = np.arange(examples) % 3
        phase = 2 * np.pi * rng.uniform(size=examples)
        angle = 2 * np.pi * np.array([10.0, 40.0, 120.0])[labels] / 1000
        signal = np.sin(angle * np.arange(time)[:, None] + phase)
        signal += 0.3 * rng.normal(size=signal.shape)
        arrays += [jnp.asarray(signal, jnp.float32), jnp.asarray(labels, jnp.int32)]
    return ReservoirData(*arrays)


@pytest.fixture(scope="module")
def data():
    return tones()


@pytest.fixture(scope="module")
def compiled(data):
    return jax.jit(lambda weights, seed: GRID.point(**weights, seed=seed, shared=data))


def point(compiled, seed=3, **changes):
    weights = {name: jnp.float32(x) for name, x in (WEIGHTS | changes).items()}
    return {name: np.asarray(x) for name, x in compiled(weights, jnp.int32(seed)).items()}


@pytest.mark.slow
def test_the_cell_of_a_point_is_the_cell_of_its_ladder():
    weights = {name: jnp.float32(x) for name, x in WEIGHTS.items()}
    found = GRID.cell(**weights, key=jax.random.key(4))
    frequencies = geometric_ladder(2.0, start=10.0, num_nodes=5)
    expected = ResonantReservoirCell(
        frequencies, key=jax.random.key(4), noise=0.0, pole_radius=0.9, spectral_radius=0.5
    )
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    assert jax.tree.structure(found) == jax.tree.structure(expected)


@pytest.mark.slow
def test_nodes_above_a_quarter_of_the_sample_rate_are_as_if_absent(compiled, data):
    # 10, 50 and 250 Hz: the last one of three, and all above, do not live.
    found = point(compiled, ladder_ratio=5.0)
    assert found["live_nodes"] == 2
    _, live = GRID.ladder(jnp.float32(5.0))
    np.testing.assert_array_equal(live, [True, True, False, False, False])
    cell = GRID.cell(
        **{n: jnp.float32(x) for n, x in (WEIGHTS | {"ladder_ratio": 5.0}).items()},
        key=jax.random.split(jax.random.key(3), 3)[0],
    )
    weights = np.asarray(cell.recurrent_weights)
    assert not np.any(weights[2:])
    assert not np.any(weights[:, 2:])
    small = dataclasses.replace(GRID, num_nodes=2).cell(
        **{n: jnp.float32(x) for n, x in (WEIGHTS | {"ladder_ratio": 5.0}).items()},
        key=jax.random.key(0),
    )
    small = eqx.tree_at(lambda c: c.recurrent_weights, small, cell.recurrent_weights[:2, :2])
    alone = eqx.filter_jit(read_out)(small, data, key=jax.random.key(0), num_classes=10)
    np.testing.assert_allclose(alone.validation_accuracy, found["validation_accuracy"])
    np.testing.assert_allclose(alone.train_accuracy, found["train_accuracy"])
    assert found["dominant_frequency"] in (10, 50)


def test_coupling_and_seed_matter_and_a_seed_repeats(compiled):
    once, again, other = (point(compiled, seed) for seed in (3, 3, 4))
    assert all(np.array_equal(once[name], again[name]) for name in once)
    assert once["growth_factor"] != other["growth_factor"]
    free = [point(compiled, seed, recurrent_gain=0.0) for seed in (3, 4)]
    assert free[0]["growth_factor"] == pytest.approx(0.9, rel=1e-4)
    assert free[0]["validation_accuracy"] == free[1]["validation_accuracy"]


def test_overflow_is_told(compiled):
    found = point(compiled, pole_radius=3.5)  # 3.5^80 is beyond the square root of float32
    assert 0 < found["first_bad_step"] < 80
    assert found["finite_share"] < 1
    assert np.isnan(found["validation_accuracy"])
    assert np.isnan(found["spectral_centroid"])


@pytest.mark.slow
def test_the_sweep_is_the_point_mapped_over_the_grid(compiled, data):
    sweep = weight_grid_sweep(
        GRID,
        data,
        pole_radii=(0.9, 3.5),
        ladder_ratios=(2.0,),
        recurrent_gains=(0.0, 0.5),
        input_scales=(1.0,),
        seeds=(3, 4),
    )
    assert sweep.shape == (2, 2, 1, 2, 1)
    arrays = run_sweep(sweep, chunk_points=2, quiet=True).arrays
    alone = point(compiled)
    for name in ("validation_accuracy", "growth_factor", "spectral_centroid", "live_nodes"):
        np.testing.assert_allclose(arrays[name][0, 0, 0, 1, 0], alone[name], rtol=1e-3)
    status = arrays["status"][:, :, 0, :, 0]
    assert not np.any(status[:, 0])
    assert np.all(status[:, 1])


@pytest.mark.parametrize("seeds", [np.array([2**32 + 7]), (1.5,), ()])
def test_seeds_that_would_be_other_ones_are_refused(data, seeds):
    names = ("pole_radii", "ladder_ratios", "recurrent_gains", "input_scales")
    with pytest.raises(ValueError, match=r"^seed"):
        weight_grid_sweep(GRID, data, **dict.fromkeys(names, (0.9,)), seeds=seeds)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_nodes", 0),
        ("num_probes", 0),
        ("num_iterations", 0),
        ("sample_rate", np.nan),
        ("start_frequency", 250.0),
        ("inverse_regularisation", 0.0),
        ("density", 0.0),
        ("noise", -1.0),
    ],
)
def test_bad_options_are_named(field, value):
    with pytest.raises(ValueError, match=f"^{field} is [^\n]*$"):
        dataclasses.replace(GRID, **{field: value})
