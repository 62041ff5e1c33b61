"""What random draws found, each kept as it was."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic import cells, sensitivity, static, training
from rhythmic.reductions import maximum, reduce_steps
from rhythmic.rhythms.spacing import random_band_distances, random_ladder_distances, scan_ratios
from rhythmic.simulate import mask_from_lengths
from rhythmic.stability import finite_time_exponents, matrix_modes, step_modes
from rhythmic.stability.atlas import node_chart
from rhythmic.stability.atlas_simulation import simulated_node, strip_distance
from rhythmic.stability.fixed_points import solve_fixed_point
from rhythmic.static.hopfield_capacity import (
    bootstrap_means,
    capacity_estimates,
    capacity_sweep,
    crossing_load,
)
from rhythmic.theory import geometric_ladder
from rhythmic.theory.continuous import solved_oscillator
from rhythmic.theory.ladders import image_ladder

KEY = jax.random.key(0)
NAN = float("nan")
CELL = cells.LSTMCell(2, 3, key=KEY)


def half(state, sample):
    return 0.5 * state


def stored(num_stored):
    return capacity_sweep(
        4,
        num_stored,
        np.array([0.5]),
        np.array([0.1]),
        np.array([0]),
        num_tested=1,
        max_sweeps=2,
        key=KEY,
    )


FOUND = {
    "no time step": (lambda: matrix_modes(np.eye(2), np.float32(np.nan)), "dt is nan; it must be"),
    "no bands": (lambda: scan_ratios(np.zeros(0), np.array([1.5])), "centres holds 0; two or more"),
    "no bands to draw": (lambda: random_band_distances([], 1.6, 4, key=KEY), "centres holds 0; "),
    "a share of no load": (lambda: crossing_load(np.arange(3.0), 3, 0.5), "share "),
    "a state of a number": (lambda: step_modes(CELL, 1j, np.ones(2), 0.1), "state is complex of "),
    "loads of numbers": (
        lambda: capacity_estimates([0.1], [np.ones((2, 1))], 0.5, 3, seed=1),
        r"loads is \[0.1\]; it must be a sequence",
    ),
    "no sets": (lambda: bootstrap_means(np.zeros(0), 3, seed=1), r"values has shape \(0,\); "),
    "none stored": (lambda: stored(np.zeros(0, int)), "num_stored holds no number; "),
    "a ladder from nowhere": (
        lambda: geometric_ladder(2.0, start=5e-324, sample_rate=8.0),
        "start is 5e-324; it must be at least 2e-300 Hz",
    ),
    "waves too fine": (lambda: image_ladder(3, spacing=5e-324), "spacing is 5e-324; with side 28 "),
    "a type for a state": (
        lambda: solve_fixed_point(half, int),
        "start is <class 'int'>; it must be a tree of arrays",
    ),
    "half precision": (
        lambda: finite_time_exponents(
            half, jnp.ones(3, jnp.float16), window=2, dt=1.0, num_steps=8
        ),
        "state holds float16; expected arrays of float32, or of float64",
    ),
    "no overhead": (
        lambda: training.plan_groups([2], 1, 4, float("inf")),
        "overhead is inf; it must be a finite number",
    ),
    "truth for a weight": (lambda: simulated_node(np.False_, 0.1, 8, 0.1), "w1 is False; "),
    "no type of numbers": (
        lambda: strip_distance(0.1, 0.1, 8, precision=np.zeros((1, 1))),
        "precision is .*; it must be a floating-point type",
    ),
    "a frequency too high": (
        lambda: solved_oscillator(1e300, 0.1, np.arange(3.0)),
        r"angular_frequency is 1e\+300 and damping 0.1; over 2.0 s they must make at most 1e\+06",
    ),
    "a frequency too high to follow": (
        lambda: solved_oscillator(1e5, 0.1, np.arange(3.0), position=1.0),
        r"times end at 2 s; with angular_frequency 100000 and damping 0.1 150000 evaluations",
    ),
    "a force that is lost": (
        lambda: solved_oscillator(1.0, 0.1, np.arange(3.0), force=lambda t: 0.0 if t < 1 else NAN),
        "force gives nan at 1.",
    ),
    "no tolerance": (
        lambda: solved_oscillator(1.0, 0.1, np.arange(3.0), tolerance=0.0),
        "tolerance is 0.0; it must lie between 0 and 1",
    ),
    "no times": (
        lambda: solved_oscillator(1.0, 0.1, np.array([0.0, NAN])),
        "times holds NaN or infinity",
    ),
    "rungs without number": (
        lambda: geometric_ladder(math.nextafter(1, 2)),
        "ratio is 1.0000000000000002; it must be at least 1.0000048",
    ),
    "truth for a point": (lambda: node_chart(True, -0.5, 0.1), "w1 is True; "),
    "a matrix in a list": (
        lambda: static.feedforward_network([[1.0, 2.0]]),
        r"weights\[0\] has shape \(2,\); expected ",
    ),
    "no force": (
        lambda: solved_oscillator(1.0, 0.1, np.arange(3.0), force=lambda time: None),
        "force gives None at 0 s; it must give one number",
    ),
    "wide integers": (
        lambda: mask_from_lengths(np.array([2**40]), 3),
        "lengths is .* to 2147483647",
    ),
    "nothing observed": (
        lambda: reduce_steps(
            half, jnp.ones(2), jnp.arange(3), {"most": maximum()}, observe=lambda state: None
        ),
        "observe gives NoneType; it must give one array",
    ),
    "nothing observed to differentiate": (
        lambda: sensitivity.input_sensitivity(CELL, np.ones((4, 2)), observe=lambda state: None),
        "observe gives NoneType; it must give one array",
    ),
}


@pytest.mark.parametrize("found", FOUND)
def test_it_is_refused_by_name(found):
    call, message = FOUND[found]
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


def test_what_is_meant_is_taken_in_any_type():
    assert node_chart(1, -1, 0.1).frequency == pytest.approx(10 / 6, rel=1e-6)
    assert node_chart(np.float16(1), np.float16(-1), 0.1).frequency.dtype == jnp.float32
    for one in (1, np.int64(1), jnp.int32(1), np.float16(1)):
        assert simulated_node(one, -one, 100, 0.1).frequency == pytest.approx(10 / 6, rel=1e-3)
    assert node_chart(np.int64(2**33), 0.1, 1e-3).regime == node_chart(2.0**33, 0.1, 1e-3).regime
    assert random_ladder_distances(np.array([1, 2, 3]), 1.5, 2, 4, key=KEY).shape == (4,)
    shares = [[[0.9, 0.2]], [[0.8, 0.3]]]
    loads = [np.array([0.1, 0.2])] * 2
    assert capacity_estimates(loads, shares, 0.5, 3, seed=1).values.shape == (2,)
    assert crossing_load([0.1, 0.2], np.array([True, False]), 0.5) == pytest.approx(0.15)
