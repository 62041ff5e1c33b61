"""Sensitivities by autodiff against finite differences, whole-run derivatives and closed forms."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from rhythmic.cells import ElmanCell, EquinoxCell, LSTMCell, ResonantCell
from rhythmic.sensitivity import (
    input_jacobian,
    input_sensitivity,
    input_sensitivity_at_every_step,
    state_sensitivity,
    step_jacobian,
    step_jacobians,
)

TIME = 5
CELLS = {
    "elman": lambda key: ElmanCell(2, 3, key=key),
    "lstm": lambda key: LSTMCell(2, 3, key=key),
    "resonant": lambda key: ResonantCell(np.array([5.0, 60.0]), key=key, pole_radius=0.9),
    "equinox-gru": lambda key: EquinoxCell(eqx.nn.GRUCell(2, 3, key=key)),
}


@functools.cache
def built(name):
    return CELLS[name](jax.random.key(1))


@pytest.fixture(params=CELLS)
def cell(request, x64):
    return built(request.param)


def signal(cell, seed=0):
    return np.random.default_rng(seed).normal(size=(TIME, cell.input_size))


compiled_step = eqx.filter_jit(lambda cell, state, sample: cell.step(state, sample))
compiled_jacobian = eqx.filter_jit(step_jacobian)
compiled_every_step = eqx.filter_jit(input_sensitivity_at_every_step)
compiled_last = eqx.filter_jit(input_sensitivity)
compiled_jacobians = eqx.filter_jit(step_jacobians)
compiled_state_sensitivity = eqx.filter_jit(state_sensitivity)


def by_loop(cell, inputs, state=None):
    """Outputs and flat states of every step, without a scan."""
    state = cell.initial_state() if state is None else state
    outputs, states = [], [ravel_pytree(state)[0]]
    for sample in inputs:
        state = compiled_step(cell, state, jnp.asarray(sample))
        outputs.append(cell.output(state))
        states.append(ravel_pytree(state)[0])
    return np.array(outputs), np.array(states)


def test_every_sensitivity_to_an_input_is_a_finite_difference(cell):
    inputs, small = signal(cell), 1e-5
    found = np.asarray(compiled_every_step(cell, inputs))
    assert found.shape == (TIME, TIME, cell.hidden_size, cell.input_size)
    for source in range(TIME):
        push = np.zeros_like(inputs)
        push[source, -1] = small
        up, down = by_loop(cell, inputs + push)[0], by_loop(cell, inputs - push)[0]
        difference = (up - down) / (2 * small)
        np.testing.assert_allclose(found[:, source, :, -1], difference, atol=1e-7)
        assert not found[:source, source].any()  # nothing acts before it comes
    last = compiled_last(cell, inputs)
    np.testing.assert_allclose(last, found[-1], rtol=1e-10, atol=1e-14)


def test_a_step_jacobian_is_a_finite_difference_at_any_state(cell):
    rest, restore = ravel_pytree(cell.initial_state())
    point = np.random.default_rng(2).normal(size=rest.shape)
    sample = jnp.asarray(signal(cell)[0])

    def step(values):
        state = compiled_step(cell, restore(jnp.asarray(values)), sample)
        return np.asarray(ravel_pytree(state)[0])

    small = 1e-5 * np.eye(len(point))
    columns = [(step(point + row) - step(point - row)) / 2e-5 for row in small]
    found = compiled_jacobian(cell, restore(jnp.asarray(point)), sample)
    np.testing.assert_allclose(found, np.transpose(columns), atol=1e-7)


def test_products_of_step_jacobians_are_the_derivative_of_the_whole_run(cell):
    inputs = jnp.asarray(signal(cell))
    point = np.random.default_rng(3).normal(size=ravel_pytree(cell.initial_state())[0].shape)
    restore = ravel_pytree(cell.initial_state())[1]
    first = restore(jnp.asarray(point))
    found = compiled_state_sensitivity(cell, inputs, initial_state=first)
    size = len(point)
    assert found.shape == (TIME + 1, size, size)
    np.testing.assert_array_equal(found[0], np.eye(size))
    small = 1e-5 * np.eye(size)
    ends = [
        [by_loop(cell, inputs, restore(jnp.asarray(point + sign * row)))[1][-1] for row in small]
        for sign in (1, -1)
    ]
    difference = (np.array(ends[0]) - np.array(ends[1])).T / 2e-5
    np.testing.assert_allclose(found[TIME], difference, atol=1e-7)
    last_state = restore(jnp.asarray(by_loop(cell, inputs, first)[1][-2]))
    last_step = compiled_jacobian(cell, last_state, inputs[-1])
    np.testing.assert_allclose(found[1], last_step, rtol=1e-10, atol=1e-14)


def test_start_states_and_observed_quantities_are_used(x64):
    cell = ResonantCell(np.array([5.0, 60.0]), key=jax.random.key(0), pole_radius=0.9)
    inputs = signal(cell)
    first = jax.tree.map(lambda x: x + 0.5, cell.initial_state())
    options = {"observe": cell.squared_amplitude, "initial_state": first}
    found = compiled_last(cell, inputs, **options)

    def last(inputs):
        state = first
        for sample in inputs:
            state = cell.step(state, sample)
        return cell.squared_amplitude(state)

    expected = jnp.moveaxis(jax.jit(jax.jacfwd(last))(jnp.asarray(inputs)), 1, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    every = compiled_every_step(cell, inputs, **options)
    np.testing.assert_allclose(every[-1], expected, rtol=1e-10)
    assert not np.allclose(found, compiled_last(cell, inputs, observe=cell.squared_amplitude))
    rested, moved = (
        compiled_jacobians(cell, inputs, initial_state=state)[0] for state in (None, first)
    )
    assert not np.allclose(rested, moved)


def test_input_jacobian_of_any_function(x64):
    inputs = np.random.default_rng(6).normal(size=(4, 2))
    found = input_jacobian(lambda x: jnp.cumsum(x**2, axis=0), inputs)
    expected = np.zeros((4, 4, 2, 2))
    for time in range(4):
        for source in range(time + 1):
            expected[time, source] = np.diag(2 * inputs[source])
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_shapes_are_checked():
    cell = ElmanCell(2, 3, key=jax.random.key(1))
    batch = jnp.zeros((TIME, 2, 4))
    for function in (input_sensitivity, input_sensitivity_at_every_step, state_sensitivity):
        with pytest.raises(ValueError, match=r"inputs has shape \(5, 2, 4\); expected \(time"):
            function(cell, batch)
        with pytest.raises(ValueError, match="inputs has shape"):
            function(cell, jnp.zeros((TIME, 3)))
    with pytest.raises(ValueError, match=r"inputs has shape \(2, 4\); expected \(2,\)"):
        step_jacobian(cell, cell.initial_state(), jnp.zeros((2, 4)))
