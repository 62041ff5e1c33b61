"""The regimes of the two-step node: corners, edges, and what trajectories do inside."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rhythmic.theory import SecondOrderRegime as Regime
from rhythmic.theory import second_order_regime, second_order_roots

POINTS = [
    (0.0, 0.0, Regime.GONE),
    (-0.0, 0.0, Regime.GONE),
    (0.5, 0.0, Regime.DISAPPEARS),
    (1.0, -0.25, Regime.DISAPPEARS),  # repeated root 1/2
    (1.0, 0.0, Regime.EQUILIBRIUM),
    (1.5, -0.5, Regime.EQUILIBRIUM),  # 1 and 1/2
    (2.0, -1.0, Regime.EXPLODES),  # repeated root 1 grows linearly
    (1.5, 0.0, Regime.EXPLODES),
    (2.5, -1.0, Regime.EXPLODES),  # 2 and 1/2, although w2 = -1
    (-0.5, 0.0, Regime.FLICKERS_AND_DISAPPEARS),
    (-1.0, -0.25, Regime.FLICKERS_AND_DISAPPEARS),  # repeated root -1/2
    (0.25, 0.25, Regime.FLICKERS_AND_DISAPPEARS),
    (0.0, 0.25, Regime.FLICKERS_AND_DISAPPEARS),  # 1/2 and -1/2
    (-1.0, 0.0, Regime.FLICKERS),
    (0.0, 1.0, Regime.FLICKERS),  # 1 and -1
    (0.5, 0.5, Regime.FLICKERS),  # 1 and -1/2
    (-0.5, 0.5, Regime.FLICKERS),  # -1 and 1/2
    (-1.5, -0.5, Regime.FLICKERS),  # -1 and -1/2
    (-2.0, -1.0, Regime.FLICKERS_AND_EXPLODES),  # repeated root -1
    (0.0, 1.5, Regime.FLICKERS_AND_EXPLODES),
    (-1.5, 0.0, Regime.FLICKERS_AND_EXPLODES),
    (0.0, -0.5, Regime.OSCILLATES_AND_DISAPPEARS),
    (1.0, -0.2500001, Regime.OSCILLATES_AND_DISAPPEARS),
    (0.0, -1.0, Regime.OSCILLATES),
    (np.nextafter(2, 0), -1.0, Regime.OSCILLATES),
    (-1.0, -1.0, Regime.OSCILLATES),
    (0.0, np.nextafter(-1, -2), Regime.OSCILLATES_AND_EXPLODES),
    (1.0, -2.0, Regime.OSCILLATES_AND_EXPLODES),
    (np.nan, 0.0, Regime.UNDEFINED),
    (0.0, np.nan, Regime.UNDEFINED),
    (np.inf, 0.0, Regime.UNDEFINED),
    (0.5, -np.inf, Regime.UNDEFINED),
]


def test_corners_edges_and_insides(x64):
    w1, w2, expected = map(np.array, zip(*POINTS, strict=True))
    for codes in (
        second_order_regime(w1, w2),
        second_order_regime(jnp.asarray(w1), jnp.asarray(w2)),
        jax.jit(second_order_regime)(jnp.asarray(w1), jnp.asarray(w2)),
    ):
        assert codes.dtype == np.int32
        np.testing.assert_array_equal(codes, expected)
    assert set(expected) == set(Regime)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(w1=st.floats(-3, 3), w2=st.floats(-2, 2))
def test_codes_say_what_the_roots_are(w1, w2):
    roots = np.roots([1, -w1, -w2])
    radius = np.abs(roots).max(initial=0.0)
    assume(abs(radius - 1) > 1e-6 and radius > 1e-6 and abs(w1**2 + 4 * w2) > 1e-6)
    name = Regime(int(second_order_regime(w1, w2))).name
    assert name.endswith("DISAPPEARS") == (radius < 1)
    assert name.endswith("EXPLODES") == (radius > 1)
    assert name.startswith("OSCILLATES") == np.iscomplexobj(roots)
    negative = not np.iscomplexobj(roots) and second_order_roots(w1, w2).real.min() < 0
    assert name.startswith("FLICKERS") == negative
