"""The feedforward network against loops, the lecture's numbers and the statistics of its draws."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads
from scipy.integrate import quad
from scipy.stats import norm

from rhythmic.activations import ACTIVATIONS, activation_function
from rhythmic.static import (
    feedforward_network,
    feedforward_response,
    num_parameters,
    random_feedforward,
)
from rhythmic.static.feedforward import activity_variance
from tests.refusals import refusals

PROPERTY = settings(max_examples=25, derandomize=True, deadline=None)
PHI = {
    "binary": lambda h: 1.0 if h > 0 else 0.0,
    "identity": lambda h: h,
    "tanh": math.tanh,
    "sigmoid": lambda h: 1 / (1 + math.exp(-h)),
    "relu": lambda h: max(h, 0.0),
}


def loop(network, inputs, names):
    output, responses = [float(value) for value in inputs], []
    for (weights, bias), name in zip(network, names, strict=True):
        activity = [
            sum(float(w) * y for w, y in zip(row, output, strict=True)) + float(b)
            for row, b in zip(weights, bias, strict=True)
        ]
        output = [PHI[name](h) for h in activity]
        responses.append((activity, output))
    return responses


def test_activations_elementwise():
    assert set(ACTIVATIONS) == set(PHI)
    values = np.array([-3.0, -0.5, 0.0, 0.5, 3.0])
    for name, phi in PHI.items():
        result = activation_function(name)(jnp.asarray(values))
        np.testing.assert_allclose(result, [phi(h) for h in values], rtol=1e-6)
        assert np.isnan(activation_function(name)(jnp.asarray(jnp.nan)))
    assert jax.grad(activation_function("binary"))(0.3) == 0.0


@PROPERTY
@given(
    sizes=st.lists(st.sampled_from((1, 3)), min_size=2, max_size=4),
    seed=st.integers(0, 10**6),
    names=st.lists(st.sampled_from(sorted(PHI)), min_size=3, max_size=3),
)
def test_response_is_the_loop(sizes, seed, names):
    generator = np.random.default_rng(seed)
    # Small integers, so that float32 sums are exact and no step of the binary function moves.
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = [generator.integers(-3, 4, shape) for shape in shapes]
    biases = [generator.integers(-3, 4, post) for post, _ in shapes]
    inputs = generator.integers(-3, 4, sizes[0])
    names = names[: len(shapes)]
    network = feedforward_network(weights, biases)
    result = feedforward_response(network, inputs, names)
    for layer, (activity, output) in zip(result, loop(network, inputs, names), strict=True):
        np.testing.assert_allclose(layer.activity, activity, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(layer.output, output, rtol=1e-4, atol=1e-4)


def test_batch_is_one_input_after_another_and_maps_over_networks(x64):
    sizes = (3, 5, 2)
    keys = jax.random.split(jax.random.key(1), 4)
    draw = jax.jit(jax.vmap(lambda key: random_feedforward(sizes, key=key, bias_scale=1.0)))
    networks = draw(keys)
    inputs = jax.random.normal(jax.random.key(2), (3, 6, 2))
    respond = jax.vmap(lambda network: feedforward_response(network, inputs, "tanh"))
    mapped = jax.jit(respond)(networks)
    assert mapped[0].activity.shape == (4, 5, 6, 2)
    assert mapped[1].output.shape == (4, 2, 6, 2)
    networks, mapped, inputs = jax.tree.map(np.asarray, (networks, mapped, inputs))
    for member in range(len(keys)):
        network = jax.tree.map(lambda leaf, member=member: leaf[member], networks)
        for place in np.ndindex(6, 2):
            expected = loop(network, inputs[(slice(None), *place)], ["tanh", "tanh"])
            for layer, (_, output) in zip(mapped, expected, strict=True):
                np.testing.assert_allclose(
                    layer.output[(member, slice(None), *place)], output, rtol=1e-10
                )


def test_gradients_are_finite_differences(x64):
    network = random_feedforward((3, 4, 2), key=jax.random.key(0), bias_scale=0.5)

    def last(network):
        return feedforward_response(network, jnp.array([0.3, -1.0, 2.0]), "sigmoid")[-1].output

    check_grads(last, (network,), order=1, modes=["rev"])


def test_number_of_parameters():
    network = random_feedforward((100, 100, 100), key=jax.random.key(0))
    assert num_parameters(network) == 2 * (100 * 100 + 100)
    assert num_parameters(random_feedforward((2, 10, 3), key=jax.random.key(0))) == 30 + 33


def test_random_layers_differ_and_have_the_scales_asked_for():
    network = random_feedforward(
        (400, 400, 400), key=jax.random.key(4), weight_scale=1.5, bias_scale=0.2
    )
    first, second = network
    assert not np.allclose(first.weights, second.weights)
    for layer in network:
        assert np.std(layer.weights) == pytest.approx(1.5 / 20, rel=0.02)
        assert abs(np.mean(layer.weights)) < 1e-3
        assert np.std(layer.bias) == pytest.approx(0.2, rel=0.15)
    assert not np.any(random_feedforward((3, 3), key=jax.random.key(4))[0].bias)


@pytest.mark.parametrize("name", sorted(PHI))
def test_variance_of_activity_is_the_integral(name):
    variance, scale = 1.7, 1.3
    half = [
        quad(lambda h, s=s: PHI[name](s * h) ** 2 * norm.pdf(h, scale=variance**0.5), 0, 15)[0]
        for s in (1, -1)
    ]
    expected = scale**2 * sum(half) + 0.3**2
    result = activity_variance(name, variance, weight_scale=scale, bias_scale=0.3)
    assert result == pytest.approx(expected, rel=1e-5)


test_bad_arguments_are_named_in_one_line = refusals(
    {
        "at least 1 layer": lambda: feedforward_network([]),
        r"weights\[0\] has shape \(3,\)": lambda: feedforward_network([np.ones(3)]),
        r"layer 2: weights have shape \(3, 2\), but layer 1 has 4 neurons": lambda: (
            feedforward_network([np.ones((4, 2)), np.ones((3, 2))])
        ),
        "biases are 0 for 1 layers": lambda: feedforward_network([np.ones((4, 2))], []),
        r"layer 1: bias has shape \(2,\); it must be \(4,\)": lambda: feedforward_network(
            [np.ones((4, 2))], [np.ones(2)]
        ),
        r"inputs \(4,\); the first axis of inputs must be 2": lambda: feedforward_response(
            feedforward_network([np.ones((4, 2))]), np.ones(4), "relu"
        ),
        "activation is 'step'; choose from binary": lambda: feedforward_response(
            feedforward_network([np.ones((4, 2))]), np.ones(2), "step"
        ),
        "activation holds 0 names for 1 layers": lambda: feedforward_response(
            feedforward_network([np.ones((4, 2))]), np.ones(2), []
        ),
        r"layer_sizes holds \[3\]": lambda: random_feedforward((3,), key=jax.random.key(0)),
        r"layer_sizes holds \[3, 0\]": lambda: random_feedforward((3, 0), key=jax.random.key(0)),
    }
)
