"""Parameters held in a range, and the range in which a free symplectic node is stable."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.cells import trainable
from rhythmic.cells.bounded import (
    MAX_FRICTION,
    MAX_STEP_ANGLE,
    BoundedValues,
    DerivedValues,
    bounded,
    node_values,
    raw_of,
    resolve,
    symplectic_weights,
)
from rhythmic.theory import is_stable, second_order_roots

ENDS = st.tuples(st.floats(-3, 3), st.floats(0.01, 5)).map(lambda e: (e[0], e[0] + e[1]))
QUICK = settings(deadline=None, max_examples=40, derandomize=True)


@QUICK
@given(ends=ENDS, shares=st.lists(st.floats(1e-4, 1 - 1e-4), min_size=3, max_size=3))
def test_raw_is_the_inverse_of_bounded(ends, shares):
    low, high = ends
    values = low + (high - low) * np.array(shares)
    with jax.enable_x64(True):
        raw = raw_of(values, low, high)
        assert isinstance(raw, np.ndarray)
        np.testing.assert_allclose(bounded(jnp.asarray(raw), low, high), values, rtol=1e-9)
        np.testing.assert_allclose(raw_of(jnp.asarray(values), low, high), raw, atol=1e-9)


def test_values_of_the_logistic_function():
    raw = jnp.array([-np.inf, -np.log(3), 0.0, np.log(3), np.inf])
    np.testing.assert_allclose(bounded(raw, -1.0, 3.0), [-1, 0, 1, 2, 3], atol=1e-6)
    slope = jax.vmap(jax.grad(lambda r: bounded(r, -1.0, 3.0)))(raw[1:4])
    np.testing.assert_allclose(slope, [0.75, 1.0, 0.75], rtol=1e-5)


@pytest.mark.usefixtures("x64")
def test_values_without_an_upper_end_are_exponentials():
    values = np.array([1e-6, 0.3, 40.0]) - 2.0
    raw = raw_of(values, -2.0, np.inf)
    np.testing.assert_allclose(raw, np.log([1e-6, 0.3, 40.0]), rtol=1e-9)
    np.testing.assert_allclose(bounded(jnp.asarray(raw), -2.0, np.inf), values, rtol=1e-12)
    with pytest.raises(ValueError, match="decay holds 0; each must lie between 0 and inf"):
        raw_of(np.zeros(2), 0.0, np.inf, name="decay")


def test_learned_values_stay_inside_whatever_the_update():
    values = node_values("damping", np.array([0.1, 0.3]), 0.0, 0.5, "learned")
    assert isinstance(values, BoundedValues)
    np.testing.assert_allclose(values.values, [0.1, 0.3], rtol=1e-6)
    assert jax.tree.leaves(trainable(values)) == [True]
    for move in (-1e3, -5.0, 5.0, 1e3):
        moved = jax.tree.map(lambda x, move=move: x + move, values).values
        assert np.all((moved >= 0) & (moved <= 0.5))
    fixed = node_values("damping", np.array([0.1, 0.3]), 0.0, 0.2, "fixed")
    assert jax.tree.leaves(trainable(fixed)) == [False]
    np.testing.assert_allclose(fixed.values, [0.1, 0.3], rtol=1e-6)


def test_resolving_works_out_values_once_and_keeps_their_gradient():
    values = {"deep": [node_values("a", np.array([0.1, 0.3]), 0.0, 0.5, "learned")], "other": 1}
    found = resolve(values)
    assert isinstance(found["deep"][0], DerivedValues)
    assert found["other"] == 1
    np.testing.assert_array_equal(found["deep"][0].values, values["deep"][0].values)
    gradient = jax.grad(lambda v: jnp.sum(resolve(v).values))(values["deep"][0]).raw
    share = np.array([0.2, 0.6])
    np.testing.assert_allclose(gradient, 0.5 * share * (1 - share), rtol=1e-5)


def update_matrix(stiffness, friction):
    """Symplectic Euler on (x, y) as the product of its two half steps."""
    kick = np.array([[1, 0], [-stiffness, 1 - friction]])
    drift = np.array([[1, 1], [0, 1]])
    return drift @ kick


def largest_eigenvalue(stiffness, friction):
    return np.max(np.abs(np.linalg.eigvals(update_matrix(stiffness, friction))))


@QUICK
@given(stiffness=st.floats(0.001, 5), friction=st.floats(0.001, 2.5))
def test_free_nodes_are_stable_where_jury_says(stiffness, friction):
    weights = symplectic_weights(np.array(stiffness), np.array(friction))
    eigenvalues = np.sort_complex(np.linalg.eigvals(update_matrix(stiffness, friction)))
    roots = np.sort_complex(second_order_roots(*weights))
    np.testing.assert_allclose(roots, eigenvalues, atol=1e-6)
    radius = np.max(np.abs(eigenvalues))
    if abs(radius - 1) > 1e-9:
        assert (radius < 1) == (friction < 2 and stiffness < 4 - 2 * friction)
        assert (radius < 1) == bool(is_stable(*weights))


@QUICK
@given(angle=st.floats(1e-3, 1), friction=st.floats(1e-3, 1))
def test_every_learned_node_is_stable(angle, friction):
    assert largest_eigenvalue((MAX_STEP_ANGLE * angle) ** 2, MAX_FRICTION * friction) < 1


def test_the_ends_of_the_learned_range_do_not_grow():
    for angle in np.linspace(0, MAX_STEP_ANGLE, 40):
        for friction in np.linspace(0, MAX_FRICTION, 40):
            # A double pole at one (no stiffness, no friction) is found to half the digits.
            assert largest_eigenvalue(angle**2, friction) < 1 + 1e-7
    # The corner lies just inside the region of stability: the rectangle is hardly too small.
    assert 0.9 < largest_eigenvalue(MAX_STEP_ANGLE**2, MAX_FRICTION) < 1
    assert largest_eigenvalue(MAX_STEP_ANGLE**2, MAX_FRICTION + 0.05) > 1
