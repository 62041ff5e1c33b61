"""Reductions inside the scan against NumPy on the whole trajectory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic import ElmanCell, trajectory
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
    spectral_peak,
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


def test_long_reductions_keep_their_digits():
    # 0.37 of a cycle a step: in float32 the product with a step number would have lost its turn.
    cycles, steps = 0.37, 300_000
    wave = jnp.asarray(np.cos(2 * np.pi * cycles * np.arange(steps)), jnp.float32)
    one = {"m": mean(), "a": amplitude(), "f": spectral_peak([0.36, cycles, 0.38], 1.0)}
    found = jax.jit(
        lambda x: reduce_steps(lambda s, x: x, jnp.float32(0), x, one, observe=lambda x: 0.1 + x)
    )(wave).results
    np.testing.assert_allclose(found["m"], 0.1 + float(np.mean(wave)), rtol=1e-6)
    np.testing.assert_allclose(found["a"], 1.0, rtol=1e-5)
    assert found["f"].frequency == np.float32(cycles)
    np.testing.assert_allclose(found["f"].fraction, 1.0, rtol=1e-3)


def test_a_silent_node_costs_the_others_no_gradient():
    def total(gains):
        wave = jnp.sin(jnp.arange(50.0))[:, None] * gains
        peak = spectral_peak([0.1, 0.16], 1.0)
        found = reduce_steps(
            lambda s, x: x, jnp.zeros(3), wave, {"a": amplitude(), "p": peak, "m": mean()}
        ).results
        return jnp.sum(found["a"]) + jnp.sum(found["p"].fraction) + jnp.sum(found["m"])

    gradient = jax.grad(total)(jnp.array([1.0, 0.0, 2.0]))
    assert np.all(np.isfinite(gradient))
    assert gradient[0] > 0.5


def test_what_has_settled_has_no_frequency():
    steps = np.arange(2000)
    noise = np.random.default_rng(0).integers(-1, 2, (3, 2000)) * 2.0**-22
    columns = np.stack(
        [
            3 + noise[0],  # a constant and its rounding
            3 + 0.5**steps + noise[1],  # settled early
            3 + np.exp(-0.1 * steps) * np.cos(steps) + noise[2],  # rang early
            np.sin(2 * np.pi * 0.11 * steps) + 3,
            np.zeros(2000),
            np.where(steps == 7, np.nan, 0.0),
        ],
        axis=1,
    ).astype(np.float32)
    frequencies = np.arange(0.01, 0.5, 0.01)
    found = reduce_steps(
        lambda s, x: x,
        jnp.zeros(6),
        jnp.asarray(columns),
        {"p": spectral_peak(frequencies, 1.0), "f": dominant_frequency(frequencies, 1.0)},
    ).results
    expected = [np.nan, np.nan, np.nan, np.float32(0.11), np.nan, np.nan]
    np.testing.assert_array_equal(found["f"], expected)
    np.testing.assert_array_equal(found["p"].frequency, expected)
    np.testing.assert_allclose(found["p"].fraction, [0, 0, 0, 1, 0, np.nan], atol=1e-3)


def test_a_floor_leaves_out_what_is_weak():
    wave = jnp.sin(2 * np.pi * 0.11 * jnp.arange(500)) + jnp.sin(2 * np.pi * 0.3 * jnp.arange(500))
    for floor, expected in ((0.4, np.float32(0.11)), (0.6, np.nan)):
        found = reduce_steps(
            lambda s, x: x,
            jnp.float32(0),
            1.1 * wave - 0.1 * jnp.sin(2 * np.pi * 0.3 * jnp.arange(500)),
            {"f": dominant_frequency([0.11, 0.3], 1.0, floor=floor)},
        )
        np.testing.assert_array_equal(found.results["f"], expected)
    with pytest.raises(ValueError, match=r"floor is 1\.5; it must lie between 0 and 1"):
        dominant_frequency([0.11], 1.0, floor=1.5)


@pytest.mark.parametrize(
    ("step", "state", "inputs", "message"),
    [
        (
            lambda s, x: s @ x,
            jnp.ones(3),
            jnp.ones((5, 2)),
            "^step cannot take a state",
        ),
        (lambda s, x: s[:2], jnp.ones(3), jnp.ones((5, 2)), "^step turns a state"),
        (lambda s, x: s, jnp.ones(3), jnp.ones((0, 2)), "^inputs has 0 samples"),
        (lambda s, x: s, jnp.ones(3), None, "^inputs holds no array"),
    ],
)
def test_states_and_inputs_that_do_not_fit_are_named(step, state, inputs, message):
    with pytest.raises(ValueError, match=message) as refused:
        reduce_steps(step, state, inputs, {"m": maximum()})
    assert "\n" not in str(refused.value)


def test_the_amplitude_of_complex_values_is_of_their_modulus():
    values = np.exp(0.3j * np.arange(50)) * np.linspace(1, 2, 50) + 5
    values = values.astype(np.complex64)
    found = reduce_steps(lambda _, x: x, values[0], values, {"amplitude": amplitude()}).results
    assert found["amplitude"].dtype == np.float32
    np.testing.assert_allclose(found["amplitude"], np.sqrt(2) * values.std(), rtol=1e-5)


@pytest.mark.parametrize("reduction", [maximum(), minimum(), spectral_peak([1.0], 0.1)])
def test_what_needs_an_order_refuses_complex_values(reduction):
    values = np.ones(4, np.complex64)
    expected = "^observe gives complex64; it must be real, as complex has no order$"
    with pytest.raises(ValueError, match=expected):
        reduce_steps(lambda _, x: x, values[0], values, {"it": reduction})


def test_traced_frequencies_are_named():
    for name, call in (
        ("dt", lambda x: spectral_peak([1.0], x)),
        ("frequencies", lambda x: spectral_peak(x[None], 0.1)),
        ("floor", lambda x: dominant_frequency([1.0], 0.1, floor=x)),
    ):
        with pytest.raises(ValueError, match=f"^{name} is traced; it must be known"):
            jax.jit(lambda x, call=call: call(x) and x)(0.5)
