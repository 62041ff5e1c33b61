"""Every option of every cell changes something: by hand for ours, by its type for a newcomer's."""

import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import (
    CoupledOscillatoryCell,
    ElmanCell,
    EquinoxCell,
    GatedCell,
    GRUCell,
    HopfCell,
    HornCell,
    LEMCell,
    LinOSSCell,
    LRUCell,
    LSTMCell,
    ResonantCell,
    ResonantReservoirCell,
    ResonateAndFireCell,
    S5Cell,
    registry,
    trainable,
)
from rhythmic.simulate import trajectory
from tests.cells.contract_cells import (
    NEWCOMERS,
    SUBJECTS,
    cornn,
    damped,
    elman,
    equinox_lstm,
    gated,
    gru,
    hopf,
    horn,
    lem,
    linoss,
    lru,
    lstm,
    reservoir,
    resonant,
    resonate_and_fire,
    s5,
    sequence,
)


def gradient_of_recurrence(cell):
    def score(weights):
        changed = eqx.tree_at(lambda cell: cell.recurrent_weights, cell, weights)
        return jnp.sum(trajectory(changed, sequence(cell, np.float32)).observed)

    return jax.grad(score)(cell.recurrent_weights)


def outputs(cell):
    return trajectory(cell, sequence(cell, np.float32)).observed


def trained_sizes(cell):
    """Number of trained values, for options that decide what is trained."""
    return np.array(sum(x.size for x in jax.tree.leaves(eqx.filter(cell, trainable(cell)))))


OPTIONS = [
    (ResonantCell, resonant, "frequencies", (5.0, 20.0, 80.0), outputs),
    (ResonantCell, resonant, "recurrence", False, outputs),
    (ResonantCell, resonant, "sample_rate", 800.0, outputs),
    (ResonantCell, resonant, "pole_radius", 0.9, outputs),
    (ResonantCell, resonant, "diagonal", "masked", gradient_of_recurrence),
    (ResonantCell, resonant, "poles", "double", outputs),
    (ResonantCell, resonant, "rhythms", "learned", trained_sizes),
    (ResonantCell, resonant, "input_weights", "learned", outputs),
    (ResonantReservoirCell, reservoir, "spectral_radius", 0.9, outputs),
    (ResonantReservoirCell, reservoir, "density", 0.5, outputs),
    (ResonantReservoirCell, reservoir, "noise", 0.5, outputs),
    (ResonantReservoirCell, reservoir, "input_scale", 2.0, outputs),
    (ResonantReservoirCell, reservoir, "sample_rate", 800.0, outputs),
    (ResonantReservoirCell, reservoir, "pole_radius", 0.9, outputs),
    (ElmanCell, elman, "recurrent_gain", 0.5, outputs),
    (ElmanCell, elman, "feedback", "activity", outputs),
    (ElmanCell, elman, "activation", jnp.sin, outputs),
    (LSTMCell, lstm, "forget_bias", 0.0, outputs),
    (GRUCell, gru, "update_bias", 1.0, outputs),
    (HornCell, horn, "excitability", 0.1, outputs),
    (HornCell, horn, "angular_frequency", 0.5, outputs),
    (HornCell, horn, "damping", 0.1, outputs),
    (HornCell, horn, "heterogeneous", True, outputs),
    (HornCell, horn, "rhythms", "learned", trained_sizes),
    (CoupledOscillatoryCell, cornn, "dt", 0.1, outputs),
    (CoupledOscillatoryCell, cornn, "stiffness", 9.0, outputs),
    (CoupledOscillatoryCell, cornn, "damping", 1.0, outputs),
    (CoupledOscillatoryCell, cornn, "rhythms", "learned", trained_sizes),
    (LinOSSCell, linoss, "scheme", "symplectic", outputs),
    (LinOSSCell, linoss, "maps", "complex", trained_sizes),
    (LinOSSCell, linoss, "angular_frequency", 0.6, outputs),
    (LinOSSCell, linoss, "dt", 0.7, outputs),
    (LinOSSCell, damped, "damping", 2.0, outputs),
    (LinOSSCell, linoss, "rhythms", "fixed", trained_sizes),
    (LRUCell, lru, "angular_frequency", 0.6, outputs),
    (LRUCell, lru, "pole_radius", 0.7, outputs),
    (LRUCell, lru, "rhythms", "fixed", trained_sizes),
    (S5Cell, s5, "angular_frequency", 0.6, outputs),
    (S5Cell, s5, "dt", 0.7, outputs),
    (S5Cell, s5, "damping", 100.0, outputs),
    (S5Cell, s5, "rhythms", "fixed", trained_sizes),
    (ResonateAndFireCell, resonate_and_fire, "form", "plain", outputs),
    (ResonateAndFireCell, resonate_and_fire, "angular_frequency", 0.9, outputs),
    (ResonateAndFireCell, resonate_and_fire, "damping", 0.1, outputs),
    (ResonateAndFireCell, resonate_and_fire, "dt", 0.1, outputs),
    (ResonateAndFireCell, resonate_and_fire, "rhythms", "fixed", trained_sizes),
    (LEMCell, lem, "dt", 0.1, outputs),
    (HopfCell, hopf, "growth", 0.4, outputs),
    (HopfCell, hopf, "angular_frequency", 0.5, outputs),
    (HopfCell, hopf, "excitability", 0.1, outputs),
    (HopfCell, hopf, "rhythms", "fixed", trained_sizes),
    (GatedCell, gated, "period", 4.0, outputs),
    (GatedCell, gated, "off_fraction", 0.0, outputs),
    (GatedCell, gated, "phase", 0.5, outputs),
    (EquinoxCell, equinox_lstm, "read", lambda state: state[1], outputs),
]


@pytest.mark.parametrize(
    ("build", "option", "value", "look"),
    [pytest.param(*row[1:], id=f"{row[0].__name__}-{row[2]}") for row in OPTIONS],
)
def test_every_option_changes_the_result(build, option, value, look):
    plain = look(build(jax.random.key(3)))
    changed = look(build(jax.random.key(3), **{option: value}))
    assert np.max(np.abs(plain - changed)) > 1e-3


def options_of(kind):
    """The options of a cell, but for the sizes: those of the adapter describe the wrapped cell."""
    sizes = {"input_size", "hidden_size", "num_state_arrays"}
    parameters = inspect.signature(kind).parameters.values()
    return {p.name: p for p in parameters if p.default is not p.empty and p.name not in sizes}


def test_the_table_of_options_is_complete():
    makes = [subject.make for name, subject in SUBJECTS.items() if name not in NEWCOMERS]
    kinds = {type(make(jax.random.key(0))) for make in makes}
    listed = {(row[0], row[2]) for row in OPTIONS}
    assert {(kind, name) for kind in kinds for name in options_of(kind)} <= listed
    newcomers = {registry.CELLS[name] for name in NEWCOMERS}
    assert {kind for kind, _ in listed} <= kinds | newcomers


# Newcomers need no rows above. HORN, which has some, stands for them as long as there are none.
@pytest.fixture(params=("horn", *NEWCOMERS))
def registered(request):
    return request.param


def test_a_masked_diagonal_has_no_gradient_and_a_projected_one_has():
    off = ~np.eye(3, dtype=bool)
    projected = gradient_of_recurrence(resonant(jax.random.key(3)))
    masked = gradient_of_recurrence(resonant(jax.random.key(3), diagonal="masked"))
    assert np.all(np.diag(masked) == 0)
    assert np.all(np.abs(np.diag(projected)) > 1e-3)
    np.testing.assert_allclose(masked[off], projected[off], rtol=1e-5)
