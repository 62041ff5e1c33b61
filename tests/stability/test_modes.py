"""Modes against NumPy's eigenvalues, the theory of one node and finite differences."""

import equinox as eqx
import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import HornCell
from rhythmic.network_rhythms import rotation_weights
from rhythmic.sensitivity import step_jacobians
from rhythmic.stability import (
    find_fixed_points,
    find_periodic_orbit,
    finite_time_exponents,
    floquet_multipliers,
    gradient_against_lag,
    lyapunov_exponents,
    matrix_modes,
    modes_of_eigenvalues,
    step_modes,
    trajectory_modes,
)
from rhythmic.stability.fixed_points import solve_fixed_point
from rhythmic.stability.modes import sorted_eigenvalues
from rhythmic.theory import SecondOrderRegime, decay_time, node_frequency, second_order_regime
from rhythmic.theory.backpropagation import spectral_radius

DT = 1e-3
compiled = jax.jit(matrix_modes, static_argnums=1)
compiled_step = eqx.filter_jit(step_modes)
compiled_run = eqx.filter_jit(trajectory_modes)
compiled_jacobians = eqx.filter_jit(step_jacobians)
small_matrices = hypothesis.extra.numpy.arrays(
    np.float64, st.integers(1, 5).map(lambda n: (n, n)), elements=st.floats(-3, 3, width=32)
)


def test_spectra_along_a_run_are_those_of_numpy(cell):
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(6, cell.input_size)))
    found = compiled_run(cell, inputs, DT)
    jacobians = np.asarray(compiled_jacobians(cell, inputs))
    for step, jacobian in zip(found.eigenvalue, jacobians, strict=True):
        expected = np.linalg.eigvals(jacobian)
        gaps = np.abs(np.asarray(step)[:, None] - expected)
        assert gaps.min(axis=0).max() < 1e-9
        assert gaps.min(axis=1).max() < 1e-9
    assert (np.diff(found.modulus, axis=1) <= 1e-12).all()
    radius = spectral_radius(jacobians)
    np.testing.assert_allclose(found.modulus[:, 0], radius, rtol=1e-12)
    one = compiled_step(cell, cell.initial_state(), inputs[0], DT)
    for single, along in zip(one, found, strict=True):
        np.testing.assert_allclose(single, along[0], rtol=1e-10)


@pytest.mark.parametrize(("w1", "w2"), [(1.9, -0.95), (0.3, -0.2), (-0.5, -0.9), (1.0, -1.2)])
def test_companion_matrix_is_the_rhythmic_node(w1, w2):
    found = matrix_modes(np.array([[w1, w2], [1.0, 0.0]]), DT)
    np.testing.assert_allclose(found.frequency, [node_frequency(w1, w2, DT)] * 2, rtol=1e-12)
    np.testing.assert_allclose(found.decay_time, [decay_time(w1, w2, DT)] * 2, rtol=1e-10)
    np.testing.assert_allclose(found.growth_rate, -1 / found.decay_time, rtol=1e-12)
    assert found.kind.tolist() == [second_order_regime(w1, w2)] * 2
    assert found.eigenvalue[0].imag > 0 > found.eigenvalue[1].imag


def test_every_kind_of_mode():
    values = [0.5, 1.0, 1.5, -0.5, -1.0, -1.5, 0.5j, 1j, 1.5j, 0.0, np.nan]
    kind = SecondOrderRegime
    expected = [kind.DISAPPEARS, kind.EQUILIBRIUM, kind.EXPLODES]
    expected += [kind.FLICKERS_AND_DISAPPEARS, kind.FLICKERS, kind.FLICKERS_AND_EXPLODES]
    expected += [kind.OSCILLATES_AND_DISAPPEARS, kind.OSCILLATES, kind.OSCILLATES_AND_EXPLODES]
    expected += [kind.GONE, kind.UNDEFINED]
    found = modes_of_eigenvalues(np.array(values), DT)
    assert found.kind.tolist() == expected
    np.testing.assert_array_equal(np.isnan(found.frequency), [1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1])
    np.testing.assert_allclose(found.frequency[3:9], [500] * 3 + [250] * 3)
    assert found.decay_time[[1, 4, 7]].tolist() == [np.inf] * 3
    assert found.decay_time[9] == 0
    assert found.growth_rate[9] == -np.inf
    assert found.decay_time[2] == pytest.approx(-DT / np.log(1.5))
    loose = modes_of_eigenvalues(np.array([0.999, 1.001j]), DT, tolerance=0.01)
    assert loose.kind.tolist() == [kind.EQUILIBRIUM, kind.OSCILLATES]


