"""Every cell against the equations of its paper in NumPy, its rhythms against eigenvalues."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from rhythmic.cells import (
    AbstractCell,
    CoupledOscillatoryCell,
    ElmanCell,
    GRUCell,
    HornCell,
    LinOSSCell,
    LSTMCell,
    ResonantCell,
    ResonantReservoirCell,
)
from rhythmic.simulate import trajectory
from rhythmic.theory import ladder

KEY = jax.random.key(11)
THREE = np.array([5.0, 20.0, 60.0])
SIX = np.array([3.0, 12.0, 40.0, 41.0, 120.0, 250.0])
HORN = {
    "excitability": np.array([0.3, 0.8, 0.5]),
    "angular_frequency": np.array([0.2, 0.9, 1.3]),
    "damping": np.array([0.01, 0.2, 0.1]),
}
CORNN = {"dt": 0.2, "stiffness": np.array([1.5, 9, 30]), "damping": np.array([0.5, 0.1, 1.2])}
LINOSS = {"angular_frequency": np.array([0.05, 0.4, 1.1]), "dt": np.array([0.3, 0.9, 0.8])}
DAMPING = np.array([0.1, 0.3, 0.5])


def elman(p, state, u):
    h = p.weight_ih @ u + p.bias_ih + p.weight_hh @ state[0] + p.bias_hh
    return (h if p.feedback == "activity" else np.tanh(h),), np.tanh(h), np.tanh(h) ** 2


def lstm(p, state, u):
    hidden, memory = state
    i, f, g, o = np.split(p.weight_ih @ u + p.bias_ih + p.weight_hh @ hidden + p.bias_hh, 4)
    memory = expit(f) * memory + expit(i) * np.tanh(g)
    hidden = expit(o) * np.tanh(memory)
    return (hidden, memory), hidden, hidden**2


def gru(p, state, u):
    h = state[0]
    (a_r, a_z, a_n), (b_r, b_z, b_n) = (
        np.split(x, 3) for x in (p.weight_ih @ u + p.bias_ih, p.weight_hh @ h + p.bias_hh)
    )
    r, z = expit(a_r + b_r), expit(a_z + b_z)
    h = (1 - z) * np.tanh(a_n + r * b_n) + z * h
    return (h,), h, h**2


def horn(p, state, u):
    x, y = state
    drive = p.weight_ih @ u + p.bias_ih + (p.weight_hh @ y + p.bias_hh) / np.sqrt(len(x))
    y = y + p.excitability * np.tanh(drive) - p.angular_frequency**2 * x - 2 * p.damping * y
    x = x + y
    return (x, y), x, x**2 + (y / p.angular_frequency) ** 2


def cornn(p, state, u):
    y, z = state
    force = np.tanh(p.weight_position @ y + p.weight_velocity @ z + p.weight_ih @ u + p.bias)
    z = z + p.dt * (force - p.stiffness * y - p.damping * z)
    y = y + p.dt * z
    return (y, z), y, y**2 + z**2 / p.stiffness


def linoss(p, state, u):
    """Solve both equations of a step for the new x and z: the scheme says where -A x is taken."""
    x, z = state[:2]
    force = p.input_weights @ u
    copies = len(x) // len(p.dt)  # two where maps are complex: the parts of x
    implicit, damped = p.scheme == "implicit", p.scheme == "damped"
    damping = p.damping if damped else np.zeros_like(p.dt)
    rhythms = (np.tile(values, copies) for values in (p.stiffness, damping, p.dt))
    stepped = []
    for a, g, dt, x0, z0, f in zip(*rhythms, x, z, force, strict=True):
        # x' - dt z' = x and [dt A x'] + (1 + dt G) z' = z - [dt A x] + dt f.
        system = np.array([[1, -dt], [dt * a if implicit else 0, 1 + dt * g]])
        old = 0 if implicit else -dt * a * x0
        stepped.append(np.linalg.solve(system, np.array([x0, z0 + old + dt * f])))
    x, z = np.array(stepped).T
    a = p.output_weights @ x + p.feedthrough_weights @ u
    gelu = a / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3)))
    energy = x**2 + z**2 / np.tile(p.stiffness, copies)
    return (x, z), gelu, energy.reshape(copies, -1).sum(axis=0)


def protocol_constants(frequencies, radius=0.99999, sample_rate=1000.0):
    dt = 1 / sample_rate
    w1 = 2 * radius * np.cos(2 * np.pi * frequencies * dt)
    w2 = np.full_like(w1, -(radius**2))
    omega = np.sqrt((w1 + w2 - 1) / (w2 * dt**2))
    beta = -(w1 + 2 * w2) / (2 * w2 * dt)
    return w1, w2, omega, beta


def of_resonance(p, x, previous):
    *_, omega, beta = protocol_constants(p.frequencies, p.radius)
    velocity = (x - previous) * 1000
    return velocity + beta * x, omega * x, x**2 + ((velocity + beta * x) / omega) ** 2 + 1e-12


def resonant(p, state, u):
    x, previous = state
    w1, w2, *_ = protocol_constants(p.frequencies, p.radius)
    drive = u if p.input_weights is None else p.input_weights @ u
    new = drive + w1 * x + w2 * previous + p.recurrent_weights @ np.tanh(x * drive)
    return (new, x), new, of_resonance(p, new, x)[2]


def reservoir(p, state, u):
    x, previous = state
    w1, w2, *_ = protocol_constants(p.frequencies, p.radius)
    imaginary, real, _ = of_resonance(p, x, previous)
    drive = p.recurrent_weights @ expit(np.cos(np.arctan2(imaginary, real)))
    noise = p.noise * u[1:] if len(u) > 1 else 0
    new = p.scale * u[0] + w1 * x + w2 * previous + drive + noise
    return (new, x), new, of_resonance(p, new, x)[2]


class Case(NamedTuple):
    """A cell, the step of its equations, and what these need that the cell does not hold."""

    make: Callable[[], AbstractCell]
    step: Callable[..., Any]
    known: dict[str, Any]


def of_resonant(frequencies=THREE, radius=0.95, **options):
    return Case(
        lambda: ResonantCell(frequencies, key=KEY, pole_radius=radius, **options),
        resonant,
        {"frequencies": frequencies, "radius": radius, "input_weights": None}
        if "input_weights" not in options
        else {"frequencies": frequencies, "radius": radius},
    )


def of_reservoir(noise):
    return Case(
        lambda: ResonantReservoirCell(SIX, key=KEY, noise=noise, input_scale=0.7),
        reservoir,
        {"frequencies": SIX, "radius": 0.93004, "scale": 0.7},
    )


def of_kind(kind, step, **options):
    known = {name: options[name] for name in ("dt", "feedback", "scheme") if name in options}
    return Case(lambda: kind(2, 3, key=KEY, **options), step, known)


CASES = {
    "elman-output": of_kind(ElmanCell, elman, feedback="output"),
    "elman-activity": of_kind(ElmanCell, elman, feedback="activity"),
    "lstm": of_kind(LSTMCell, lstm),
    "gru": of_kind(GRUCell, gru, update_bias=0.7),
    "horn": of_kind(HornCell, horn, **HORN),
    "horn-learned": of_kind(HornCell, horn, **HORN, rhythms="learned"),
    "horn-heterogeneous": of_kind(HornCell, horn, heterogeneous=True),
    "cornn": of_kind(CoupledOscillatoryCell, cornn, **CORNN),
    "cornn-learned": of_kind(CoupledOscillatoryCell, cornn, **CORNN, rhythms="learned"),
    "linoss-implicit": of_kind(LinOSSCell, linoss, **LINOSS, scheme="implicit"),
    "linoss-symplectic": of_kind(
        LinOSSCell, linoss, **LINOSS, scheme="symplectic", rhythms="fixed"
    ),
    "linoss-damped": of_kind(LinOSSCell, linoss, **LINOSS, damping=DAMPING, scheme="damped"),
    "linoss-complex": of_kind(LinOSSCell, linoss, **LINOSS, scheme="implicit", maps="complex"),
    "resonant": of_resonant(ladder("golden"), 0.99999),
    "resonant-learned": of_resonant(rhythms="learned"),
    "resonant-inputs": of_resonant(input_weights="learned", input_size=2),
    "reservoir": of_reservoir(0.00538),
    "reservoir-noiseless": of_reservoir(0.0),
}


@pytest.fixture(params=CASES)
def case(request, x64):
    del x64
    return CASES[request.param]


def in_numpy(cell, known):
    """The parameters of a cell by name: what is held or learned as it is worked out."""
    held = {
        name: np.asarray(getattr(value, "values", value))
        for name, value in vars(cell).items()
        if eqx.is_array_like(getattr(value, "values", value))
    }
    return SimpleNamespace(**(held | known))


def with_random_biases(cell):
    """The cell with other biases than zero, where it has any."""
    leaves = {n: x for n, x in vars(cell).items() if n.startswith("bias")}
    rng = np.random.default_rng(3)
    moved = [jnp.asarray(x + 0.3 * rng.normal(size=x.shape)) for x in leaves.values()]
    return eqx.tree_at(lambda c: [getattr(c, name) for name in leaves], cell, moved)


def test_the_cell_is_the_loop_of_its_equations(case):
    cell = with_random_biases(case.make())
    inputs = np.random.default_rng(2).normal(size=(60, cell.input_size))
    parameters = in_numpy(cell, case.known)
    motion = getattr(cell, "motion", jax.tree.leaves)
    rows = len(motion(cell.initial_state())[0])
    state = tuple(np.zeros(rows) for _ in range(2))
    expected = []
    for u in inputs:
        state, *shown = case.step(parameters, state, u)
        expected.append((*state, *shown))

    def observe(state):
        parts = motion(state)[: len(expected[0]) - 2]
        return (*parts, cell.output(state), cell.squared_amplitude(state))

    found = trajectory(cell, jnp.asarray(inputs), observe=observe).observed
    for array, other in zip(found, zip(*expected, strict=True), strict=True):
        scale = np.max(np.abs(other))
        np.testing.assert_allclose(array, other, rtol=1e-9, atol=1e-12 * scale)


OSCILLATORS = {
    **{
        name: case
        for name, case in CASES.items()
        if name.startswith(("horn", "cornn", "lin")) and name != "linoss-complex"
    },
    "horn-undamped": of_kind(HornCell, horn, **(HORN | {"damping": np.array([0, 0.2, 0])})),
    "cornn-published": of_kind(CoupledOscillatoryCell, cornn, dt=0.042),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", OSCILLATORS)
def test_poles_are_the_eigenvalues_of_a_free_step(name):
    case = OSCILLATORS[name]
    cell = case.make()
    parameters = in_numpy(cell, case.known)
    for weight in vars(parameters):
        if weight.startswith(("weight", "bias", "input_w", "output_w", "feedthrough")):
            setattr(parameters, weight, np.zeros_like(getattr(parameters, weight)))
    ones, zeros = np.ones(cell.hidden_size), np.zeros(cell.hidden_size)
    columns = [
        case.step(parameters, start, np.zeros(2))[0] for start in ((ones, zeros), (zeros, ones))
    ]
    matrices = np.moveaxis(np.array(columns), (0, 1, 2), (2, 1, 0))
    eigenvalues = np.linalg.eigvals(matrices)
    radius = np.max(np.abs(eigenvalues), axis=1)
    np.testing.assert_allclose(cell.pole_radius(), radius, rtol=1e-10)
    if isinstance(cell, LinOSSCell):
        # The published closed forms, by omega = dt sqrt(A).
        closed = {
            "implicit": 1 / np.sqrt(1 + LINOSS["angular_frequency"] ** 2),
            "symplectic": 1.0,
            "damped": 1 / np.sqrt(1 + LINOSS["dt"] * DAMPING),
        }[cell.scheme]
        np.testing.assert_allclose(radius, closed, rtol=1e-10)
        return
    w1, w2 = cell.node_weights()
    np.testing.assert_allclose(w1, np.sum(eigenvalues, axis=1).real, rtol=1e-10)
    np.testing.assert_allclose(w2, -np.prod(eigenvalues, axis=1).real, rtol=1e-10)
