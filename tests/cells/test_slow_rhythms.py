"""In float32 a node rings as it was asked to or is refused; what is traced is NaN."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.cells import ResonantCell, ResonantReservoirCell, resonant_nodes
from rhythmic.cells.registry import make_cell
from rhythmic.functional import resonant_features
from rhythmic.network_rhythms import companion_weights
from rhythmic.theory import (
    node_frequency,
    second_order_trajectory,
    weights_from_oscillator,
    weights_from_poles,
)
from rhythmic.theory.precision import largest_radius, lowest_frequency
from rhythmic.training.rhythms import member_rhythms

KEY = jax.random.key(0)
RATES = st.sampled_from((100.0, 1000.0, 44_100.0))


def rings_at(w1, w2, rate):
    """Frequency in Hz and decay in one step of rounded weights, by a polynomial's roots."""
    poles = [np.roots([1.0, -a, -b])[0] for a, b in np.float64([np.ravel(w1), np.ravel(w2)]).T]
    return np.abs(np.angle(poles)) * rate / (2 * np.pi), -np.log(np.abs(poles))


@given(st.floats(-3.5, -0.7), st.floats(-7.0, -0.2), RATES)
@settings(max_examples=150, deadline=None)
def test_a_node_rings_and_decays_as_asked_or_is_refused(exponent, decay, rate):
    frequency, radius = 10**exponent * rate, 1 - 10**decay
    given = np.array([frequency])
    if frequency < lowest_frequency(radius, 1 / rate) or radius > largest_radius():
        with pytest.raises(ValueError, match=r"^(frequencies holds|pole_radius is) "):
            resonant_nodes(given, sample_rate=rate, pole_radius=radius)
        return
    nodes = resonant_nodes(given, sample_rate=rate, pole_radius=radius)
    assert nodes.w1.dtype == jnp.float32
    found, lost = rings_at(nodes.w1, nodes.w2, rate)
    np.testing.assert_allclose(found, frequency, rtol=0.012)
    # Half the distance of float32 numbers below 1 is what w2 = -r^2 may be off by.
    np.testing.assert_allclose(lost, -np.log(radius), rtol=1e-3, atol=2.0**-26)
    np.testing.assert_allclose(lost, -np.log(radius), rtol=0.2)


@pytest.mark.parametrize("kind", [0.3, 0.9, 0.99, 0.99999, "exact", "backward_difference"])
def test_what_is_computed_in_float32_is_nan_where_that_loses_it(kind):
    frequencies = np.geomspace(0.05, 200, 4000).astype(np.float32)
    if isinstance(kind, float):
        found = jax.jit(lambda f: weights_from_poles(f, kind, 1e-3))(frequencies)
    else:
        found = weights_from_oscillator(2 * np.pi * jnp.asarray(frequencies), 0.1, 1e-3, kind)
    known = np.isfinite(found.w1)
    assert not known[frequencies < 0.9].any()
    assert known[frequencies > 1.0].all()
    w1, w2 = np.float64([found.w1[known], found.w2[known]])
    rings = np.arctan2(np.sqrt(-(w1 * w1 / 4) - w2), w1 / 2) / (2 * np.pi * 1e-3)
    expected = np.float64(frequencies[known])
    if kind == "backward_difference":  # rings a little lower
        expected = np.arctan(2 * np.pi * expected * 1e-3) / (2 * np.pi * 1e-3)
    np.testing.assert_allclose(rings, expected, rtol=0.012)


def test_traced_frequencies_of_a_cell_are_nan_one_by_one():
    traced = jax.jit(lambda f: ResonantCell(f, key=KEY).nodes)(np.float32([0.5, 3.0]))
    np.testing.assert_array_equal(np.isnan(traced.w1), [True, False])
    at_rest = weights_from_poles(jnp.zeros(()), 0.9, 1e-3)  # no rhythm to be lost
    assert np.isfinite(at_rest.w1)