def test_rotation_lasts_within_rounding():
    weights = np.asarray(rotation_weights(40.0, 1.0, DT))
    for matrix, rtol in ((weights.astype(np.float64), 1e-5), (jnp.asarray(weights), 1e-4)):
        found = matrix_modes(matrix, DT, tolerance=1e-6)
        assert found.kind.tolist() == [SecondOrderRegime.OSCILLATES] * 2
        np.testing.assert_allclose(found.frequency, 40.0, rtol=rtol)


@hypothesis.given(small_matrices)
@hypothesis.settings(max_examples=50, deadline=None)
def test_eigenvalues_add_up_to_the_trace_and_come_in_order(matrix):
    found = sorted_eigenvalues(matrix)
    np.testing.assert_allclose(found.sum(), np.trace(matrix), atol=1e-6)
    assert (np.diff(np.abs(found)) <= 0).all()


def test_modes_have_derivatives(x64):
    matrix = np.random.default_rng(3).normal(size=(4, 4))

    def leading_decay(matrix):
        return matrix_modes(matrix, DT).decay_time[0]

    gradient = jax.jit(jax.grad(leading_decay))(jnp.asarray(matrix))
    push = np.zeros((4, 4))
    push[1, 2] = 1e-6
    difference = (leading_decay(matrix + push) - leading_decay(matrix - push)) / 2e-6
    np.testing.assert_allclose(gradient[1, 2], difference, rtol=1e-6)


def test_bad_input():
    with pytest.raises(ValueError, match=r"matrix has shape \(2, 3\)"):
        matrix_modes(np.zeros((2, 3)), DT)
    with pytest.raises(ValueError, match=r"matrix has shape \(0, 0\)"):
        matrix_modes(np.zeros((0, 0)), DT)
    found = matrix_modes(np.array([[np.eye(2), [[np.inf, 0], [0, 1]]]]), DT)
    assert np.isfinite(found.modulus[0, 0]).all()
    assert np.isnan(found.modulus[0, 1]).all()
    assert (found.kind[0, 1] == SecondOrderRegime.UNDEFINED).all()
    assert np.isnan(matrix_modes(-0.5 * np.eye(2), 0.0).frequency).all()
    assert np.isnan(matrix_modes(np.eye(2), -1.0).decay_time).all()


OF_A_SAMPLE = r"a sample of inputs has shape \(2,\); expected \(1, \*batch\)"
OF_A_RUN = r"inputs has shape \(20, 2\); expected \(time, 1, \*batch\)"
WITH_A_CELL = {
    "step_modes": (step_modes, {}, r"^inputs has shape \(2,\); expected \(1,\)"),
    "trajectory_modes": (trajectory_modes, {}, OF_A_RUN),
    "gradient_against_lag": (gradient_against_lag, {}, OF_A_RUN),
    "lyapunov_exponents": (
        lyapunov_exponents,
        {"num_exponents": 2, "key": jax.random.key(0)},
        OF_A_SAMPLE,
    ),
    "finite_time_exponents": (finite_time_exponents, {"window": 5}, OF_A_SAMPLE),
    "floquet_multipliers": (floquet_multipliers, {}, OF_A_SAMPLE),
    "find_periodic_orbit": (find_periodic_orbit, {}, OF_A_SAMPLE),
    "solve_fixed_point": (solve_fixed_point, {}, OF_A_SAMPLE),
    "find_fixed_points": (find_fixed_points, {}, OF_A_SAMPLE),
}


@pytest.mark.parametrize("name", WITH_A_CELL)
def test_inputs_of_another_size_are_named_in_one_line(name):
    ask, options, message = WITH_A_CELL[name]
    cell = HornCell(1, 3, key=jax.random.key(0))
    state = cell.initial_state()
    many = jax.tree.map(lambda x: jnp.stack([x, x]), state)
    sample, run = jnp.ones(2), jnp.ones((20, 2))
    given = {
        "step_modes": (cell, state, sample, DT),
        "trajectory_modes": (cell, run, DT),
        "gradient_against_lag": (cell, run),
        "solve_fixed_point": (cell.step, state, sample),
        "find_fixed_points": (cell.step, many, sample),
    }.get(name, (cell.step, state, run))
    if not {"step_modes", "trajectory_modes", "solve_fixed_point", "find_fixed_points"} & {name}:
        options = options | {"dt": DT}
    with pytest.raises(ValueError, match=message) as caught:
        ask(*given, **options)
    assert "\n" not in str(caught.value)
