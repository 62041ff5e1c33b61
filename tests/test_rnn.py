"""The lecture's RNN against a NumPy loop."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.rnn import rnn_cell, simulate_rnn
from rhythmic.simulate import trajectory

PHI = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "identity": lambda x: x,
}
compiled = jax.jit(simulate_rnn, static_argnames=("activation", "feedback"))
SHAPES = {
    "weight_ih": (4, 2),
    "weight_hh": (4, 4),
    "weight_ho": (3, 4),
    "bias_h": (4,),
    "bias_o": (3,),
    "inputs": (9, 2),
}


def arrays(seed=0, **shapes):
    rng = np.random.default_rng(seed)
    shapes = SHAPES | shapes
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def by_loop(weight_ih, weight_hh, weight_ho, bias_h, bias_o, inputs, phi, feedback, fed_back):
    rows = []
    for sample in inputs:
        activity = weight_ih @ sample + weight_hh @ fed_back + bias_h
        output = phi(activity)
        rows.append((activity, output, weight_ho @ output + bias_o))
        fed_back = activity if feedback == "activity" else output
    return [np.array(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("activation", PHI)
@pytest.mark.parametrize("feedback", ["activity", "output"])
def test_simulation_is_the_loop(activation, feedback, x64):
    given = arrays()
    start = np.array([0.3, -0.2, 0.1, 0.5])
    for initial_state, fed_back in ((None, np.zeros(4)), (start, start)):
        found = compiled(
            **given, activation=activation, feedback=feedback, initial_state=initial_state
        )
        expected = by_loop(**given, phi=PHI[activation], feedback=feedback, fed_back=fed_back)
        for array, other in zip(found, expected, strict=True):
            assert array.dtype == np.float64
            np.testing.assert_allclose(array, other, rtol=1e-11, atol=1e-12)


def test_examples_side_by_side_and_single_precision():
    given = arrays(inputs=(9, 2, 5))
    together = compiled(**given, feedback="output")
    assert together.readout.shape == (9, 3, 5)
    assert together.readout.dtype == jnp.float32
    for example in range(5):
        single = given | {"inputs": given["inputs"][:, :, example]}
        alone = compiled(**single, feedback="output")
        for array, other in zip(together, alone, strict=True):
            np.testing.assert_allclose(array[..., example], other, rtol=1e-5, atol=1e-5)


def test_the_cell_is_what_the_simulation_runs(x64):
    given = arrays()
    cell = rnn_cell(given["weight_ih"], given["weight_hh"], given["bias_h"], feedback="output")
    found = simulate_rnn(**given, feedback="output")
    outputs = trajectory(cell, jnp.asarray(given["inputs"])).observed
    np.testing.assert_array_equal(found.output, outputs)
    np.testing.assert_allclose(np.tanh(found.activity), outputs, rtol=1e-13)


def test_a_function_for_phi_jit_and_gradients(x64):
    given = {name: jnp.asarray(x) for name, x in arrays().items()}
    softplus = simulate_rnn(**given, activation=jax.nn.softplus)
    np.testing.assert_allclose(softplus.output, np.log1p(np.exp(softplus.activity)), rtol=1e-12)

    @jax.jit
    def loss(weight_hh):
        return jnp.sum(simulate_rnn(**(given | {"weight_hh": weight_hh})).readout ** 2)

    direction = np.random.default_rng(1).normal(size=(4, 4))
    ends = [loss(given["weight_hh"] + sign * 1e-6 * direction) for sign in (1, -1)]
    slope = jnp.sum(jax.jit(jax.grad(loss))(given["weight_hh"]) * direction)
    assert float(slope) == pytest.approx(float(ends[0] - ends[1]) / 2e-6, rel=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_a_wrong_shape_is_named(name):
    wrong = arrays(**{name: tuple(size + 1 for size in SHAPES[name])})
    named = {"weight_ih": "weight_hh"}.get(name, name)
    with pytest.raises(ValueError, match=rf"{named} has shape \(.*\); expected"):
        simulate_rnn(**wrong)
    flat = arrays() | {name: np.zeros(())}
    with pytest.raises(ValueError, match=rf"{name} has shape \(\); expected"):
        simulate_rnn(**flat)


def test_unknown_names_and_start_states():
    assert inspect.signature(simulate_rnn).parameters["feedback"].default == "activity"
    with pytest.raises(ValueError, match="feedback is 'both'; choose from output, activity"):
        simulate_rnn(**arrays(), feedback="both")
    with pytest.raises(ValueError, match="is 'step'; choose from binary"):
        simulate_rnn(**arrays(), activation="step")
    with pytest.raises(ValueError, match=r"^initial_state has shape \(3,\); .* with hidden = 4 as"):
        simulate_rnn(**arrays(), initial_state=np.zeros(3))
