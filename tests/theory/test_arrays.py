"""The rule of the array namespace, checked on every closed form at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic import theory
from rhythmic.theory import oscillator, second_order

# One valid call of each closed form: a function of array arguments and those arguments.
W1 = np.array([1.2, -0.4, 0.9])
W2 = np.array([-0.8, 0.3, -0.1])
DT = np.array([1e-3, 2e-3, 5e-3])
OMEGA = np.array([100.0, 250.0, 30.0])
BETA = np.array([5.0, -20.0, 60.0])
CASES = {
    "first_order_closed_form": (lambda w, h: theory.first_order_closed_form(w, h, 5), (W1, W2)),
    "first_order_regime": (theory.first_order_regime, (W1,)),
    "second_order_closed_form": (
        lambda *a: second_order.second_order_closed_form(*a, 5),
        (W1, W2, OMEGA, BETA),
    ),
    "second_order_roots": (theory.second_order_roots, (W1, W2)),
    "second_order_regime": (theory.second_order_regime, (W1, W2)),
    "is_stable": (theory.is_stable, (W1, W2)),
    "is_oscillatory": (theory.is_oscillatory, (W1, W2)),
    "pole_radius": (theory.pole_radius, (W1, W2)),
    "node_frequency": (theory.node_frequency, (W1, W2, DT)),
    "decay_time": (theory.decay_time, (W1, W2, DT)),
    "impulse_response": (lambda *a: second_order.impulse_response(*a, 5), (W1, W2)),
    "frequency_response": (theory.frequency_response, (W1, W2, OMEGA, DT)),
    "stationary_variance": (theory.stationary_variance, (W1, W2, OMEGA)),
    "weights_backward": (theory.weights_from_oscillator, (OMEGA, BETA, DT)),
    "weights_exact": (
        lambda *a: theory.weights_from_oscillator(*a, scheme="exact"),
        (OMEGA, BETA, DT),
    ),
    "oscillator_backward": (theory.oscillator_from_weights, (W1, W2, DT)),
    "oscillator_exact": (
        lambda *a: theory.oscillator_from_weights(*a, scheme="exact"),
        (W1, W2, DT),
    ),
    "weights_from_poles": (theory.weights_from_poles, (OMEGA, np.abs(W1), DT)),
    "poles_from_weights": (theory.poles_from_weights, (W1, W2, DT)),
    "forcing_backward": (oscillator.forcing_weights, (OMEGA, BETA, DT)),
    "forcing_exact": (
        lambda *a: oscillator.forcing_weights(*a, scheme="exact"),
        (OMEGA, BETA, DT),
    ),
    "forced_drive": (
        lambda a, b, c, force: oscillator.forced_drive(oscillator.ForcingTaps(a, b, c), force),
        (W1, W2, DT, np.stack([W1, W2, OMEGA, BETA])),
    ),
    "distortion": (oscillator.backward_difference_distortion, (OMEGA, BETA, DT)),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def test_numpy_in_numpy_out_in_float64_whatever_jax_says(case):
    function, arguments = case
    single = [np.asarray(argument, np.float32) for argument in arguments]
    for leaf in jax.tree.leaves(function(*single)):
        assert isinstance(leaf, np.ndarray)
        assert leaf.dtype in (np.float64, np.complex128, np.int32, np.bool_)


def test_one_jax_argument_decides_for_all_and_keeps_its_dtype(case):
    function, arguments = case
    with jax.enable_x64(True):  # float32 must survive even where float64 is on offer
        mixed = [jnp.asarray(arguments[0], jnp.float32), *arguments[1:]]
        leaves = jax.tree.leaves(function(*mixed))
    for leaf in leaves:
        assert isinstance(leaf, jax.Array)
        assert leaf.dtype in (jnp.float32, jnp.complex64, jnp.int32, jnp.bool_)


def test_both_namespaces_agree_in_float64(case, x64):
    function, arguments = case
    expected = function(*arguments)
    result = function(*map(jnp.asarray, arguments))
    assert type(result) is type(expected) or isinstance(result, jax.Array)
    for one, other in zip(jax.tree.leaves(result), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_jit_is_eager(case, x64):
    function, arguments = case
    arrays = list(map(jnp.asarray, arguments))
    eager = jax.tree.leaves(function(*arrays))
    for one, other in zip(jax.tree.leaves(jax.jit(function)(*arrays)), eager, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_vmap_is_a_loop_over_nodes(case, x64):
    function, arguments = case
    arrays = list(map(jnp.asarray, arguments))
    mapped = jax.tree.leaves(jax.vmap(function, in_axes=-1, out_axes=0)(*arrays))
    for node in range(3):
        alone = jax.tree.leaves(function(*(array[..., node] for array in arrays)))
        for one, other in zip(mapped, alone, strict=True):
            np.testing.assert_allclose(one[node], other, rtol=1e-12, atol=1e-14)


def test_python_scalars_give_scalars(case):
    function, arguments = case
    scalars = [float(argument[0]) if argument.ndim == 1 else argument for argument in arguments]
    expected = jax.tree.leaves(function(*arguments))
    for leaf, full in zip(jax.tree.leaves(function(*scalars)), expected, strict=True):
        if leaf.ndim == full.ndim - 1:  # all but the forcing, which keeps its node axis
            axis = full.shape.index(3)
            np.testing.assert_allclose(leaf, np.take(full, 0, axis), rtol=1e-14)
        else:
            np.testing.assert_allclose(leaf[..., 0], full[..., 0], rtol=1e-14)


def test_nan_arguments_give_nan_without_a_warning(case):
    function, arguments = case
    for namespace in (np, jnp):
        for position in range(len(arguments)):
            spoiled = list(map(namespace.asarray, arguments))
            spoiled[position] = spoiled[position] * namespace.nan
            leaves = [
                leaf for leaf in jax.tree.leaves(function(*spoiled)) if leaf.dtype.kind in "fc"
            ]
            assert not leaves or any(np.all(np.isnan(leaf[-1])) for leaf in leaves)


def test_shapes_broadcast_and_bad_ones_are_named():
    assert theory.pole_radius(np.ones((4, 1)), np.ones(3)).shape == (4, 3)
    message = r"^w2 has shape \(3,\); expected \(\*nodes,\) with nodes = \(2,\) as in w1$"
    with pytest.raises(ValueError, match=message):
        theory.pole_radius(np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match=message):
        theory.pole_radius(jnp.ones(2), jnp.ones(3))
    with pytest.raises(ValueError, match=r"^h0 has shape \(3,\); .* with nodes = \(2,\) as in w$"):
        theory.first_order_trajectory(np.ones(2), np.ones(3), 4)


def test_integers_are_taken_as_floats():
    assert theory.pole_radius(1, 0) == 1.0
    assert theory.pole_radius(jnp.array(1), jnp.array(0)).dtype == jnp.float32
    assert theory.first_order_trajectory(1, 2, 3).dtype == jnp.float32


def test_lists_are_taken_as_arrays(case):
    function, arguments = case
    asked, given = function(*(x.tolist() for x in arguments)), function(*arguments)
    for one, other in zip(jax.tree.leaves(asked), jax.tree.leaves(given), strict=True):
        np.testing.assert_array_equal(one, other)


def test_complex_arguments_are_refused():
    for value in (1j, np.array([1j]), jnp.array([1j])):
        with pytest.raises(ValueError, match=r"^w1 is .*; it must be an array of real numbers$"):
            theory.pole_radius(value, 0.5)


def test_negative_counts_are_refused():
    for call in (
        lambda: theory.first_order_trajectory(0.5, 1.0, -1),
        lambda: second_order.second_order_closed_form(0.5, 0.1, 1.0, 1.0, -1),
        lambda: second_order.impulse_response(0.5, 0.1, -1),
    ):
        with pytest.raises(ValueError, match=r"^num_steps must be 0 or more, got -1$"):
            call()
