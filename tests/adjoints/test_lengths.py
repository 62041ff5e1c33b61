"""Hand-written adjoints of sequences of unequal length, against the plain scan in float64."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rhythmic.cells import ElmanCell, LSTMCell, ResonantCell
from rhythmic.fast.ways import mean_with_adjoint
from rhythmic.simulate import mask_from_lengths, time_mean

KEY = jax.random.key(1)
LADDER = np.array([3.0, 8.0, 21.0])
CELLS = {
    "rrn": lambda: ResonantCell(LADDER, key=KEY, pole_radius=0.95, sample_rate=100.0),
    "learned": lambda: ResonantCell(
        LADDER, key=KEY, rhythms="learned", pole_radius=0.95, sample_rate=100.0,
        input_size=2, input_weights="learned",
    ),
    "rnn": lambda: ElmanCell(2, 3, key=KEY),
    "lstm": lambda: LSTMCell(2, 3, key=KEY),
}  # fmt: skip
BATCH = 5
CASES = {
    "all": (33, [33, 33, 33, 33, 33]),
    "mixed": (33, [33, 1, 14, 15, 28]),
    "short": (33, [3, 1, 9, 2, 5]),
    "less than a block": (9, [3, 1, 9, 2, 5]),
}


@functools.cache
def values_and_gradients(name):
    """Return both ways, compiled once for all lengths."""
    feature = "squared_amplitude" if name in ("rrn", "learned") else "output"
    weights = np.random.default_rng(1).normal(size=(3, BATCH))

    def by_hand(pair, lengths):
        return jnp.sum(mean_with_adjoint(pair[0], feature)(*pair, lengths) * weights)

    def scanned(pair, lengths):
        cell = pair[0].resolved()
        mask = mask_from_lengths(lengths, len(pair[1]))
        found = time_mean(cell, pair[1], observe=getattr(cell, feature), mask=mask).mean
        return jnp.sum(found * weights)

    return [eqx.filter_jit(eqx.filter_value_and_grad(f)) for f in (by_hand, scanned)]


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", CELLS)
def test_values_and_gradients_are_those_of_the_scan(name, case):
    cell, (time, lengths) = CELLS[name](), CASES[case]
    lengths = jnp.array(lengths)
    shape = (time, cell.input_size, BATCH)
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=shape))
    by_hand, scanned = values_and_gradients(name)
    found, expected = (f((cell, inputs), lengths) for f in (by_hand, scanned))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)
    # What stands behind the ends changes no bit, and has no gradient.
    inside = mask_from_lengths(lengths, time)[:, None]
    spoilt = jnp.where(inside, inputs, jnp.nan)
    again = by_hand((cell, spoilt), lengths)
    jax.tree.map(np.testing.assert_array_equal, again, found)
    assert not np.any(np.where(inside, 0, np.asarray(found[1][1])))


def steps_of(cell, lengths, monkeypatch):
    """Count the steps that a program takes, one call for each."""
    taken = []
    step = type(cell).step

    def counting(self, state, inputs):
        jax.debug.callback(lambda: taken.append(1))
        return step(self, state, inputs)

    monkeypatch.setattr(type(cell), "step", counting)
    inputs = jnp.ones((140, cell.input_size, len(lengths)))
    return taken, inputs


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_steps_behind_the_longest_sequence_are_not_taken(name, monkeypatch):
    cell, lengths = CELLS[name](), jnp.array([30, 20])
    taken, inputs = steps_of(cell, lengths, monkeypatch)
    mean_with_adjoint(cell, "output")(cell, inputs, lengths).block_until_ready()
    jax.effects_barrier()
    assert 30 <= len(taken) <= 42
    taken.clear()
    mask = mask_from_lengths(lengths, 140)
    time_mean(cell, inputs, mask=mask).mean.block_until_ready()
    jax.effects_barrier()
    assert 30 <= len(taken) <= 42
