"""Delayed recall against a reader of its inputs, and what no reader can know."""

import jax
import numpy as np
import pytest

from rhythmic.tasks import DelayedRecall
from tests.marks import rest_slow

KEY = jax.random.key(5)


def draw(task, num_examples):
    return jax.jit(lambda task: task.sample(num_examples, key=KEY))(task)


def read(batch, num_symbols):
    """Answer from the inputs alone: the symbol that stands with the flag, and when that was."""
    inputs = np.asarray(batch.inputs)
    stored = inputs[:, num_symbols].argmax(axis=0)
    answers = [inputs[step, :num_symbols, i].argmax() for i, step in enumerate(stored)]
    return np.array(answers), inputs.shape[0] - 1 - stored


@pytest.mark.parametrize("share", rest_slow([0.0, 0.4, 1.0], 0.4))
def test_the_flagged_symbol_is_the_answer(share):
    task = DelayedRecall(3, 12, num_steps=20, num_symbols=3, distractor_share=share)
    batch = draw(task, 3000)
    inputs = np.asarray(batch.inputs)
    assert inputs.shape == (20, 5, 3000) == (20, task.input_size, 3000)
    answers, lags = read(batch, 3)
    np.testing.assert_array_equal(batch.targets[-1], answers)
    counts = np.bincount(lags, minlength=13)
    assert counts[:3].sum() == 0
    assert counts.sum() == 3000
    assert counts[3:13].min() > 230
    assert np.bincount(answers).min() > 900
    # One flag, one cue at the end without a symbol, and nothing else scored.
    np.testing.assert_array_equal(inputs[:, 3].sum(axis=0), 1.0)
    np.testing.assert_array_equal(inputs[:, 4].sum(axis=1), [0.0] * 19 + [3000.0])
    assert not inputs[-1, :4].any()
    np.testing.assert_array_equal(np.asarray(batch.weights)[:, 7], [0.0] * 19 + [1.0])
    symbols = inputs[:-1, :3].sum(axis=1)
    assert set(np.unique(symbols)) <= {0.0, 1.0}
    assert symbols[inputs[:-1, 3] == 1].all()
    assert symbols[inputs[:-1, 3] == 0].mean() == pytest.approx(share, abs=0.01)


@pytest.mark.slow
def test_distractors_do_not_give_the_answer_away():
    batch = draw(DelayedRecall(10, 10, num_steps=15), 4000)
    shown = np.asarray(batch.inputs)[:-1, 1]
    agreement = (shown == np.asarray(batch.targets)[-1]).mean(axis=1)
    assert agreement[4] == 1.0
    assert np.abs(np.delete(agreement, 4) - 0.5).max() < 0.04


def test_lags_are_leaves_that_members_may_differ_in():
    lags = np.array([[1, 1], [5, 9]])
    together = DelayedRecall(lags[:, 0], lags[:, 1], num_steps=12)
    sample = jax.jit(lambda task: task.sample(200, key=KEY))
    batches = jax.jit(jax.vmap(sample))(together)
    for member, (shortest, longest) in enumerate(lags):
        alone = sample(DelayedRecall(shortest, longest, num_steps=12))
        mine = jax.tree.map(lambda x, member=member: x[member], batches)
        jax.tree.map(np.testing.assert_array_equal, mine, alone)
        assert set(read(mine, 2)[1].tolist()) == set(range(shortest, longest + 1))


BAD = {
    "shortest_lag is 0; it must lie between 1 and 60": {"shortest_lag": 0},
    "longest_lag is 61; it must lie between 1 and 60": {"longest_lag": 61},
    "shortest_lag is 9; it must not exceed longest_lag 5": {"shortest_lag": 9},
    "num_symbols is 1; it must be at least 2": {"num_symbols": 1},
    "distractor_share is 1.5; it must lie between 0 and 1": {"distractor_share": 1.5},
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message):
        DelayedRecall(**({"shortest_lag": 1, "longest_lag": 5} | BAD[message]))
