"""Sequences as events, against the sequences rebuilt from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rhythmic.fast.events import find_events, padded_events


def rebuilt(events, num_steps):
    """Walk from event to event; what comes before the first is told by the sum of the gaps."""
    found = np.zeros((len(events.counts), num_steps), events.values.dtype)
    for example, count in enumerate(events.counts):
        gaps = events.gaps[example].astype(int)
        assert np.all(gaps[:count] >= 1)
        assert not np.any(gaps[count:])
        assert not np.any(events.values[example, count:])
        step = num_steps - gaps.sum()
        for value, gap in zip(events.values[example, :count], gaps, strict=False):
            found[example, step] = value
            step += gap
    return found


@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 5), st.integers(1, 30)),
        elements=st.sampled_from([0, 0, 0, 1, 255]),
    )
)
def test_events_and_gaps_rebuild_the_sequences(sequences):
    events = find_events(sequences)
    np.testing.assert_array_equal(rebuilt(events, sequences.shape[1]), sequences)
    np.testing.assert_array_equal(events.counts, np.count_nonzero(sequences, axis=1))
    assert events.values.shape == (len(sequences), max(1, events.counts.max()))


def test_long_gaps_fit():
    sequence = np.zeros((1, 70_000), np.uint8)
    sequence[0, 1] = 1
    assert find_events(sequence).gaps[0, 0] == 69_999


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"sequences has shape \(3,\)"):
        find_events(np.zeros(3))


def test_padding_adds_empty_places_and_nothing_else():
    sequences = np.array([[0, 3, 0, 5], [0, 0, 0, 0]], np.uint8)
    events = padded_events(find_events(sequences), 6)
    assert events.values.shape == events.gaps.shape == (2, 6)
    assert events.values.dtype == np.uint8
    np.testing.assert_array_equal(rebuilt(events, 4), sequences)
    with pytest.raises(ValueError, match="num_events is 1; it must be at least 2"):
        padded_events(find_events(sequences), 1)
