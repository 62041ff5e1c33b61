"""Gates of the LSTM against NumPy, and what holding one does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from rhythmic.cells import LSTMCell
from rhythmic.gates import class_separation, gate_trace, holding_node, with_gate_held

TIME, HIDDEN, BATCH = 7, 3, 4


@pytest.fixture
def cell(x64):
    del x64
    return LSTMCell(2, HIDDEN, key=jax.random.key(1))


trace_of = jax.jit(gate_trace)


def sequence():
    return jnp.asarray(np.random.default_rng(0).normal(size=(TIME, 2, BATCH)))


@pytest.mark.slow
def test_gates_are_those_of_a_loop(cell):
    inputs = sequence()
    trace = trace_of(cell, inputs)
    hidden = memory = np.zeros((HIDDEN, BATCH))
    weight_ih, weight_hh = np.asarray(cell.weight_ih), np.asarray(cell.weight_hh)
    bias = np.asarray(cell.bias_ih + cell.bias_hh)[:, None]
    for step, sample in enumerate(np.asarray(inputs)):
        i, f, g, o = np.split(weight_ih @ sample + weight_hh @ hidden + bias, 4)
        i, f, g, o = (
            scipy.special.expit(i),
            scipy.special.expit(f),
            np.tanh(g),
            scipy.special.expit(o),
        )
        memory = f * memory + i * g
        hidden = o * np.tanh(memory)
        now = jax.tree.map(lambda x, step=step: x[step], trace)
        for found, expected in zip(now, (i, f, g, o, memory, hidden), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    one = trace_of(cell, inputs[..., 2])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b[..., 2], rtol=1e-12), one, trace)


@pytest.mark.parametrize("gate", ["input", "forget", "output"])
def test_a_held_gate_stays_and_the_others_do_not(cell, gate):
    opening = np.array([0.2, 0.5, 0.97])
    held = trace_of(with_gate_held(cell, gate, opening), sequence())
    expected = np.broadcast_to(opening[:, None], (TIME, HIDDEN, BATCH))
    np.testing.assert_allclose(getattr(held, f"{gate}_gate"), expected, rtol=1e-12)
    free = trace_of(cell, sequence())
    for other in {"input", "forget", "output"} - {gate}:
        name = f"{other}_gate"
        # The first step starts from rest, so what it opens knows nothing of the held gate.
        np.testing.assert_array_equal(getattr(held, name)[0], getattr(free, name)[0])
        assert np.ptp(getattr(held, name)) > 0.05


def test_open_and_shut_gates_do_what_their_names_say(cell):
    inputs = sequence()
    shut = trace_of(with_gate_held(cell, "input", 0.0), inputs)
    np.testing.assert_allclose(shut.memory, 0.0, atol=1e-11)
    adds = trace_of(with_gate_held(with_gate_held(cell, "forget", 1.0), "input", 1.0), inputs)
    np.testing.assert_allclose(adds.memory, np.cumsum(adds.candidate, axis=0), rtol=1e-9)
    forgets = trace_of(with_gate_held(cell, "forget", 0.0), inputs)
    np.testing.assert_allclose(
        forgets.memory, forgets.input_gate * forgets.candidate, rtol=1e-9, atol=1e-12
    )
    shown = trace_of(with_gate_held(cell, "output", 1.0), inputs)
    np.testing.assert_allclose(shown.hidden, np.tanh(shown.memory), rtol=1e-9)
    assert np.all(np.isfinite(with_gate_held(cell, "output", 1.0).bias_ih))
    for wrong in (1.5, -0.1, np.nan, [0.5, 2.0, 0.5]):
        with pytest.raises(ValueError, match=r"^opening holds .*; each must lie in 0 to 1$"):
            with_gate_held(cell, "output", wrong)
    traced = jax.jit(lambda x: with_gate_held(cell, "output", x).bias_ih)(1.5)
    assert np.isnan(traced).sum() == HIDDEN


@pytest.mark.usefixtures("x64")
def test_separation_is_the_index_of_sensitivity():
    rng = np.random.default_rng(3)
    classes = np.array([0, 1, 2] * 10)
    activity = rng.normal(size=(5, 4, 30)) + classes * np.arange(4)[:, None]
    zero, one = activity[..., classes == 0], activity[..., classes == 1]
    spread = np.sqrt((zero.var(axis=-1) + one.var(axis=-1)) / 2)
    expected = np.abs(one.mean(axis=-1) - zero.mean(axis=-1)) / spread
    found = class_separation(jnp.asarray(activity), jnp.asarray(classes))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.isnan(class_separation(jnp.asarray(activity), jnp.zeros(30, int))).all()


def test_the_holding_node_holds_at_every_step():
    separation = jnp.array(
        [[9.0, 0.0, 9.0, 9.0], [2.0, 3.0, 5.0, 1.5], [7.0, 3.0, 1.0, 1.5], [0.0, 0.0, 0.0, jnp.nan]]
    )
    assert int(holding_node(separation, 1, 2)) == 1
    assert int(holding_node(separation, 2, 2)) == 0
    assert int(holding_node(separation, 0, 2)) == 0
    assert int(holding_node(separation.at[:, 0].set(jnp.nan), 0, 1)) == 2
    for first, last, message in ((0, 4, "last holds 4"), (-1, 2, "first holds -1"), (2, 1, "last")):
        with pytest.raises(ValueError, match=f"^{message}"):
            holding_node(separation, first, last)


def test_traced_steps_are_named():
    with pytest.raises(ValueError, match=r"^last is traced; it must be known outside the program"):
        jax.jit(lambda last: holding_node(jnp.ones((3, 2)), 0, last))(1)
