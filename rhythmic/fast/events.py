"""Sequences that are mostly zero, written down as their nonzero samples and the gaps between."""

from typing import NamedTuple

import numpy as np

from rhythmic.arguments import checked
from rhythmic.typing import AnyArray, Int


class Events(NamedTuple):
    """The nonzero samples of sequences, in order, padded to the longest sequence.

    ``values`` are the samples, ``(example, event)``. ``gaps`` counts the steps from each of them
    to the next one of its sequence, from the last one to the end of the sequence; at least 1, and
    0 where padding stands. ``counts`` is the number of events of each sequence.
    """

    values: AnyArray  # (example, event), in the dtype of the sequences
    gaps: Int[AnyArray, "example event"]
    counts: Int[AnyArray, " example"]


@checked
def find_events(sequences: np.ndarray) -> Events:
    """Return the nonzero samples of ``sequences``, ``(example, time)``, and the gaps after them.

    Raises:
        ValueError: for an array that has not two axes.
    """
    if sequences.ndim != 2:
        raise ValueError(f"sequences has shape {sequences.shape}; expected (example, time)")
    num_examples, num_steps = sequences.shape
    example, step = np.nonzero(sequences)
    counts = np.bincount(example, minlength=num_examples)
    first = np.cumsum(counts) - counts
    rank = np.arange(len(step)) - first[example]
    following = np.append(step[1:], num_steps)
    following[rank == counts[example] - 1] = num_steps
    shape = (num_examples, max(1, counts.max(initial=0)))
    gaps = np.zeros(shape, np.uint16 if num_steps < 2**16 else np.int32)
    values = np.zeros(shape, sequences.dtype)
    gaps[example, rank] = following - step
    values[example, rank] = sequences[example, step]
    return Events(values, gaps, counts.astype(np.int32))


@checked
def padded_events(events: Events, num_events: int) -> Events:
    """Return the events with room for ``num_events`` of each sequence, the new places empty.

    Pools whose longest sequences differ then have one shape, and one compiled program.

    Raises:
        ValueError: if a sequence has more events.
    """
    num_missing = num_events - events.values.shape[1]
    if num_missing < 0:
        longest = events.values.shape[1]
        raise ValueError(f"num_events is {num_events}; it must be at least {longest}, as there are")
    values, gaps = (np.pad(x, ((0, 0), (0, num_missing))) for x in (events.values, events.gaps))
    return Events(values, gaps, events.counts)
