"""Adding and copying against readers of their inputs, and what no reader can know."""

from functools import partial

import jax
import numpy as np
import pytest

from rhythmic.tasks import Adding, Copying
from tests.marks import QUICK_COMPILATION

KEY = jax.random.key(6)


@partial(jax.jit, static_argnums=1, compiler_options=QUICK_COMPILATION)
def sample(task, num_examples):
    return task.sample(num_examples, key=KEY)


def draw(task, num_examples):
    return jax.tree.map(np.asarray, sample(task, num_examples))


@pytest.mark.parametrize("lag", [2, 7, 19])
def test_the_target_is_the_sum_of_the_two_marked_numbers(lag):
    batch = draw(Adding(lag, num_steps=20), 3000)
    numbers, markers = batch.inputs[:, 0], batch.inputs[:, 1]
    assert set(np.unique(markers)) == {0.0, 1.0}
    places = np.array([np.flatnonzero(column) for column in markers.T])
    assert places.shape == (3000, 2)
    total = [numbers[pair, example].sum() for example, pair in enumerate(places)]
    np.testing.assert_allclose(batch.targets[-1, 0], total, rtol=1e-6)
    np.testing.assert_array_equal(batch.targets, np.broadcast_to(batch.targets[-1:], (20, 1, 3000)))
    np.testing.assert_array_equal(batch.weights[:, 5], [0.0] * 19 + [1.0])
    # Both among the lag steps before the last, uniform in their halves, independent.
    before = places - (19 - lag)
    half = lag // 2
    for column, steps in ((before[:, 0], range(half)), (before[:, 1], range(half, lag))):
        assert set(column) == set(steps)
        expected = 3000 / len(steps)
        counts = np.bincount(column, minlength=lag)[list(steps)]
        assert np.abs(counts - expected).max() <= 5 * np.sqrt(expected)
    if lag > 3:
        assert abs(np.corrcoef(before.T)[0, 1]) < 5 / np.sqrt(3000)


def test_numbers_are_uniform_and_errors_those_of_least_squares():
    task = Adding(12, num_steps=16)
    batch = draw(task, 20000)
    numbers, markers = batch.inputs[:, 0].astype(float), batch.inputs[:, 1]
    assert numbers.min() >= 0
    assert numbers.max() <= 1
    np.testing.assert_allclose([numbers.mean(), numbers.var()], [1 / 2, 1 / 12], rtol=0.01)
    target = batch.targets[-1, 0].astype(float)
    assert target.var() == pytest.approx(1 / 6, rel=0.05)
    in_order = np.sort(np.argsort(-markers, axis=0, kind="stable")[:2], axis=0)
    marked = np.take_along_axis(numbers, in_order, axis=0)
    for known in (0, 1, 2):
        basis = np.column_stack([np.ones(20000), *marked[:known]])
        solution = np.linalg.lstsq(basis, target, rcond=None)[0]
        error = np.mean((basis @ solution - target) ** 2) / target.var()
        assert error == pytest.approx(task.best_error(known), rel=0.03, abs=1e-6)


@pytest.mark.parametrize(("lag", "length"), [(1, 3), (4, 3), (9, 1), (10, 5)])
def test_the_answer_is_the_sequence_in_its_order(lag, length):
    task = Copying(lag, num_steps=20, length=length, num_symbols=4)
    batch = draw(task, 500)
    start = 20 - lag - 2 * length
    for example in range(0, 500, 7):
        inputs = batch.inputs[:, :, example]
        shown = np.flatnonzero(inputs[:, :4].any(axis=1))
        np.testing.assert_array_equal(shown, np.arange(start, start + length))
        np.testing.assert_array_equal(inputs[shown, :4].sum(axis=1), 1.0)
        # The cue is the last thing to be heard, one step before the answer.
        assert np.flatnonzero(inputs[:, 4]).tolist() == [20 - length - 1]
        assert inputs.sum() == length + 1
        symbols = inputs[shown, :4].argmax(axis=1)
        np.testing.assert_array_equal(batch.targets[-length:, example], symbols)
        # Every symbol is as far from its answer.
        assert (np.arange(20 - length, 20) - shown == length + lag).all()
    np.testing.assert_array_equal(batch.weights[:, 3], [0.0] * (20 - length) + [1.0] * length)


def test_symbols_are_independent_and_the_same_at_every_lag():
    batch = draw(Copying(3, num_steps=15, length=3, num_symbols=3), 9000)
    answers = batch.targets[-3:]
    triples = np.bincount(answers[0] * 9 + answers[1] * 3 + answers[2], minlength=27)
    assert np.abs(triples - 9000 / 27).max() < 5 * np.sqrt(9000 / 27)
    other = draw(Copying(9, num_steps=15, length=3, num_symbols=3), 9000)
    np.testing.assert_array_equal(other.targets, batch.targets)


def test_best_accuracy_is_that_of_a_reader_with_a_short_memory():
    task = Copying(2, num_steps=12, length=4, num_symbols=5)
    answers = draw(task, 20000).targets[-4:]
    for remembered in range(5):
        said = np.where(np.arange(4)[:, None] < remembered, answers, 0)
        assert (said == answers).mean() == pytest.approx(task.best_accuracy(remembered), abs=0.01)
    assert task.best_accuracy() == pytest.approx(1 / 5)
    assert task.best_accuracy(4) == 1.0


BAD = {
    "lag is 1; it must lie between 2 and 60, num_steps less one": lambda: Adding(1),
    "lag is 61; it must lie between 2 and 60": lambda: Adding(61),
    r"lag is \[ 4 70\]; it must lie between 2": lambda: Adding(np.array([4, 70])),
    "lag is 2.5; it must be an array of integers": lambda: Adding(2.5),
    "num_steps is 2; it must be at least 3": lambda: Adding(2, num_steps=2),
    "num_remembered is 3; it must be 0, 1 or 2": lambda: Adding(5).best_error(3),
    "lag is 0; it must lie between 1 and 40, num_steps less twice": lambda: Copying(0),
    "lag is 41; it must lie between 1 and 40": lambda: Copying(41),
    "num_symbols is 1; it must be at least 2": lambda: Copying(5, num_symbols=1),
    "length is 0; it must be at least 1": lambda: Copying(5, length=0),
    "num_steps is 20; it must exceed 20, twice the length": lambda: Copying(1, num_steps=20),
    "num_remembered is 11; it must lie between 0 and 10": lambda: Copying(5).best_accuracy(11),
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message) as caught:
        BAD[message]()
    assert "\n" not in str(caught.value)
