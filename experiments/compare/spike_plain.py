"""Spike trains without a network: a count, powers at given rhythms, and the best there is."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from experiments.compare.spike_chunks import NUM_CLASSES, four_digits
from experiments.members.identity import trains_identity
from rhythmic.baselines import logistic_regression_accuracy
from rhythmic.baselines.features import threshold_accuracy
from rhythmic.data import SpikeTrains
from rhythmic.data.spikes import SpikePool, log_odds, spike_count, spike_pool, spike_power
from rhythmic.progress import show
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import RowStore

# Raised when a change of the readings changes their results: older rows then no longer count.
READING_VERSION = 1
COUNT, IDEAL = "spike count", "ideal observer"
INVERSE_REGULARISATIONS = (0.01, 0.1, 1.0, 10.0)


class ReadingChunk(NamedTuple):
    """One plain reading of the trains of some seeds; frequencies in Hz, for powers alone."""

    reading: str
    frequencies: tuple[float, ...]
    trains: SpikeTrains
    seeds: tuple[int, ...]

    def name(self) -> str:
        """Identify the chunk by all that its results depend on."""
        strengths = INVERSE_REGULARISATIONS if self.frequencies else ()
        trains = trains_identity(self.trains)
        known = (self.reading, self.frequencies, trains, self.seeds)
        return fingerprint(("reading", READING_VERSION, strengths, known))

    def num_parameters(self) -> int:
        """Count what is fitted: weights and biases, or one threshold, or nothing."""
        if self.frequencies:
            return NUM_CLASSES * (len(self.frequencies) + 1)
        return 1 if self.reading == COUNT else 0


def read_chunks(
    store: RowStore,
    trains: SpikeTrains,
    ladders: dict[str, tuple[float, ...]],
    chunks: Sequence[tuple[int, ...]],
) -> dict[str, list[Row]]:
    """Read all trains in every plain way; return the rows of the chunks by reading.

    Args:
        store: where finished chunks are kept.
        trains: the constants of the trains.
        ladders: frequencies in Hz whose powers are read, by the name of the reading.
        chunks: seeds.
    """
    readings: dict[str, tuple[float, ...]] = {COUNT: (), **ladders, IDEAL: ()}
    wanted = [
        ReadingChunk(reading, frequencies, trains, seeds)
        for seeds in chunks
        for reading, frequencies in readings.items()
    ]
    pool = None
    for chunk, _ in store.unfinished(wanted, "baseline"):
        if pool is None or pool.splits.keys() != set(chunk.seeds):
            pool = spike_pool(trains, chunk.seeds)
            show(f"plain readings: seeds from {chunk.seeds[0]}", final=False)
        store.add([row_of(chunk, pool) | store.made])
    rows = [store.rows[chunk.name()] for chunk in wanted]
    return {reading: rows[place :: len(readings)] for place, reading in enumerate(readings)}


def row_of(chunk: ReadingChunk, pool: SpikePool) -> Row:
    """Read the trains of a chunk, seed by seed."""
    return {
        "member": chunk.name(),
        "reading": chunk.reading,
        "dataset": "spike trains",
        "num_parameters": chunk.num_parameters(),
        "seeds": list(chunk.seeds),
        "test_accuracy": four_digits(map(reader(chunk, pool), chunk.seeds)),
    }


def reader(chunk: ReadingChunk, pool: SpikePool) -> Callable[[int], float]:
    """Return what tells the classes of a seed's test trains apart: its accuracy.

    A count by a threshold, powers by logistic regression; the ideal observer knows how the trains
    are drawn and goes by their odds.
    """
    if chunk.reading == COUNT:
        counts = spike_count(pool.trains)
        return lambda seed: threshold_accuracy(counts, pool.labels, pool.splits[seed])

    def by_odds(seed: int) -> float:
        test = pool.splits[seed].test
        return float(np.mean((log_odds(pool.trains[test], chunk.trains) > 0) == pool.labels[test]))

    if chunk.reading == IDEAL:
        return by_odds
    power = spike_power(pool.trains, np.asarray(chunk.frequencies), chunk.trains.sample_rate)
    fit = partial(
        logistic_regression_accuracy,
        power,
        pool.labels,
        inverse_regularisations=INVERSE_REGULARISATIONS,
        num_classes=NUM_CLASSES,
    )
    return lambda seed: fit(pool.splits[seed]).test_accuracy
