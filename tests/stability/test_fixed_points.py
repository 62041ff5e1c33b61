"""Fixed and slow points against closed forms and SciPy's root finders."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from rhythmic.cells import ElmanCell, LSTMCell
from rhythmic.simulate import trajectory
from rhythmic.stability import find_fixed_points
from rhythmic.stability.fixed_points import Outcome, solve_fixed_point


def network(weights):
    return lambda h, _: jnp.tanh(weights @ h)


def starts(num, size, seed=0, scale=1.0):
    return jnp.asarray(scale * np.random.default_rng(seed).normal(size=(num, size)))


def same_points(found, expected, atol):
    assert len(found) == len(expected)
    distances = np.abs(np.asarray(found)[:, None] - np.asarray(expected)).max(axis=-1)
    assert distances.min(axis=1).max() < atol
    assert distances.min(axis=0).max() < atol


@pytest.mark.parametrize("weight", [0.7, 1.5, 3.0])
def test_pitchfork(x64, weight):
    found = find_fixed_points(network(jnp.array([[weight]])), starts(40, 1))
    if weight < 1:
        same_points(found.states, [[0.0]], 1e-10)
        assert found.is_stable.all()
        return
    side = brentq(lambda h: np.tanh(weight * h) - h, 0.1, 1)
    same_points(found.states, [[-side], [0.0], [side]], 1e-10)
    slopes = weight * (1 - found.states[:, 0] ** 2)
    np.testing.assert_allclose(found.spectral_radius, slopes, rtol=1e-9)
    np.testing.assert_array_equal(found.is_stable, np.abs(found.states[:, 0]) > 0.1)
    np.testing.assert_array_equal(found.num_unstable, slopes > 1)
    assert found.num_starts.sum() == 40


def test_all_points_of_a_network_of_bistable_nodes(x64):
    """Nodes that do not talk have three points each: 27 in all, of which 8 are stable.

    A rotation of the state, h = B x, hides the nodes from the solver.
    """
    gains = np.array([1.5, 2.0, 3.0])
    basis = jnp.asarray(np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0])
    found = find_fixed_points(
        lambda h, _: basis @ jnp.tanh(gains * (basis.T @ h)), starts(600, 3, scale=0.8)
    )
    sides = [brentq(lambda h, g=g: np.tanh(g * h) - h, 0.1, 1) for g in gains]
    grid = np.stack(np.meshgrid(*[[-s, 0, s] for s in sides]), axis=-1).reshape(-1, 3)
    same_points(found.states, grid @ np.asarray(basis).T, 1e-9)
    slopes = gains * (1 - (found.states @ np.asarray(basis)) ** 2)
    np.testing.assert_allclose(np.abs(found.eigenvalues), -np.sort(-slopes, axis=1), rtol=1e-8)
    np.testing.assert_array_equal(found.num_unstable, (slopes > 1).sum(axis=1))
    assert found.is_stable.sum() == 8
    assert (found.kind == Outcome.FIXED_POINT).all()
    assert (np.diff(found.num_starts) <= 0).all()


def test_slow_points_are_minima_that_are_no_zeros(x64):
    # F = 0.1 (x^2 + 0.01) has no zero; it is smallest at 0, where the state moves by 0.001.
    found = find_fixed_points(lambda x, _: x + 0.1 * (x**2 + 0.01), starts(20, 1))
    assert found.kind.tolist() == [Outcome.SLOW_POINT]
    np.testing.assert_allclose(found.states, 0.0, atol=1e-6)
    np.testing.assert_allclose(found.residual, 1e-3, rtol=1e-9)
    assert not found.is_stable.any()
    assert found.num_starts.tolist() == [20]


def test_starts_that_lead_nowhere_are_reported(x64):
    where = jnp.array([[1.0], [jnp.nan], [0.5]])
    found = find_fixed_points(lambda x, _: x + jnp.exp(-x), where, max_steps=5)
    expected = [Outcome.UNCONVERGED, Outcome.NOT_FINITE, Outcome.UNCONVERGED]
    assert found.start_outcome.tolist() == expected
    assert found.start_point.tolist() == [-1, -1, -1]
    assert len(found.states) == len(found.kind) == len(found.spectral_radius) == 0
    assert (found.start_state[::2] > 1).all()
    np.testing.assert_allclose(found.start_residual[0], np.exp(-found.start_state[0, 0]))


def test_points_of_cells_stand_still(x64):
    key = jax.random.key(0)
    sample = jnp.array([0.5, -0.3])
    cell = LSTMCell(2, 3, key=key)
    rng = np.random.default_rng(0)
    where = jax.tree.map(
        lambda x: jnp.asarray(rng.normal(size=(20, *x.shape))), cell.initial_state()
    )
    found = find_fixed_points(cell.step, where, sample)
    (stable,) = np.flatnonzero(found.is_stable)
    point = jax.tree.map(lambda x: jnp.asarray(x[stable]), found.states)
    settled = trajectory(cell, jnp.broadcast_to(sample, (400, 2))).final_state
    for one, other in zip(point, settled, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


@pytest.mark.slow
def test_derivatives_follow_the_implicit_function(x64):
    cell = ElmanCell(1, 3, key=jax.random.key(2))

    @jax.jit
    def point(sample):
        return solve_fixed_point(cell.step, cell.initial_state(), sample).state

    sample = jnp.array([0.4])
    expected = (point(sample + 1e-5) - point(sample - 1e-5)) / 2e-5
    np.testing.assert_allclose(jax.jacfwd(point)(sample)[:, 0], expected, rtol=1e-7)
    np.testing.assert_allclose(jax.jacrev(point)(sample)[:, 0], expected, rtol=1e-7)

    @eqx.filter_jit
    def first(cell):
        return solve_fixed_point(cell.step, cell.initial_state(), sample).state[0]

    gradient = eqx.filter_grad(first)(cell).weight_hh
    moved = eqx.tree_at(lambda c: c.weight_hh, cell, cell.weight_hh.at[1, 2].add(1e-6))
    np.testing.assert_allclose(gradient[1, 2], (first(moved) - first(cell)) / 1e-6, rtol=1e-4)


def test_bad_input():
    step = network(jnp.eye(2))
    with pytest.raises(ValueError, match="max_steps is 0; it must be at least 1"):
        solve_fixed_point(step, jnp.zeros(2), max_steps=0)
    with pytest.raises(ValueError, match="step turns a state"):
        solve_fixed_point(lambda h, _: h[:1], jnp.zeros(2))
    for wrong in (
        {"a": jnp.zeros((2, 1)), "b": jnp.zeros((3, 1))},
        jnp.zeros(()),
        jnp.zeros((0, 2)),
    ):
        with pytest.raises(ValueError, match="starts has shapes"):
            find_fixed_points(step, wrong)
    for name in ("tolerance", "merge_distance"):
        with pytest.raises(ValueError, match=f"{name} is 0.0; it must be above 0"):
            find_fixed_points(step, jnp.zeros((2, 2)), **{name: 0.0})
