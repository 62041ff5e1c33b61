"""The cells of the contract suite, what is known of each beforehand, and how they are run."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.cells import (
    AbstractCell,
    CoupledOscillatoryCell,
    ElmanCell,
    EquinoxCell,
    FixedParameters,
    GRUCell,
    HopfCell,
    HornCell,
    LEMCell,
    LinOSSCell,
    LRUCell,
    LSTMCell,
    ResonantCell,
    ResonantReservoirCell,
    S5Cell,
    registry,
)
from rhythmic.cells.cornn import CoupledOscillatoryState
from rhythmic.cells.diagonal import DiagonalState
from rhythmic.cells.gated import GatedState
from rhythmic.cells.hopf import HopfState
from rhythmic.cells.horn import HornState
from rhythmic.cells.lem import LEMState
from rhythmic.cells.linoss import LinOSSState
from rhythmic.cells.lstm import LSTMState
from rhythmic.cells.projection import ProjectionCell, ProjectionState
from rhythmic.cells.resonant_nodes import ResonantState
from rhythmic.cells.resonate_fire import ResonateAndFireState

FREQUENCIES = (5.0, 20.0, 60.0)
TIME, BATCH = 12, 4
# What tests that hold for every cell ask for, at least one of them.
ABOUT_A_CELL = {"subject", "cell", "registered"}


class Subject(NamedTuple):
    """A cell of the suite, and what is known of it beforehand.

    Attributes:
        make: from a key.
        state: type of its state; None: an array, or a NamedTuple of arrays.
        num_fixed: how many arrays are not trained; None: those inside a ``FixedParameters``.
        num_trained: how many are; None: all others.
        num_constrained: entries of trained arrays that the constraint holds; None: as it says.
        smooth: whether its gradient is the derivative of its step, and no surrogate of that.
    """

    make: Callable[..., AbstractCell]
    state: type | None = jax.Array
    num_fixed: int | None = 0
    num_trained: int | None = None
    num_constrained: int | None = 0
    smooth: bool = True


def newcomer(name: str) -> Subject:
    """Return a registered cell, as it is built by default, of which nothing is known."""
    return Subject(functools.partial(registered_cell, name), None, None, None, None)


# Options of registered cells that by default are silent for as short a time as that of the tests:
# with these every node spikes, and at other steps in every example.
LIVELY: dict[str, dict[str, Any]] = {
    "rf": {"dt": 3.0, "angular_frequency": (0.9, 0.4, 0.7), "damping": 0.3},
    "gated": {"cell": "rnn"},
}


def registered_cell(name, key, **options):
    return registry.CELLS[name](2, 3, key=key, **(LIVELY.get(name, {}) | options))


def resonant(key, **options):
    options = {"frequencies": FREQUENCIES, "pole_radius": 0.95} | options
    return ResonantCell(options.pop("frequencies"), key=key, **options)


def reservoir(key, **options):
    options = {"frequencies": FREQUENCIES, "density": 0.9} | options
    return ResonantReservoirCell(np.asarray(options.pop("frequencies")), key=key, **options)


def cornn(key, **options):
    return CoupledOscillatoryCell(2, 3, key=key, **({"dt": 0.15} | options))


def of_three_nodes(kind):
    return lambda key, **options: kind(2, 3, key=key, **options)


def equinox_lstm(key, **options):
    return EquinoxCell(eqx.nn.LSTMCell(2, 3, key=key), num_state_arrays=2, **options)


elman, lstm, gru, hopf, horn, lem, linoss, lru, s5 = map(
    of_three_nodes,
    (ElmanCell, LSTMCell, GRUCell, HopfCell, HornCell, LEMCell, LinOSSCell, LRUCell, S5Cell),
)


def resonate_and_fire(key, **options):
    return registered_cell("rf", key, **options)


def gated(key, **options):
    return registered_cell("gated", key, **({"cell": "rnn"} | options))


def damped(key, **options):
    return linoss(key, scheme="damped", **options)


SUBJECTS = {
    "resonant": Subject(resonant, ResonantState, 4, 1, 3),
    "resonant-unconnected": Subject(
        lambda key: resonant(key, recurrence=False), ResonantState, 4, 0
    ),
    "resonant-masked": Subject(
        lambda key: resonant(key, diagonal="masked"), ResonantState, 4, 1, 3
    ),
    "reservoir": Subject(reservoir, ResonantState, 7, 0),
    "reservoir-noiseless": Subject(lambda key: reservoir(key, noise=0.0), ResonantState, 7, 0),
    "elman-output": Subject(elman),
    "elman-activity": Subject(lambda key: elman(key, feedback="activity")),
    "lstm": Subject(lstm, LSTMState),
    "gru": Subject(gru, num_trained=4),
    "horn": Subject(horn, HornState, 3, 4),
    "horn-learned": Subject(
        lambda key: horn(key, rhythms="learned", heterogeneous=True), HornState, 1, 6
    ),
    "cornn": Subject(cornn, CoupledOscillatoryState, 2, 4),
    "cornn-learned": Subject(
        lambda key: cornn(key, rhythms="learned"), CoupledOscillatoryState, 0, 6
    ),
    "linoss": Subject(linoss, LinOSSState, 0, 5),
    "linoss-symplectic": Subject(
        lambda key: linoss(key, scheme="symplectic", rhythms="fixed"), LinOSSState, 2, 3
    ),
    "linoss-damped": Subject(damped, LinOSSState, 0, 6),
    "linoss-complex": Subject(
        lambda key: linoss(key, scheme="damped", maps="complex"), LinOSSState, 0, 6
    ),
    "linoss-energy": Subject(
        lambda key: linoss(key).for_feature("squared_amplitude"), LinOSSState, 0, 3
    ),
    "lru": Subject(lru, DiagonalState, 0, 6),
    "lru-energy": Subject(
        lambda key: lru(key, rhythms="fixed").for_feature("squared_amplitude"), DiagonalState, 3, 1
    ),
    "s5": Subject(s5, DiagonalState, 0, 6),
    "rf": Subject(resonate_and_fire, ResonateAndFireState, 0, 4, smooth=False),
    "rf-plain": Subject(
        lambda key: resonate_and_fire(key, form="plain", rhythms="fixed"),
        ResonateAndFireState,
        2,
        2,
        smooth=False,
    ),
    "lem": Subject(lem, LEMState, 0, 4),
    "hopf": Subject(hopf, HopfState, 1, 5),
    "gated": Subject(gated, GatedState, 3, 4),
    "gated-rrn": Subject(lambda key: gated(key, cell="rrn"), GatedState, None, 2, 3),
    "projection": Subject(
        lambda key: ProjectionCell(3, num_steps=TIME, key=key), ProjectionState, 1, 0
    ),
    "equinox-gru": Subject(lambda key: EquinoxCell(eqx.nn.GRUCell(2, 3, key=key))),
    "equinox-lstm": Subject(equinox_lstm, tuple),
}
# Registered cells by their name above; one that is not there is checked as it is built by default.
KNOWN = {"rrn": "resonant", "rnn": "elman-output"}
NEWCOMERS = tuple(name for name in registry.CELLS if KNOWN.get(name, name) not in SUBJECTS)
SUBJECTS |= {name: newcomer(name) for name in NEWCOMERS}


def sequence(cell, dtype, *, seed=0, batch_shape=(BATCH,), time=TIME):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.uniform(0.1, 1, (time, cell.input_size, *batch_shape)), dtype)


def tolerance(dtype):
    return {"rtol": 200 * np.finfo(dtype).eps, "atol": 20 * np.finfo(dtype).eps}


def assert_trees_close(found, expected, **tolerances):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, **tolerances)


def by_loop(cell, inputs):
    """The outputs and the last state, step by step, without a scan."""
    state = cell.initial_state(inputs.shape[2:])
    outputs = []
    for sample in inputs:
        state = cell.step(state, sample)
        outputs.append(cell.output(state))
    return np.stack(outputs), state


def held_arrays(part: Any, held: bool = False) -> list[jax.Array]:
    """The floating-point arrays inside a ``FixedParameters``, found field by field."""
    if eqx.is_inexact_array(part):
        return [part] if held else []
    held = held or isinstance(part, FixedParameters)
    if dataclasses.is_dataclass(part):
        inner = [getattr(part, field.name) for field in dataclasses.fields(part)]
    elif isinstance(part, dict):
        inner = list(part.values())
    else:
        inner = list(part) if isinstance(part, list | tuple) else []
    return [array for one in inner for array in held_arrays(one, held)]


def promises(module: ModuleType) -> list[Callable[..., None]]:
    """Return the tests of ``module`` that any one cell can be put through: they ask for it."""
    tests = [test for name, test in vars(module).items() if name.startswith("test_")]
    return [test for test in tests if ABOUT_A_CELL & set(inspect.signature(test).parameters)]


def keep_promises(module: ModuleType, name: str, precision: str) -> None:
    """Put a registered cell, of which nothing is known, through all promises of ``module``."""
    subject = newcomer(name)
    with jax.enable_x64(precision == "float64"):
        given = {
            "subject": subject,
            "cell": subject.make(jax.random.key(3)),
            "registered": name,
            "dtype": np.dtype(precision),
            "batch_shape": (BATCH,),
        }
        for test in promises(module):
            test(**{asked: given[asked] for asked in inspect.signature(test).parameters})
