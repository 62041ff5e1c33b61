"""What a resonant layer may be besides the published one: learned rhythms, real poles, inputs."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.cells import ResonantCell, resonant_nodes
from rhythmic.cells.resonant_nodes import LearnedRhythms
from rhythmic.simulate import trajectory

FREQUENCIES = np.array([5.0, 20.0, 60.0])


def cell(**options):
    return ResonantCell(FREQUENCIES, key=jax.random.key(0), **options)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("poles", "expected"),
    [
        ("complex", 0.9 * np.exp(2j * np.pi * FREQUENCIES / 1000)),
        ("double", np.full(3, 0.9)),
        ("real", np.exp(-2 * np.pi * FREQUENCIES / 1000)),
    ],
)
def test_poles_are_where_they_are_said_to_be(poles, expected):
    nodes = resonant_nodes(FREQUENCIES, pole_radius=0.9, poles=poles)
    others = {"complex": np.conj(expected), "double": expected, "real": np.full(3, 0.9)}[poles]
    np.testing.assert_allclose(nodes.w1, (expected + others).real, rtol=1e-12)
    np.testing.assert_allclose(nodes.w2, -(expected * others).real, rtol=1e-12)
    found = [np.roots([1, -w1, -w2]) for w1, w2 in zip(nodes.w1, nodes.w2, strict=True)]
    rings = np.abs(np.imag(found)).max(axis=1) > 1e-6
    assert np.all(rings) if poles == "complex" else not np.any(rings)


@pytest.mark.parametrize("poles", ["double", "real"])
def test_a_twin_has_the_parameters_of_the_rhythm_and_no_rhythm(poles):
    ringing, twin = cell(pole_radius=0.99), cell(pole_radius=0.99, poles=poles)
    np.testing.assert_array_equal(ringing.recurrent_weights, twin.recurrent_weights)
    pulse = jnp.zeros((400, 1)).at[0].set(1.0)
    signs = {}
    for name, one in (("ringing", ringing), ("twin", twin)):
        free = eqx.tree_at(lambda c: c.recurrent_weights, one, jnp.zeros((3, 3)))
        signs[name] = np.sign(trajectory(free, pulse).observed)
    assert np.all(np.any(signs["ringing"] < 0, axis=0))
    assert np.all(signs["twin"] > 0)


@pytest.mark.usefixtures("x64")
def test_learned_rhythms_start_where_they_are_told_to():
    rhythms = LearnedRhythms(FREQUENCIES, 0.99999, 1000.0)
    np.testing.assert_allclose(rhythms.frequencies(), FREQUENCIES, rtol=1e-10)
    np.testing.assert_allclose(rhythms.pole_radius(), 0.99999, rtol=1e-12)
    fixed = resonant_nodes(FREQUENCIES)
    for a, b in zip(jax.tree.leaves(rhythms.constants()), jax.tree.leaves(fixed), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2))
def test_learned_rhythms_stay_in_range_wherever_training_takes_them(raw):
    start = LearnedRhythms(FREQUENCIES[:1], 0.99, 1000.0)
    moved = eqx.tree_at(
        lambda r: (r.raw_frequency, r.raw_decay), start, (jnp.array(raw[:1]), jnp.array(raw[1:]))
    )
    assert np.all((moved.frequencies() >= 0) & (moved.frequencies() <= 250))
    assert np.all((moved.pole_radius() > 0.6) & (moved.pole_radius() < 1))
