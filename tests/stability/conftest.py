"""Random cells of every kind, in double precision."""

import functools

import equinox as eqx
import jax
import numpy as np
import pytest

from rhythmic.cells import ElmanCell, EquinoxCell, LSTMCell, ResonantCell
from tests.marks import rest_slow

CELLS = {
    "elman": lambda key: ElmanCell(2, 4, key=key, recurrent_gain=1.2),
    "lstm": lambda key: LSTMCell(2, 3, key=key),
    "resonant": lambda key: ResonantCell(np.array([5.0, 60.0, 90.0]), key=key, pole_radius=0.95),
    "equinox-gru": lambda key: EquinoxCell(eqx.nn.GRUCell(2, 4, key=key)),
}


@functools.cache
def built(name):
    return CELLS[name](jax.random.key(1))


@pytest.fixture(params=rest_slow(["resonant", "equinox-gru"], "resonant"))
def driven_cell(request, x64):
    """Two of them, where what is tested takes long to compile."""
    return built(request.param)


@pytest.fixture(params=CELLS)
def cell(request, x64):
    return built(request.param)
