"""Next word and next value against counting, closed forms and least squares."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.tasks import NextValue, NextWord

KEY = jax.random.key(3)
PHRASE = ["we", "will", "we", "will", "rock", "you"]


def words_of(task, batch):
    """Inputs back to words, one list a sequence; checks that they are one-hot."""
    inputs = np.asarray(batch.inputs)
    assert set(np.unique(inputs)) <= {0.0, 1.0}
    np.testing.assert_array_equal(inputs.sum(axis=1), 1.0)
    return [[task.vocabulary[i] for i in column] for column in inputs.argmax(axis=1).T]


def test_sequences_are_the_phrase_from_some_word_on():
    task = NextWord(num_steps=15, num_unscored=4)
    batch = task.sample(200, key=KEY)
    assert batch.inputs.shape == (15, 4, 200)
    assert batch.targets.shape == (15, 200)
    endless = PHRASE * 4
    starts = Counter()
    for example, words in enumerate(words_of(task, batch)):
        start = next(s for s in range(6) if endless[s : s + 15] == words)
        said = [task.vocabulary[i] for i in batch.targets[:, example]]
        assert said == endless[start + 1 : start + 16]
        starts[start] += 1
    assert set(starts) == set(range(6))
    assert min(starts.values()) > 15
    np.testing.assert_array_equal(batch.weights[:, 0], [0.0] * 4 + [1.0] * 11)


def test_after_will_comes_we_or_rock():
    task = NextWord()
    assert task.vocabulary == ("we", "will", "rock", "you")
    batch = task.sequences_from(jnp.array([0]))
    (words,) = words_of(task, batch)
    following = [task.vocabulary[i] for i in batch.targets[:, 0]]
    after_will = [after for word, after in zip(words, following, strict=True) if word == "will"]
    assert after_will == ["we", "rock"] * 4


@settings(max_examples=30, deadline=None, derandomize=True)
@given(words=st.lists(st.sampled_from("abc"), min_size=2, max_size=7), num_words=st.integers(1, 4))
def test_best_accuracy_is_that_of_the_best_table(words, num_words):
    if len(set(words)) < 2:
        words = [*words, "d"]
    task = NextWord(" ".join(words))
    # Every context in a long reading, and the word that follows it most often.
    reading = words * 60
    table = {}
    for place in range(num_words, len(words) * 50 + num_words):
        table.setdefault(tuple(reading[place - num_words : place]), Counter())[reading[place]] += 1
    right = sum(counts.most_common(1)[0][1] for counts in table.values())
    expected = right / (len(words) * 50)
    assert task.best_accuracy(num_words) == pytest.approx(expected, rel=1e-12)


def test_the_lectures_phrase_needs_three_words():
    found = [NextWord().best_accuracy(n) for n in (1, 2, 3)]
    assert found == pytest.approx([5 / 6, 5 / 6, 1.0])


@pytest.mark.usefixtures("x64")
def test_values_are_sums_of_sines_with_their_phases():
    task = NextValue((3.0, 11.0), sample_rate=50.0, num_steps=40, num_unscored=7)
    batch = task.sample(5, key=KEY)
    assert batch.inputs.shape == batch.targets.shape == (40, 1, 5)
    np.testing.assert_array_equal(batch.inputs[1:], batch.targets[:-1])
    assert np.asarray(batch.weights).sum(axis=0).tolist() == [33.0] * 5
    series = np.concatenate([batch.inputs[:, 0], batch.targets[-1:, 0]])
    times = np.arange(41) / 50.0
    basis = np.stack(
        [f(2 * np.pi * hertz * times) for hertz in (3.0, 11.0) for f in (np.sin, np.cos)], axis=1
    )
    coefficients, *_ = np.linalg.lstsq(basis, series, rcond=None)
    np.testing.assert_allclose(basis @ coefficients, series, atol=1e-12)
    amplitudes = np.hypot(coefficients[0::2], coefficients[1::2])
    np.testing.assert_allclose(amplitudes, 1.0, rtol=1e-12)
    phases = np.arctan2(coefficients[1::2], coefficients[0::2]).ravel()
    assert np.ptp(phases) > 1.0
    assert len(set(phases.round(6))) == 10


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("frequencies", [(10.0,), (10.0, 16.0), (3.0, 20.0, 45.0)])
def test_error_from_the_present_value_is_that_of_the_best_curve(frequencies):
    task = NextValue(frequencies, sample_rate=100.0, num_steps=30, num_unscored=0)
    batch = task.sample(20000, key=KEY)
    present, following = np.ravel(batch.inputs), np.ravel(batch.targets)
    # A polynomial of degree 7 stands for any curve: it does no better than the straight line.
    curve = np.polynomial.Chebyshev.fit(present, following, 7)
    error = np.mean((following - curve(present)) ** 2) / np.var(following)
    assert error == pytest.approx(task.present_value_error(), rel=0.01)


@pytest.mark.parametrize("task", [NextWord(), NextValue()])
def test_keys_alone_decide(task):
    first, again, other = (task.sample(9, key=key) for key in (KEY, KEY, jax.random.key(4)))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert not np.array_equal(first.inputs, other.inputs)
    assert first.inputs.shape[1] == task.input_size


BAD = {
    "phrase is 'we we'; it needs at least two": lambda: NextWord("we we"),
    "num_steps is 1; it must be at least 2": lambda: NextWord(num_steps=1),
    "num_unscored is 24; it must lie in 0 to 23": lambda: NextWord(num_unscored=24),
    "num_unscored is -1": lambda: NextValue(num_unscored=-1),
    "sample_rate is 0": lambda: NextValue(sample_rate=0.0),
    "frequencies holds 50.0; each must lie between 0 and 50 Hz": lambda: NextValue((10.0, 50.0)),
    r"frequencies is \(\); give one or more": lambda: NextValue(()),
    r"frequencies is \(2.0, 2.0\)": lambda: NextValue((2.0, 2.0)),
}


@pytest.mark.parametrize("message", BAD)
def test_errors_name_the_field(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()
