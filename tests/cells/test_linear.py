"""Layers of linear modes against complex NumPy, closed forms and the eigenvalues of their steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy

from rhythmic import stability
from rhythmic.cells.registry import make_cell
from rhythmic.simulate import trajectory

KEY = jax.random.key(21)
pytestmark = pytest.mark.usefixtures("x64")
ANGLES, RADII = np.array([0.05, 0.8, 2.5]), np.array([0.999, 0.9, 0.5])


def complex_rows(weights):
    """Complex weights of what the cell holds as real parts above imaginary ones."""
    real, imaginary = np.split(np.asarray(weights), 2)
    return real + 1j * imaginary


def gelu(a):
    return a / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))


def shown(cell, states, inputs):
    """``gelu(Re(C x) + D u)`` of complex states ``(time, hidden)``, with C as the cell holds it."""
    weights = complex_rows(np.asarray(cell.output_weights).T).T
    through = inputs @ np.asarray(cell.feedthrough_weights).T
    return gelu((states @ weights.conj().T).real + through)


@pytest.mark.parametrize("rhythms", ["fixed", "learned"])
def test_lru_is_the_complex_recurrence_of_its_paper(rhythms):
    cell = make_cell(
        "lru", 2, 3, key=KEY, angular_frequency=ANGLES, pole_radius=RADII, rhythms=rhythms
    )
    poles = np.exp(-np.asarray(cell.decay.values) + 1j * np.asarray(cell.angular_frequency.values))
    np.testing.assert_allclose(poles, RADII * np.exp(1j * ANGLES), rtol=1e-12)
    gamma = np.sqrt(1 - RADII**2)
    inputs = np.random.default_rng(0).normal(size=(40, 2))
    # By the impulse response: x_t = sum over s of lambda^s gamma B u_{t-s}.
    force = gamma * (inputs @ complex_rows(cell.input_weights).T)
    states = [sum(poles**lag * force[time - lag] for lag in range(time + 1)) for time in range(40)]
    states = np.array(states)
    found = trajectory(
        cell, jnp.asarray(inputs), observe=lambda s: (*s[:2], cell.squared_amplitude(s))
    ).observed
    for part, expected in zip(found, (states.real, states.imag, abs(states) ** 2), strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-10, atol=1e-13)
    observed = trajectory(cell, jnp.asarray(inputs)).observed
    np.testing.assert_allclose(observed, shown(cell, states, inputs), rtol=1e-10, atol=1e-13)


def test_the_gain_of_an_lru_gives_every_mode_the_variance_of_its_weights():
    cell = make_cell("lru", 1, 200, key=KEY)
    radius, rows = np.asarray(cell.pole_radius()), complex_rows(cell.input_weights)[:, 0]
    driven = abs(complex_rows(cell.input_map())[:, 0]) ** 2
    np.testing.assert_allclose(driven / (1 - radius**2), abs(rows) ** 2, rtol=1e-9)
    assert abs(np.mean(abs(rows) ** 2) - 1) < 5 / np.sqrt(200)


def test_poles_of_an_lru_are_spread_evenly_over_the_disc():
    cell = make_cell("lru", 1, 4000, key=KEY)
    real, imaginary = map(np.asarray, cell.poles())
    assert np.all(np.hypot(real, imaginary) < 1)
    for values in (real, imaginary):  # mean 0, variance 1 / 4, fourth moment 1 / 8
        assert abs(np.mean(values)) < 5 * np.sqrt(1 / 4 / 4000)
        assert abs(np.mean(values**2) - 1 / 4) < 5 * np.sqrt((1 / 8 - 1 / 16) / 4000)


@pytest.mark.parametrize("rhythms", ["fixed", "learned"])
def test_s5_is_the_exponential_of_its_equation_with_the_input_held(rhythms):
    """Both modes of every pair as one real system, advanced by the matrix exponential."""
    cell = make_cell("s5", 2, 3, key=KEY, rhythms=rhythms)
    a, b, dt = (np.asarray(x.values) for x in (cell.damping, cell.angular_velocity, cell.dt))
    inputs = np.random.default_rng(0).normal(size=(40, 2))
    weights, states = complex_rows(cell.input_weights), np.zeros((40, 3), complex)
    for node in range(3):
        # (x, conjugate x, u): x' = Lambda x + B u, u' = 0.
        held = np.zeros((4, 4), complex)
        held[0, 0] = -a[node] + 1j * b[node]
        held[0, 2:], held[1, 2:] = weights[node], weights[node].conj()
        held[1, 1] = held[0, 0].conj()
        step = scipy.linalg.expm(dt[node] * held)
        pair = np.zeros(2, complex)
        for time, sample in enumerate(inputs):
            pair = step[:2] @ np.concatenate([pair, sample])
            np.testing.assert_allclose(pair[1], pair[0].conj(), atol=1e-14)
            states[time, node] = pair[0]
    found = trajectory(cell, jnp.asarray(inputs), observe=lambda s: s[:2]).observed
    np.testing.assert_allclose(found[0], states.real, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found[1], states.imag, rtol=1e-10, atol=1e-13)
    observed = trajectory(cell, jnp.asarray(inputs)).observed
    np.testing.assert_allclose(observed, shown(cell, states, inputs), rtol=1e-10, atol=1e-13)


def test_s5_starts_on_the_normal_part_of_hippo():
    order = np.arange(12)
    root = np.sqrt(2 * order + 1)
    hippo = -np.tril(np.outer(root, root), -1) - np.diag(order + 1.0)
    normal = hippo + np.outer(root, root) / 2
    np.testing.assert_allclose(normal @ normal.T, normal.T @ normal, atol=1e-12)
    eigenvalues = np.linalg.eigvals(normal)
    np.testing.assert_allclose(eigenvalues.real, -0.5, rtol=1e-9)
    cell = make_cell("s5", 1, 6, key=KEY)
    expected = np.sort(eigenvalues.imag[eigenvalues.imag > 0])
    np.testing.assert_allclose(cell.angular_velocity.values, expected, rtol=1e-9)
    steps = np.log10(make_cell("s5", 1, 1000, key=KEY, angular_frequency=0.3).dt.values)
    assert -3 <= np.min(steps) < -2.98
    assert -1.02 < np.max(steps) <= -1
    assert abs(np.mean(steps) + 2) < 5 * 2 / np.sqrt(12 * 1000)


def test_a_small_step_of_s5_is_not_lost_in_single_precision():
    with jax.enable_x64(False):
        cell = make_cell("s5", 1, 2, key=KEY, angular_frequency=0.01, dt=1e-4, rhythms="fixed")
        found = np.asarray(cell.input_map())
    held = 1e-4 * (-0.5 + 1j * 0.01 / 1e-4)
    exact = np.expm1(held) / held * 1e-4 * complex_rows(cell.input_weights)
    np.testing.assert_allclose(complex_rows(found), exact, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lru", {"angular_frequency": ANGLES, "pole_radius": RADII}),
        ("s5", {"angular_frequency": ANGLES, "damping": -np.log(RADII), "dt": 1.0}),
    ],
)
def test_modes_of_the_step_are_the_poles(name, options):
    cell = make_cell(name, 1, 3, key=KEY, **options).for_feature("squared_amplitude")
    modes = stability.step_modes(cell, cell.initial_state(), jnp.zeros(1), dt=1e-3)
    poles = np.asarray(cell.poles()[0]) + 1j * np.asarray(cell.poles()[1])
    expected = np.sort_complex(np.concatenate([poles, poles.conj()]))
    np.testing.assert_allclose(np.sort_complex(modes.eigenvalue), expected, rtol=1e-9)
    w1, w2 = cell.node_weights()
    roots = np.array([np.roots([1, -a, -b]) for a, b in zip(w1, w2, strict=True)])
    np.testing.assert_allclose(np.abs(roots).max(axis=1), cell.pole_radius(), rtol=1e-9)
    np.testing.assert_allclose(np.abs(np.angle(roots[:, 0])), np.abs(np.angle(poles)), rtol=1e-9)
