"""What cells start with: draws, published settings, rhythms where they are asked for."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import (
    CoupledOscillatoryCell,
    ElmanCell,
    EquinoxCell,
    GRUCell,
    HopfCell,
    HornCell,
    LEMCell,
    LinOSSCell,
    LSTMCell,
    ResonantCell,
    resonant_nodes,
    trainable,
)
from rhythmic.cells.registry import make_cell
from rhythmic.simulate import trajectory
from rhythmic.theory import decay_time, ladder, node_frequency
from tests.cells.contract_cells import SUBJECTS
from tests.cells.test_equations import protocol_constants

KEY = jax.random.key(4)

# The cell, its array, the bound of the uniform law that it is drawn from.
UNIFORM = [
    (lambda key: ElmanCell(1, 11, key=key), "weight_ih", 0.70711),
    (lambda key: LSTMCell(1, 6, key=key), "weight_ih", 0.4899),
    (lambda key: GRUCell(1, 60, key=key), "weight_ih", np.sqrt(6 / 181)),
    *((lambda key: HornCell(4, 400, key=key), name, 0.5) for name in ("weight_ih", "bias_ih")),
    *((lambda key: HornCell(4, 400, key=key), name, 0.05) for name in ("weight_hh", "bias_hh")),
    *(
        (lambda key: CoupledOscillatoryCell(4, 198, key=key), name, 0.05)
        for name in ("weight_ih", "weight_velocity", "weight_position", "bias")
    ),
    *(
        (lambda key: HopfCell(4, 396, key=key), name, 0.05)
        for name in ("weight_ih", "weight_hh", "bias")
    ),
    *(
        (lambda key: LEMCell(4, 100, key=key), name, 0.1)
        for name in ("weight_ih", "weight_hh", "weight_slow", "bias")
    ),
    (lambda key: LinOSSCell(4, 400, key=key), "input_weights", 0.5),
    (lambda key: LinOSSCell(4, 400, key=key), "output_weights", 0.05),
    (lambda key: ResonantCell(ladder("golden"), key=key), "recurrent_weights", 0.3),
]


@pytest.mark.parametrize(("make", "name", "bound"), UNIFORM)
def test_weights_are_uniform_within_their_bound(make, name, bound):
    keys = jax.random.split(KEY, 8 if make(KEY).hidden_size < 20 else 1)
    values = np.concatenate([np.ravel(getattr(make(key), name)) for key in keys])
    values = values[values != 0]
    assert 0.9 * bound < np.max(values) <= bound
    assert -0.9 * bound > np.min(values) >= -bound
    # Mean and variance of the uniform law, within five standard errors.
    assert abs(np.mean(values)) < 5 * bound / np.sqrt(3 * len(values))
    spread = bound**2 * np.sqrt(4 / 45 / len(values))
    assert abs(np.mean(values**2) - bound**2 / 3) < 5 * spread


@pytest.mark.parametrize(
    ("cell", "gain", "blocks"),
    [
        (ElmanCell(1, 11, key=KEY), 0.95, [0.0]),
        (ElmanCell(1, 5, key=KEY, recurrent_gain=1.3), 1.3, [0.0]),
        (LSTMCell(1, 6, key=KEY), 1.0, [0.0, 1.0, 0.0, 0.0]),  # i, f, g, o
        (LSTMCell(1, 6, key=KEY, forget_bias=2.5), 1.0, [0.0, 2.5, 0.0, 0.0]),
        (GRUCell(1, 60, key=KEY, update_bias=2.5), 1.0, [0.0, 2.5, 0.0]),  # r, z, n
    ],
)
def test_recurrence_is_orthogonal_and_biases_are_zero_but_for_one_gate(cell, gain, blocks):
    size = cell.hidden_size
    assert cell.weight_hh.shape == (len(blocks) * size, size)
    gram = cell.weight_hh.T @ cell.weight_hh
    np.testing.assert_allclose(gram, gain**2 * np.eye(size), atol=1e-5)
    np.testing.assert_array_equal(cell.bias_ih, np.repeat(np.float32(blocks), size))
    assert not np.any(cell.bias_hh)


@pytest.mark.parametrize("name", SUBJECTS)
def test_start_values_follow_the_key(name):
    make = SUBJECTS[name].make
    trees = [eqx.filter(make(key), eqx.is_inexact_array) for key in (KEY, KEY, jax.random.key(9))]
    moved = 0
    for a, b, c in zip(*map(jax.tree.leaves, trees), strict=True):
        np.testing.assert_array_equal(a, b)
        moved += np.count_nonzero(a != c)
    assert moved or name == "resonant-unconnected"


def test_linoss_draws_its_feedthrough_and_its_rhythms():
    cell = LinOSSCell(4, 400, key=KEY)
    through = np.ravel(cell.feedthrough_weights)
    assert abs(np.var(through) - 0.25) < 5 * 0.25 * np.sqrt(2 / len(through))
    assert abs(np.mean(through)) < 5 * 0.5 / np.sqrt(len(through))
    for values in (np.asarray(cell.stiffness.values), np.asarray(cell.dt.values)):
        assert 0 < np.min(values) < 0.02
        assert 0.98 < np.max(values) < 1
        assert abs(np.mean(values) - 0.5) < 5 / np.sqrt(12 * 400)
    assert abs(np.corrcoef(cell.stiffness.values, cell.dt.values)[0, 1]) < 0.2


def test_poles_of_damped_linoss_start_in_the_published_ring():
    cell = LinOSSCell(4, 400, key=KEY, scheme="damped")
    squared = 1 / (1 + np.asarray(cell.dt.values) * np.asarray(cell.damping.values))
    fast = np.asarray(cell.dt.values) * np.sqrt(cell.stiffness.values) > 1 / 9  # swing at any 0.9
    count = np.count_nonzero(fast)
    assert 0.81 <= np.min(squared) < 0.82
    assert 0.99 < np.max(squared) < 1
    assert 200 < count < 400
    assert abs(np.mean(squared[fast]) - 0.905) < 5 * 0.19 / np.sqrt(12 * count)
    assert np.all(np.isfinite(node_frequency(*cell.node_weights(), 1e-3)))
    np.testing.assert_allclose(cell.pole_radius(), np.sqrt(squared), rtol=1e-5)
    plain = LinOSSCell(4, 400, key=KEY)
    np.testing.assert_array_equal(cell.dt.values, plain.dt.values)


@pytest.mark.parametrize("rhythms", ["fixed", "learned"])
def test_heterogeneous_rhythms_lie_between_half_and_twice(rhythms):
    cell = HornCell(1, 500, key=KEY, heterogeneous=True, rhythms=rhythms)
    for found, middle in ((cell.angular_frequency, 0.224), (cell.damping, 0.01)):
        ratio = np.asarray(found.values) / middle
        assert 0.5 - 1e-5 <= np.min(ratio) < 0.52
        assert 1.98 < np.max(ratio) <= 2 + 1e-5
        assert abs(np.mean(ratio) - 1.25) < 5 * 1.5 / np.sqrt(12 * 500)
    correlation = np.corrcoef(cell.angular_frequency.values, cell.damping.values)[0, 1]
    assert abs(correlation) < 0.2
    np.testing.assert_array_equal(HornCell(1, 500, key=KEY).weight_hh, cell.weight_hh)


def test_published_settings_can_be_learned_and_are_the_defaults():
    cell = HornCell(1, 4, key=KEY)
    for name, value in (("excitability", 0.04), ("angular_frequency", 0.224), ("damping", 0.01)):
        np.testing.assert_allclose(getattr(cell, name).values, np.full(4, value), rtol=1e-6)
    np.testing.assert_allclose(decay_time(*cell.node_weights(), 1.0), 99, rtol=1e-2)
    # (dt, stiffness, damping) published for sequential MNIST and its permuted form.
    for dt, stiffness, damping in ((0.042, 2.7, 4.7), (0.076, 0.4, 8.0)):
        options = {"dt": dt, "stiffness": stiffness, "damping": damping}
        for rhythms in ("fixed", "learned"):
            cell = CoupledOscillatoryCell(1, 2, key=KEY, rhythms=rhythms, **options)
            assert np.all(cell.pole_radius() < 1)
            np.testing.assert_allclose(cell.stiffness.values, stiffness, rtol=1e-5)
            np.testing.assert_allclose(cell.damping.values, damping, rtol=1e-5)
    default = CoupledOscillatoryCell(1, 2, key=KEY)
    found = [default.dt, default.stiffness.values[0], default.damping.values[0]]
    np.testing.assert_allclose(found, [0.042, 2.7, 4.7], rtol=1e-6)


FREQUENCIES = 2 * np.pi * np.array([3.0, 20.0, 249.0]) / 1000
LEARNED = {
    "horn": {"angular_frequency": FREQUENCIES, "damping": np.full(3, 0.02)},
    "cornn": {"stiffness": np.array([1.5, 9, 30]), "damping": np.full(3, 1.0)},
    "linoss": {"dt": np.full(3, 0.95)},
}


@pytest.mark.parametrize("name", LEARNED)
def test_learned_rhythms_start_where_they_are_told_and_resolve_to_them(name):
    cell = make_cell(name, 1, 3, key=KEY, rhythms="learned", **LEARNED[name])
    marks, resolved = trainable(cell), cell.resolved()
    for part, start in LEARNED[name].items():
        np.testing.assert_allclose(getattr(cell, part).values, start, rtol=1e-5)
        assert getattr(marks, part).raw
        np.testing.assert_array_equal(getattr(resolved, part).values, getattr(cell, part).values)
        assert not getattr(trainable(resolved), part).values


def test_a_ladder_is_where_linoss_starts():
    for options in ({}, {"dt": 0.95}, {"rhythms": "fixed"}):
        cell = LinOSSCell(1, 3, key=KEY, angular_frequency=FREQUENCIES, **options)
        found = np.asarray(cell.dt.values) * np.sqrt(np.asarray(cell.stiffness.values))
        np.testing.assert_allclose(found, FREQUENCIES, rtol=1e-5)
        np.testing.assert_allclose(cell.dt.values, options.get("dt", 0.9), rtol=1e-6)
    step_alone, drawn = LinOSSCell(1, 3, key=KEY, dt=0.5), LinOSSCell(1, 3, key=KEY)
    np.testing.assert_array_equal(step_alone.stiffness.values, drawn.stiffness.values)


@pytest.mark.usefixtures("x64")
def test_read_by_its_energy_linoss_shows_its_positions():
    whole = LinOSSCell(2, 3, key=KEY)
    inputs = jnp.asarray(np.random.default_rng(2).normal(size=(25, 2)))
    bare = whole.for_feature("squared_amplitude")
    assert whole.for_feature("output") is whole
    assert bare.output_weights is bare.feedthrough_weights is None
    seen = [
        trajectory(c, inputs, observe=lambda s, c=c: (c.squared_amplitude(s), s.position)).observed
        for c in (whole, bare)
    ]
    for a, b in zip(*seen, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(trajectory(bare, inputs).observed, seen[1][1])


def test_node_constants_of_the_published_network_are_rounded_once():
    w1, w2, omega, beta = protocol_constants(ladder("golden"))
    np.testing.assert_allclose(
        [beta[0], beta[-1], omega[-1] / 2 / np.pi], [-0.069, -974, 222], 5e-3
    )
    expected = (w1, w2, 1000.0 / omega, beta / omega)
    for precision, tolerance in (("float64", 1e-9), ("float32", 6.1e-8)):
        with jax.enable_x64(precision == "float64"):
            nodes = resonant_nodes(ladder("golden"))
        for found, exact in zip(jax.tree.leaves(nodes), expected, strict=True):
            assert found.dtype == precision
            # Half a unit in the last place; worked out in float32 the slow nodes miss by far.
            np.testing.assert_allclose(found, exact, rtol=tolerance)
    rough = resonant_nodes(jnp.asarray(ladder("golden"), jnp.float32))
    assert np.max(np.abs(rough.velocity_scale / expected[2] - 1)) > 1e-5


@pytest.mark.usefixtures("x64")
def test_gru_through_the_adapter_is_equinox_own_loop():
    wrapped = eqx.nn.GRUCell(2, 3, key=KEY)
    inputs = np.random.default_rng(1).normal(size=(15, 2, 4))
    found = trajectory(EquinoxCell(wrapped), jnp.asarray(inputs))
    for example in range(4):
        hidden = jnp.zeros(3)
        for t in range(15):
            hidden = wrapped(inputs[t, :, example], hidden)
            np.testing.assert_allclose(found.observed[t, :, example], hidden, rtol=1e-12)


def test_adapter_for_a_function_without_sizes():
    cell = EquinoxCell(
        lambda u, h: 0.5 * h + jnp.tile(u, 2), input_size=np.int64(2), hidden_size=np.int64(4)
    )
    assert type(cell.input_size) is type(cell.hidden_size) is int
    found = trajectory(cell, jnp.ones((3, 2))).observed
    np.testing.assert_allclose(found, np.array([1, 1.5, 1.75])[:, None] * np.ones(4))