SLOW = {
    "cell": lambda: ResonantCell([7.0, 0.1], key=KEY),
    "its real twin": lambda: ResonantCell([7.0, 0.1], key=KEY, poles="real"),
    "learned": lambda: ResonantCell([7.0, 0.5], key=KEY, rhythms="learned"),
    "reservoir": lambda: ResonantReservoirCell([7.0, 0.1], key=KEY),
    "members": lambda: member_rhythms([[7.0, 0.1]]),
    "features": lambda: resonant_features(np.array([0.1]), np.zeros((1, 1)), np.zeros((1, 4))),
}


@pytest.mark.parametrize("build", SLOW.values(), ids=SLOW)
def test_a_slow_rhythm_is_refused_by_name_wherever_it_is_asked_for(build):
    with pytest.raises(
        ValueError, match=r"^frequencies holds 0\.[15]; each must be at least 0\."
    ) as x:
        build()
    assert "float64 (jax.enable_x64)" in str(x.value)
    assert "\n" not in str(x.value)
    if "sample" in str(x.value):
        with jax.enable_x64(True):
            build()


def test_a_slow_decay_is_refused_by_name():
    message = r"^pole_radius is 0\.99999999; it must be at most 0\.99999992\d+, as float32 holds"
    with pytest.raises(ValueError, match=message):
        ResonantCell([10.0], key=KEY, pole_radius=0.99999999)
    with jax.enable_x64(True):
        nodes = ResonantCell([10.0, 0.001], key=KEY, pole_radius=0.99999999).nodes
        found, lost = rings_at(nodes.w1, nodes.w2, 1000.0)
    np.testing.assert_allclose(found, [10.0, 0.001], rtol=1e-3)
    np.testing.assert_allclose(lost, 1e-8, rtol=1e-3)


def test_a_learned_frequency_stays_where_its_precision_holds_it():
    cell = ResonantCell([1.0, 40.0], key=KEY, rhythms="learned")
    sunk = cell.nodes.raw_frequency - jnp.array([5.0, 0.0])
    lost = eqx.tree_at(lambda cell: cell.nodes.raw_frequency, cell, sunk)
    np.testing.assert_array_equal(np.isnan(lost.constants().w1), [True, False])
    held = lost.constrained()
    nodes = held.constants()
    found, _ = rings_at(nodes.w1, nodes.w2, 1000.0)
    np.testing.assert_allclose(found, held.nodes.frequencies(), rtol=0.012)
    np.testing.assert_allclose(held.nodes.frequencies(), [0.961, 40.0], rtol=1e-3)
    same = cell.constrained().nodes.raw_frequency
    np.testing.assert_array_equal(same, cell.nodes.raw_frequency)


def test_known_weights_that_a_scan_would_round_away_are_refused():
    slow = weights_from_poles(0.05, 0.99999, 1e-3)
    for call in (
        lambda: second_order_trajectory(*slow, 1.0, 1.0, 3),
        lambda: companion_weights(*slow),
    ):
        with pytest.raises(
            ValueError, match=r"^w1 is 1\.99\d+ and w2 -0\.99\d+, a rhythm of 5e-05"
        ):
            call()
        with jax.enable_x64(True):
            call()
    second_order_trajectory(1.6, -0.64, 1.0, 1.0, 3)  # a double root is no rhythm
    second_order_trajectory(2.0, -1.0, 1.0, 1.0, 3)


@pytest.mark.parametrize(
    ("name", "options", "angle"),
    [
        ("horn", {"angular_frequency": 1e-4, "damping": 0.0}, 1e-4),
        ("cornn", {"stiffness": 1e-8, "damping": 0.0, "dt": 1.0}, 1e-4),
        ("linoss", {"angular_frequency": 1e-4, "scheme": "symplectic", "rhythms": "fixed"}, 1e-4),
    ],
)
def test_oscillators_that_step_by_differences_hold_slow_rhythms(name, options, angle):
    """Stiffness is a number of its own there: nothing near 2 is rounded."""
    cell = make_cell(name, 1, 2, key=KEY, **options)
    cycles = node_frequency(*cell.node_weights(), 1.0)
    np.testing.assert_allclose(cycles, 2 * np.arcsin(angle / 2) / (2 * np.pi), rtol=1e-5)
