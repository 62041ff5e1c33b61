"""Nodes switched by a square wave against NumPy loops; what off nodes hold, show and pass on."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import GatedCell
from rhythmic.cells.registry import make_cell
from rhythmic.networks import NetworkSpec
from rhythmic.simulate import trajectory

pytestmark = pytest.mark.usefixtures("x64")
KEY = jax.random.key(61)
PERIOD, OFF, PHASE = np.array([1.0, 3.0, 6.0, 7.5]), np.array([0.0, 0.9, 0.5, 0.5]), 0.25


def wave(num_steps):
    """Which of four nodes is on at which sample, counted by hand from each period's start."""
    time = np.arange(num_steps)[:, None]
    within = (time / PERIOD + PHASE) % 1 * PERIOD
    return within < np.maximum((1 - OFF) * PERIOD, 1) - 1e-9


def test_nodes_take_part_while_the_wave_is_on_and_else_hold():
    inner = make_cell("rnn", 2, 4, key=KEY)
    cell = GatedCell(inner, period=PERIOD, off_fraction=OFF, phase=PHASE)
    inputs = np.random.default_rng(0).normal(size=(40, 2))
    weights = [np.asarray(x) for x in (inner.weight_ih, inner.weight_hh)]
    hidden, expected = np.zeros(4), []
    for sample, on in zip(inputs, wave(40), strict=True):
        hidden = np.where(on, np.tanh(weights[0] @ sample + weights[1] @ hidden), hidden)
        expected.append(hidden)
    found = trajectory(cell, jnp.asarray(inputs)).observed
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_array_equal(np.diff(found, axis=0) != 0, wave(40)[1:])


def test_published_waves_are_on_once_in_every_period():
    inner = make_cell("rnn", 1, 3, key=KEY)
    cycles = np.array([1.0, 2.0, 3.0])
    cell = GatedCell(inner, period=cycles, off_fraction=1 - 1 / cycles, phase=0.0)
    elapsed = jnp.arange(12.0)[None]
    np.testing.assert_array_equal(cell.is_on(elapsed), np.arange(12) % cycles[:, None] == 0)
    spread = GatedCell(make_cell("rnn", 1, 4, key=KEY), period=8.0)
    np.testing.assert_array_equal(jnp.sum(spread.is_on(elapsed), axis=0), 2)
    long = 3 * 5_000_000.0 + jnp.arange(3.0)[None]  # the clock of single precision too
    np.testing.assert_array_equal(cell.is_on(long.astype(jnp.float32))[2], [True, False, False])


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("traced", [False, True])
def test_rounding_adds_no_sample_to_a_wave(precision, traced):
    """Duty cycles of whole samples: ``(1 - 0.7) 10`` is more than 3 in float64."""
    num_on, length = (x.ravel() for x in np.meshgrid(np.arange(1, 30), np.arange(2, 31)))
    num_on, length = num_on[num_on < length], length[num_on < length]
    start = np.arange(len(length)) % length / length
    with jax.enable_x64(precision == "double"):
        inner = make_cell("rnn", 1, len(length), key=KEY)

        def on(period, off, phase, elapsed):
            cell = GatedCell(inner, period=period, off_fraction=off, phase=phase)
            return cell.is_on(elapsed[None])

        elapsed = jnp.arange(120.0)
        waves = 1.0 * length, 1 - num_on / length, start
        found = jax.jit(on)(*waves, elapsed) if traced else on(*waves, elapsed)
    within = (np.arange(120) + np.rint(start * length)[:, None]) % length[:, None]
    np.testing.assert_array_equal(found, within < num_on[:, None])


def test_a_wave_around_a_wave_goes_on_while_its_node_is_off():
    inner = GatedCell(make_cell("rnn", 1, 1, key=KEY), period=4.0)
    cell = GatedCell(inner, period=4.0, phase=0.5)
    state = cell.initial_state()
    for _ in range(5):
        state = cell.step(state, jnp.ones(1))
    np.testing.assert_array_equal([state.elapsed[0], state.inner.elapsed[0]], [5, 5])


def test_an_off_node_passes_gradients_on_and_does_not_spike():
    options = {"dt": 3.0, "angular_frequency": 0.5, "damping": 0.3}
    inner = make_cell("rf", 1, 2, key=KEY, **options)
    inner = eqx.tree_at(lambda cell: cell.weight_ih, inner, jnp.ones((2, 1)))
    cell = GatedCell(inner, period=4.0, off_fraction=0.5, phase=np.array([0.0, 0.5]))
    state = cell.step(cell.initial_state(), jnp.ones(1))
    np.testing.assert_array_equal(state.inner.spikes, [1, 0])
    state = state._replace(elapsed=jnp.full(1, 2.0))  # now the first is off, the second on

    def onwards(real):
        moved = state._replace(inner=state.inner._replace(real=real))
        return cell.step(moved, jnp.ones(1)).inner.real

    jacobian = jax.jacfwd(onwards)(state.inner.real)
    np.testing.assert_array_equal(jacobian[0], [1, 0])
    after = cell.step(state, jnp.ones(1)).inner
    np.testing.assert_array_equal(after.spikes, [0, 1])
    assert after.refractory[0] == state.inner.refractory[0] == 1
    assert after.refractory[1] == 1


@pytest.mark.parametrize("name", ["rrn", "lstm", "linoss", "lru", "horn", "rf"])
def test_a_wave_that_is_never_off_changes_nothing(name):
    plain = make_cell(name, 2, 3, key=KEY)
    cell = make_cell("gated", 2, 3, key=KEY, cell=name, off_fraction=0.0)
    inputs = jnp.asarray(np.random.default_rng(1).normal(size=(20, 2, 4)))
    np.testing.assert_array_equal(
        trajectory(cell, inputs).observed, trajectory(plain, inputs).observed
    )


def test_options_of_the_cell_inside_go_through_a_specification():
    options = {"cell": "horn", "cell_options": {"damping": 0.3}, "period": 5}
    spec = NetworkSpec("gated", 4, options=options)
    assert spec == NetworkSpec.from_json(spec.to_json())
    built = spec.build(1, 2, key=KEY).cell
    np.testing.assert_allclose(built.cell.damping.values, 0.3)
    plain = NetworkSpec("horn", 4)
    assert spec.num_parameters(3, 2) == plain.num_parameters(3, 2)
    with pytest.raises(ValueError, match="options of horn holds 'mu'"):
        NetworkSpec("gated", 4, options={"cell": "horn", "cell_options": {"mu": 0.3}})
