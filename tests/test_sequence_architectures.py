"""Any registered cell read out at every step, and networks of a size."""

import jax
import numpy as np
import pytest

from rhythmic.cells.registry import CELLS
from rhythmic.sequence_architectures import (
    CellSequenceArchitecture,
    nearest_in_size,
    num_sequence_parameters,
)
from rhythmic.sequence_models import GatedSequenceArchitecture
from rhythmic.simulate import trajectory
from tests.marks import rest_slow


@jax.jit
def run(model, inputs):
    """Return outputs, and what a readout of the cell's own trajectory would see."""
    return model(inputs), trajectory(model.cell, inputs, observe=model.cell.output).observed


@pytest.mark.parametrize("cell", rest_slow(CELLS, "rrn", "rnn"))
def test_every_cell_answers_at_every_step(cell):
    architecture = CellSequenceArchitecture("any", cell, 11)
    model = architecture.build(3, 2, key=jax.random.key(0))
    inputs = jax.random.normal(jax.random.key(1), (7, 3, 4))
    outputs, seen = run(model, inputs)
    assert outputs.shape == (7, 2, 4)
    assert model.encoder is None
    expected = np.einsum("oh,thb->tob", model.readout.weight, seen)
    expected += np.asarray(model.readout.bias)[:, None]
    np.testing.assert_allclose(outputs, expected, rtol=2e-5, atol=2e-5)
    # What comes later changes nothing; another key does.
    np.testing.assert_array_equal(run(model, inputs.at[5:].set(0.0))[0][:5], outputs[:5])
    other = architecture.build(3, 2, key=jax.random.key(5))
    assert np.any(run(other, inputs)[0] != outputs)


def test_parameters_are_counted_by_hand():
    n = 5
    counts = {
        "rnn": n * n + n * 3 + 2 * n,
        "lstm": 4 * (n * n + n * 3 + 2 * n),
        "gru": 3 * (n * n + n * 3 + 2 * n),
        "rrn": n * (n - 1) + n * 3,
    }
    for cell, of_cell in counts.items():
        architecture = CellSequenceArchitecture(cell, cell, n)
        assert num_sequence_parameters(architecture, 3, 2) == of_cell + 2 * n + 2
    shown = CellSequenceArchitecture("rrn", "rrn", n, shown="position_and_amplitude")
    assert num_sequence_parameters(shown, 1, 2) == n * (n - 1) + 2 * 2 * n + 2


@pytest.mark.slow
def test_the_nearest_size_is_found():
    def make(hidden_size):
        return GatedSequenceArchitecture(hidden_size=hidden_size)

    counts = {n: num_sequence_parameters(make(n), 1, 2) for n in range(1, 9)}
    for wanted in range(20, 300, 7):
        found = nearest_in_size(make, wanted, 1, 2).hidden_size
        assert abs(counts[found] - wanted) == min(abs(count - wanted) for count in counts.values())
    assert nearest_in_size(make, 1, 1, 2).hidden_size == 1
    with pytest.raises(ValueError, match="num_parameters is 0"):
        nearest_in_size(make, 0, 1, 2)


def test_what_a_cell_refuses_is_refused_where_it_is_named():
    with pytest.raises(ValueError, match="cell is 'xyz'"):
        CellSequenceArchitecture("any", "xyz", 3)
    with pytest.raises(ValueError, match="hidden_size"):
        CellSequenceArchitecture("any", "gru", 0)
    with pytest.raises(ValueError, match="no amplitude"):
        CellSequenceArchitecture("any", "gru", 3, shown="position_and_amplitude")


@pytest.mark.slow
def test_ringing_has_one_scale_for_all_rhythms():
    options = (("frequencies", (0.5, 2.0, 11.0, 24.0)), ("sample_rate", 100.0))
    inputs = np.zeros((200, 1, 1), np.float32)
    inputs[0] = 1.0

    def shown_after_an_impulse(shown):
        architecture = CellSequenceArchitecture("rrn", "rrn", 4, options, shown)
        model = architecture.build(1, 2, key=jax.random.key(0))
        return np.asarray(trajectory(model.cell, inputs, observe=model.show).observed)[..., 0]

    ringing = shown_after_an_impulse("ringing")
    theta = 2 * np.pi * np.array([0.5, 2.0, 11.0, 24.0]) / 100.0
    steps = np.arange(200)[:, None]
    expected = 0.99999**steps * np.sin((steps + 1) * theta)
    np.testing.assert_allclose(ringing[:, :4], expected, atol=2e-3)
    plain = shown_after_an_impulse("position_and_amplitude")
    np.testing.assert_allclose(ringing, plain * np.tile(np.sin(theta), 2), rtol=2e-3, atol=1e-5)
