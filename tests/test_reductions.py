"""Reductions inside the scan against NumPy on the whole trajectory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

from rhythmic import ElmanCell, ResonantCell, trajectory
from rhythmic.reductions import (
    amplitude,
    dominant_frequency,
    first_bad_step,
    last_value,
    maximum,
    mean,
    minimum,
    reduce_over_time,
    reduce_steps,
)

TIME, BATCH = 120, 3
FREQUENCIES = np.arange(1.0, 60.0)
ALL = {
    "last": last_value(),
    "maximum": maximum(),
    "minimum": minimum(),
    "mean": mean(),
    "amplitude": amplitude(),
    "frequency": dominant_frequency(FREQUENCIES, dt=5e-3),
    "bad": first_bad_step(),
}


@pytest.fixture
def cell(x64):
    del x64
    return ElmanCell(2, 4, key=jax.random.key(1))


@pytest.fixture
def inputs(x64):
    del x64
    return jax.random.normal(jax.random.key(2), (TIME, 2, BATCH), jnp.float64)


@pytest.mark.parametrize("washout", [0, 17, TIME - 1])
def test_each_equals_numpy_on_the_trajectory(cell, inputs, washout):
    cell = jax.tree.map(lambda x: x.astype(jnp.float64), cell)
    found = reduce_over_time(cell, inputs, ALL, washout=washout)
    run = trajectory(cell, inputs, washout=washout)
    seen = np.asarray(run.observed)
    expected = {
        "last": seen[-1],
        "maximum": seen.max(axis=0),
        "minimum": seen.min(axis=0),
        "mean": seen.mean(axis=0),
        "amplitude": np.sqrt(2) * seen.std(axis=0),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found.results[name], values, rtol=1e-12, atol=1e-12)
    assert found.results["bad"] == -1
    if washout < TIME - 1:
        times = 5e-3 * np.arange(len(seen))
        waves = np.exp(-2j * np.pi * np.outer(FREQUENCIES, times))
        power = np.abs(np.tensordot(waves, seen - seen.mean(axis=0), axes=1))
        np.testing.assert_array_equal(found.results["frequency"], FREQUENCIES[power.argmax(axis=0)])
    np.testing.assert_allclose(found.final_state, run.final_state, rtol=1e-12)


def test_a_node_rings_at_its_own_frequency():
    cell = ResonantCell(np.array([12.0, 40.0, 90.0]), key=jax.random.key(0), recurrence=False)
    inputs = jnp.zeros((1000, 1)).at[0].set(1.0)
    found = reduce_over_time(
        cell, inputs, {"f": dominant_frequency(np.arange(1.0, 200.0), dt=1e-3)}
    )
    np.testing.assert_array_equal(found.results["f"], [12.0, 40.0, 90.0])
    # Where the frequencies are those of a discrete transform, scipy says the same.
    position = np.asarray(trajectory(cell, inputs).observed)
    frequencies, power = signal.periodogram(position, fs=1000.0, axis=0, detrend="constant")
    np.testing.assert_array_equal(frequencies[power.argmax(axis=0)], [12.0, 40.0, 90.0])


def test_an_offset_costs_no_digits_of_the_amplitude():
    values = 1e4 + np.sin(np.linspace(0, 200 * np.pi, 20001))[:-1]
    found = reduce_steps(
        lambda state, x: x, jnp.float32(0), jnp.asarray(values, jnp.float32), {"a": amplitude()}
    )
    assert abs(found.results["a"] - 1) < 2e-3


def test_a_constant_has_no_frequency():
    found = reduce_steps(
        lambda state, x: x,
        jnp.float32(0),
        jnp.full(50, 3.25),
        {"f": dominant_frequency([5.0], 0.01)},
    )
    assert np.isnan(found.results["f"])


@pytest.mark.parametrize("bad", [None, 0, 7, 49])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_bad_step_is_found(bad, value):
    values = np.zeros((50, 2), np.float32)
    if bad is not None:
        values[bad, 1] = value
    found = reduce_steps(
        lambda state, x: x, jnp.zeros(2), jnp.asarray(values), {"bad": first_bad_step()}
    )
    assert found.results["bad"] == (-1 if bad is None else bad)


def test_it_maps_jits_and_differentiates():
    def last_two(gain):
        run = reduce_steps(
            lambda x, _: jnp.sin(gain * x), jnp.ones(()), jnp.arange(20), {"m": maximum()}
        )
        return run.results["m"]

    gains = jnp.linspace(0.5, 1.5, 5)
    mapped = jax.jit(jax.vmap(last_two))(gains)
    np.testing.assert_allclose(mapped, [last_two(gain) for gain in gains], rtol=1e-6)
    assert np.all(np.isfinite(jax.vmap(jax.grad(last_two))(gains)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 0.01), "frequencies has shape"),
        (([60.0], 0.01), r"frequencies holds 60\.0; each is in \(0, 50\]"),
        (([0.0], 0.01), r"frequencies holds 0\.0"),
        (([5.0], 0.0), r"dt is 0\.0; it must be above 0"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        dominant_frequency(*arguments)


def test_a_washout_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="washout is 9; it must lie between 0 and 8"):
        reduce_steps(lambda s, x: x, jnp.zeros(()), jnp.zeros(9), {"m": maximum()}, washout=9)
