"""LinOSS against its equations, solved as linear systems in NumPy; its poles and start values."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.cells import LinOSSCell, LinOSSState, trainable
from rhythmic.cells.linoss import MAX_STIFFNESS
from rhythmic.fast.parallel import parallel_trajectory
from rhythmic.networks import MEAN, POWER, NetworkSpec
from rhythmic.simulate import trajectory

KEY = jax.random.key(14)
SCHEMES = ("implicit", "symplectic")
OMEGA, DT = np.array([0.05, 0.4, 1.1]), np.array([0.3, 0.9, 0.8])
STIFFNESS = (OMEGA / DT) ** 2


def inputs_of(time=25, seed=2):
    return np.random.default_rng(seed).normal(size=(time, 2))


def custom(scheme, **options):
    options = {"angular_frequency": OMEGA, "dt": DT} | options
    return LinOSSCell(2, 3, key=KEY, scheme=scheme, **options)


def weights_of(cell):
    names = ("input_weights", "output_weights", "feedthrough_weights")
    return [np.asarray(getattr(cell, name)) for name in names]


def one_step(scheme, stiffness, dt, x, z, force):
    """Solve both equations of a step for the new x and z: scheme by where -A x is taken."""
    old = -dt * stiffness * x if scheme == "symplectic" else 0 * x
    new = dt * stiffness if scheme == "implicit" else 0 * stiffness
    # x' - dt z' = x and new x' + z' = z + old + dt force.
    system = np.array([[1, -dt], [new, 1]])
    return np.linalg.solve(system, np.array([x, z + old + dt * force]))


def by_numpy(scheme, weights, stiffness, dt, inputs):
    """Positions, velocities and outputs of one example; also for complex numbers."""
    w_input, w_output, w_through = weights
    x = z = np.zeros(len(dt))
    runs = []
    for u in inputs:
        nodes = zip(stiffness, dt, x, z, w_input @ u, strict=True)
        x, z = np.array([one_step(scheme, *node) for node in nodes]).T
        a = w_output @ x + w_through @ u
        gelu = a / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))
        runs.append((x, z, gelu))
    return [np.array(run) for run in zip(*runs, strict=True)]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("rhythms", ["fixed", "learned"])
def test_the_cell_is_the_loop_of_the_equations(scheme, rhythms):
    cell, inputs = custom(scheme, rhythms=rhythms), inputs_of()
    x, z, shown = by_numpy(scheme, weights_of(cell), STIFFNESS, DT, inputs)
    observe = lambda s: (s.position, s.velocity, cell.output(s), cell.squared_amplitude(s))  # noqa: E731
    found = trajectory(cell, jnp.asarray(inputs), observe=observe).observed
    for a, b in zip(found, (x, z, shown, x**2 + z**2 / STIFFNESS), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_gradients_by_the_complex_step(scheme):
    cell, inputs = custom(scheme), inputs_of(10)
    readout = np.random.default_rng(4).normal(size=(10, 3))

    def score(raw_stiffness, raw_dt, w_input, w_output, w_through):
        stiffness = MAX_STIFFNESS / (1 + np.exp(-raw_stiffness))
        dt = 1 / (1 + np.exp(-raw_dt))
        weights = (w_input, w_output, w_through)
        return np.sum(by_numpy(scheme, weights, stiffness, dt, inputs)[2] * readout)

    gradient = eqx.filter_jit(
        eqx.filter_grad(lambda c: jnp.sum(trajectory(c, jnp.asarray(inputs)).observed * readout))
    )(cell)

    def parts(c):
        return [c.stiffness.raw, c.dt.raw, c.input_weights, c.output_weights, c.feedthrough_weights]

    found = parts(gradient)
    point = [np.asarray(x, complex) for x in parts(cell)]
    for which, place in [(0, 0), (0, 2), (1, 1), (1, 2), (2, (0, 1)), (3, (2, 0)), (4, (1, 1))]:
        moved = [x.copy() for x in point]
        moved[which][place] += 1e-30j
        np.testing.assert_allclose(found[which][place], score(*moved).imag / 1e-30, rtol=1e-9)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_poles_are_the_eigenvalues_of_a_step(scheme):
    cell = custom(scheme, rhythms="fixed")
    columns = [[one_step(scheme, a, h, *e, 0) for e in np.eye(2)] for a, h in zip(STIFFNESS, DT)]  # noqa: B905
    matrices = np.swapaxes(np.array(columns), 1, 2)
    transition, forcing = cell.linear_system(jnp.ones((4, 2)))
    np.testing.assert_allclose(transition, matrices, rtol=1e-12)
    assert forcing.shape == (4, 3, 2)
    eigenvalues = np.linalg.eigvals(matrices)
    np.testing.assert_allclose(cell.pole_radius(), np.max(np.abs(eigenvalues), axis=1), rtol=1e-10)
    angles = np.max(np.angle(eigenvalues), axis=1)
    if scheme == "symplectic":
        np.testing.assert_allclose(cell.pole_radius(), 1, rtol=1e-12)
        np.testing.assert_allclose(np.cos(angles), 1 - OMEGA**2 / 2, rtol=1e-10)
    else:
        np.testing.assert_allclose(cell.pole_radius(), 1 / np.sqrt(1 + OMEGA**2), rtol=1e-10)
        np.testing.assert_allclose(angles, np.arctan(OMEGA), rtol=1e-10)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(stiffness=st.floats(1e-3, MAX_STIFFNESS), dt=st.floats(1e-3, 1))
def test_no_node_grows_wherever_training_takes_it(stiffness, dt):
    for scheme in SCHEMES:
        columns = [one_step(scheme, stiffness, dt, *e, 0.0) for e in np.eye(2)]
        radii = np.abs(np.linalg.eigvals(np.array(columns)))
        assert np.all(radii <= 1 + 1e-9)
        assert scheme == "symplectic" or np.all(radii < 1)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("move", [-200.0, 200.0])
def test_far_updates_stay_at_pole_radius_one_or_below(scheme, move):
    cell = LinOSSCell(1, 6, key=KEY, scheme=scheme)
    for part in (lambda c: c.stiffness.raw, lambda c: c.dt.raw):
        moved = eqx.tree_at(part, cell, replace_fn=lambda raw: raw + move)
        assert np.all(moved.pole_radius() <= 1)


@pytest.mark.usefixtures("x64")
def test_a_free_symplectic_node_keeps_its_amplitude_and_an_implicit_one_does_not():
    start = LinOSSState(jnp.ones(3), jnp.zeros(3), jnp.zeros(3))
    peaks = {}
    for scheme in SCHEMES:
        cell = custom(scheme)
        run = trajectory(
            cell, jnp.zeros((2000, 2)), initial_state=start, observe=cell.squared_amplitude
        ).observed
        peaks[scheme] = np.max(run[-300:], axis=0)
    # The scheme's own invariant x^2 + z^2 / A - dt x z lies within dt sqrt(A) / 2 of the energy.
    ripple = (1 + OMEGA / 2) / (1 - OMEGA / 2)
    assert np.all((peaks["symplectic"] > 1 / ripple) & (peaks["symplectic"] < ripple))
    radius = 1 / np.sqrt(1 + OMEGA**2)
    np.testing.assert_allclose(peaks["implicit"], radius ** (2 * 1701), rtol=1e-6)


def test_start_values():
    cell = LinOSSCell(4, 400, key=KEY)
    for weights, bound in ((cell.input_weights, 0.5), (cell.output_weights, 0.05)):
        values = np.ravel(weights)
        assert 0.99 * bound < np.max(np.abs(values)) <= bound
        assert abs(np.mean(values**2) - bound**2 / 3) < 5 * bound**2 * np.sqrt(4 / 45 / len(values))
    through = np.ravel(cell.feedthrough_weights)
    assert abs(np.var(through) - 0.25) < 5 * 0.25 * np.sqrt(2 / len(through))
    assert abs(np.mean(through)) < 5 * 0.5 / np.sqrt(len(through))
    for values in (np.asarray(cell.stiffness.values), np.asarray(cell.dt.values)):
        assert np.all((values > 0) & (values < 1))
        assert abs(np.mean(values) - 0.5) < 5 / np.sqrt(12 * 400)
        assert np.max(values) > 0.98
        assert np.min(values) < 0.02
    assert abs(np.corrcoef(cell.stiffness.values, cell.dt.values)[0, 1]) < 0.2


def test_a_ladder_is_where_the_oscillators_start():
    ladder = 2 * np.pi * np.array([3.0, 20.0, 249.0]) / 1000
    for options in ({}, {"dt": 0.95}, {"rhythms": "fixed"}):
        cell = LinOSSCell(1, 3, key=KEY, angular_frequency=ladder, **options)
        found = np.asarray(cell.dt.values) * np.sqrt(np.asarray(cell.stiffness.values))
        np.testing.assert_allclose(found, ladder, rtol=1e-5)
        np.testing.assert_allclose(cell.dt.values, options.get("dt", 0.9), rtol=1e-6)
    step_alone = LinOSSCell(1, 3, key=KEY, dt=0.5)
    np.testing.assert_allclose(step_alone.dt.values, 0.5)
    drawn = LinOSSCell(1, 3, key=KEY)
    np.testing.assert_array_equal(step_alone.stiffness.values, drawn.stiffness.values)


def test_rhythms_are_learned_unless_fixed():
    learned, fixed = (LinOSSCell(1, 3, key=KEY, rhythms=r) for r in ("learned", "fixed"))
    assert trainable(learned).stiffness.raw
    assert trainable(learned).dt.raw
    assert not trainable(fixed).stiffness.values
    assert not trainable(fixed).dt.values
    np.testing.assert_allclose(learned.dt.values, fixed.dt.values, rtol=1e-5)
    np.testing.assert_array_equal(learned.resolved().dt.values, learned.dt.values)
    assert not any(jax.tree.leaves(trainable(learned.resolved().stiffness)))


@pytest.mark.usefixtures("x64")
def test_read_by_its_energy_the_layer_has_no_output_map_and_the_same_oscillators():
    whole, inputs = custom("implicit"), jnp.asarray(inputs_of())
    bare = whole.for_feature("squared_amplitude")
    assert whole.for_feature("output") is whole
    assert bare.output_weights is bare.feedthrough_weights is None
    seen = [
        trajectory(c, inputs, observe=lambda s, c=c: (c.squared_amplitude(s), s.position)).observed
        for c in (whole, bare)
    ]
    for a, b in zip(*seen, strict=True):
        np.testing.assert_array_equal(a, b)
    # It shows the positions, by the scan over all steps in parallel too.
    np.testing.assert_array_equal(trajectory(bare, inputs).observed, seen[1][1])
    np.testing.assert_allclose(parallel_trajectory(bare, inputs), seen[1][1], rtol=1e-9, atol=1e-12)


def test_a_network_counts_what_its_head_reads():
    n, readout = 5, 2 * 5 + 10 * 5 + 10
    for head, of_layer in ((POWER, n + 2 * n), (MEAN, n + n * n + n + 2 * n)):
        network = NetworkSpec("linoss", n, name="linoss", **head)
        assert network.num_parameters(1, 10) == of_layer + readout
        assert network.build(1, 10, key=KEY).num_parameters() == of_layer + readout


def linoss(hidden_size=3, **options):
    return LinOSSCell(1, hidden_size, key=KEY, **options)


BAD = {
    "input_size is 0": lambda: LinOSSCell(0, 3, key=KEY),
    "hidden_size is 0": lambda: linoss(0),
    "scheme is 'explicit'; choose from implicit, symplectic": lambda: linoss(scheme="explicit"),
    "rhythms is 'free'; choose from fixed, learned": lambda: linoss(rhythms="free"),
    "dt holds 1; each must lie between 0 and 1": lambda: linoss(dt=1.0),
    "dt holds 0": lambda: linoss(dt=[0.5, 0.0, 0.5], rhythms="fixed"),
    r"dt has shape \(2,\); expected a number or \(3,\)": lambda: linoss(dt=[0.5, 0.5]),
    "angular_frequency holds 0": lambda: linoss(angular_frequency=0.0),
    "angular_frequency holds 1.8; each must lie between 0 and 1.754": lambda: linoss(
        angular_frequency=1.8
    ),
    "angular_frequency holds 1; each must lie between 0 and 0.9746": lambda: linoss(
        angular_frequency=1.0, dt=0.5, rhythms="fixed"
    ),
    "angular_frequency holds nan": lambda: linoss(angular_frequency=np.nan),
    r"angular_frequency has shape \(1, 3\)": lambda: linoss(angular_frequency=np.ones((1, 3))),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_options_are_named_in_one_line(message):
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message]()
    assert "\n" not in str(caught.value)
