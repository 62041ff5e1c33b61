"""The outside functions against independent NumPy loops and torch, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.functional import elman_states, lstm_states, resonant_features
from rhythmic.theory import ladder


def numpy_resonant_features(frequencies, weights, inputs, sample_rate, pole_radius):
    """The equations of the resonant network, one scalar at a time over nodes and examples."""
    dt = 1 / sample_rate
    w1 = 2 * pole_radius * np.cos(2 * np.pi * frequencies * dt)
    w2 = -(pole_radius**2)
    omega = np.sqrt((w1 + w2 - 1) / (w2 * dt**2))
    beta = -(w1 + 2 * w2) / (2 * w2 * dt)
    dtype = np.result_type(weights, inputs)
    features = np.zeros((len(inputs), len(frequencies)), dtype)
    for example, sequence in enumerate(inputs):
        x = np.zeros(len(frequencies), dtype)
        before = np.zeros(len(frequencies), dtype)
        for u in sequence:
            drive = np.array([np.sum(row * np.tanh(x * u)) for row in weights])
            new = u + w1 * x + w2 * before + drive
            velocity = (new - x) * sample_rate
            features[example] += new**2 + ((velocity + beta * new) / omega) ** 2 + 1e-12
            before, x = x, new
    return features / inputs.shape[1]


@pytest.fixture
def resonant_case():
    rng = np.random.default_rng(20)
    frequencies = ladder("golden")
    weights = rng.uniform(-0.3, 0.3, (11, 11))
    np.fill_diagonal(weights, 0)
    inputs = rng.random((3, 120)) * (rng.random((3, 120)) < 0.4)
    return frequencies, weights, inputs


@pytest.mark.usefixtures("x64")
def test_resonant_features_match_a_numpy_loop(resonant_case):
    frequencies, weights, inputs = resonant_case
    expected = numpy_resonant_features(frequencies, weights, inputs, 1000.0, 0.99999)
    found = resonant_features(frequencies, weights, inputs)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    slow = numpy_resonant_features(frequencies, weights, inputs, 1500.0, 0.95)
    found = resonant_features(frequencies, weights, inputs, sample_rate=1500.0, pole_radius=0.95)
    np.testing.assert_allclose(found, slow, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_resonant_gradient_matches_the_complex_step_of_the_numpy_loop(resonant_case):
    # f(w + ih) = f(w) + ih f'(w) for an analytic loop: no difference is taken, no digit is lost.
    frequencies, weights, inputs = resonant_case
    readout = np.random.default_rng(21).normal(size=(3, 11))
    step = 1e-30

    def numpy_scalar(weights, inputs):
        features = numpy_resonant_features(frequencies, weights, inputs, 1000.0, 0.99999)
        return (np.log(features) * readout).sum()

    def jax_scalar(weights, inputs):
        return jnp.sum(jnp.log(resonant_features(frequencies, weights, inputs)) * readout)

    by_weights, by_inputs = jax.grad(jax_scalar, argnums=(0, 1))(weights, jnp.asarray(inputs))
    expected = np.zeros((11, 11))
    for post, pre in np.ndindex(11, 11):
        moved = weights.astype(complex)
        moved[post, pre] += 1j * step
        expected[post, pre] = numpy_scalar(moved, inputs).imag / step
    np.testing.assert_allclose(by_weights, expected, rtol=1e-9)
    for example, time in ((0, 0), (1, 37), (2, 80)):
        moved = inputs.astype(complex)
        moved[example, time] += 1j * step
        expected = numpy_scalar(weights, moved).imag / step
        np.testing.assert_allclose(by_inputs[example, time], expected, rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_resonant_gradient_matches_torch(resonant_case):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    frequencies, weights, inputs = resonant_case
    readout = np.random.default_rng(22).normal(size=(3, 11))
    dt, radius = 1e-3, 0.99999
    w1 = torch.tensor(2 * radius * np.cos(2 * np.pi * frequencies * dt))
    w2 = -(radius**2)
    omega = torch.sqrt((w1 + w2 - 1) / (w2 * dt**2))
    beta = -(w1 + 2 * w2) / (2 * w2 * dt)
    w = torch.tensor(weights, requires_grad=True)
    u = torch.tensor(inputs)
    x = before = torch.zeros(3, 11, dtype=torch.float64)
    total = 0
    for t in range(u.shape[1]):
        new = u[:, t : t + 1] + w1 * x + w2 * before + torch.tanh(x * u[:, t : t + 1]) @ w.T
        total = total + new**2 + (((new - x) / dt + beta * new) / omega) ** 2 + 1e-12
        before, x = x, new
    (torch.log(total / u.shape[1]) * torch.tensor(readout)).sum().backward()
    gradient = jax.grad(
        lambda w: jnp.sum(jnp.log(resonant_features(frequencies, w, inputs)) * readout)
    )(jnp.asarray(weights))
    np.testing.assert_allclose(gradient, w.grad.numpy(), rtol=1e-9)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("name", "function"), [("RNN", elman_states), ("LSTM", lstm_states)])
def test_states_match_torch(name, function):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    layer = getattr(torch.nn, name)(3, 5, batch_first=True).double()
    parameters = {k.removesuffix("_l0"): v.detach().numpy() for k, v in layer.named_parameters()}
    inputs = np.random.default_rng(23).normal(size=(4, 37, 3))
    expected = layer(torch.tensor(inputs))[0].detach().numpy()
    np.testing.assert_allclose(function(parameters, inputs), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("name", "function"), [("RNN", elman_states), ("LSTM", lstm_states)])
def test_gradients_match_torch(name, function):
    torch = pytest.importorskip("torch", reason="torch, the oracle, is not installed")
    layer = getattr(torch.nn, name)(2, 4, batch_first=True).double()
    parameters = {k.removesuffix("_l0"): v.detach().numpy() for k, v in layer.named_parameters()}
    rng = np.random.default_rng(24)
    inputs, target = rng.normal(size=(3, 20, 2)), rng.normal(size=(3, 20, 4))
    (layer(torch.tensor(inputs))[0] * torch.tensor(target)).sum().backward()
    found = jax.grad(lambda p: jnp.sum(function(p, inputs) * target))(parameters)
    for key, value in layer.named_parameters():
        np.testing.assert_allclose(found[key.removesuffix("_l0")], value.grad.numpy(), rtol=1e-9)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"recurrent_weights has shape \(2, 3\)"):
        resonant_features(np.array([2.0, 3.0]), np.zeros((2, 3)), np.zeros((1, 5)))
    with pytest.raises(ValueError, match=r"inputs has shape \(5,\)"):
        resonant_features(np.array([2.0]), np.zeros((1, 1)), np.zeros(5))
    with pytest.raises(ValueError, match="parameters lacks weight_hh"):
        elman_states({"weight_ih": np.zeros((2, 1))}, np.zeros((1, 5, 1)))
    layout = {"weight_ih": np.zeros((8, 1)), "weight_hh": np.zeros((7, 2))}
    biases = {"bias_ih": np.zeros(8), "bias_hh": np.zeros(8)}
    with pytest.raises(ValueError, match="weight_hh has shape"):
        lstm_states(layout | biases, np.zeros((1, 5, 1)))


def test_a_frequency_beyond_nyquist_gives_nan_features():
    features = resonant_features(np.array([2.0, 600.0]), np.zeros((2, 2)), np.ones((1, 5)))
    assert np.isnan(features[0, 1])


@pytest.mark.slow
def test_frequencies_may_be_traced_and_swept():
    inputs = np.random.default_rng(25).random((2, 60)).astype(np.float32)
    frequencies = jnp.array([[5.0, 9.0], [20.0, 40.0]])
    swept = jax.vmap(lambda f: resonant_features(f, jnp.zeros((2, 2)), inputs, pole_radius=0.9))
    alone = resonant_features(np.array([20.0, 40.0]), np.zeros((2, 2)), inputs, pole_radius=0.9)
    np.testing.assert_allclose(swept(frequencies)[1], alone, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_mixed_and_integer_dtypes_are_promoted():
    frequencies, inputs = np.array([5.0, 9.0]), np.ones((2, 6))
    single = resonant_features(frequencies, np.zeros((2, 2), np.float32), inputs.astype("float32"))
    assert single.dtype == np.float32
    mixed = resonant_features(frequencies, np.zeros((2, 2), int), np.ones((2, 6), int))
    np.testing.assert_allclose(mixed, resonant_features(frequencies, np.zeros((2, 2)), inputs))
    parameters = {
        "weight_ih": np.ones((2, 1), np.float32),
        "weight_hh": np.eye(2, dtype=np.float32),
        "bias_ih": np.zeros(2, np.float32),
        "bias_hh": np.zeros(2, np.float32),
    }
    assert elman_states(parameters, inputs[:, :, None]).dtype == np.float64
    assert elman_states(parameters, inputs[:, :, None].astype("float32")).dtype == np.float32
