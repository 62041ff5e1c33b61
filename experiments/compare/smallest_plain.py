"""The plain baseline of the smallest networks: power of the pixels in windows, no network."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.compare.smallest_rivals import below
from experiments.members import Pool
from rhythmic.baselines import fourier_power, logistic_regression_accuracy
from rhythmic.progress import Progress, clock, show
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import RowStore
from rhythmic.theory import image_ladder

# Raised when a change of the baseline changes its results: older rows then no longer count.
PLAIN_VERSION = 1
NUM_WINDOWS = 2  # of Fourier power: the upper and the lower half of an image
STRENGTHS = (1.0, 100.0)  # as many as there are learning rates
TOLERANCE = 1e-4
PLAIN = "plain power in windows"  # the baseline, without a network


class PlainReading(NamedTuple):
    """The plain baseline below a number of parameters, on the split of one seed.

    ``data`` identifies the digits; ``num_train`` is the number of training digits, None for all.
    """

    limit: int
    seed: int
    data: str
    num_train: int | None

    def name(self) -> str:
        """Identify the reading by all that its result depends on."""
        known = (self.limit, self.seed, self.data, self.num_train)
        return fingerprint(("plain", PLAIN_VERSION, NUM_WINDOWS, STRENGTHS, TOLERANCE, known))

    def frequencies(self) -> np.ndarray:
        """Return the frequencies whose power is read, Hz; as many as the limit allows.

        They are waves of the image that half an image tells apart: two cycles down from each other.
        """
        return image_ladder((self.limit - 11) // 10 // NUM_WINDOWS, spacing=NUM_WINDOWS)


def plain_baselines(
    store: RowStore,
    pool: Pool,
    limits: Sequence[int],
    seeds: Sequence[int],
    num_train: int | None,
) -> dict[str, list[Row]]:
    """Fit logistic regressions to the power of the pixels, where that is not finished yet.

    Args:
        store: what is finished, and where it is written.
        pool: the digits.
        limits: numbers of parameters to stay below.
        seeds: of the splits; one fit per seed.
        num_train: training digits that are used, the first ones; None for all.

    Returns:
        Rows in the order of the seeds, by label.
    """
    readings = {
        below(PLAIN, limit): [PlainReading(limit, seed, pool.sha256, num_train) for seed in seeds]
        for limit in limits
    }
    wanted = [one for own in readings.values() for one in own]
    progress = Progress({})
    powers: dict[int, np.ndarray] = {}
    for reading, left in store.unfinished(wanted, "baseline"):
        started = time.perf_counter()
        progress.remaining["reading"] = left
        if reading.limit not in powers:
            powers = {reading.limit: power_of(reading, pool)}
        store.add([row_of(reading, pool, powers[reading.limit]) | store.made])
        seconds = time.perf_counter() - started
        progress.finished("reading", seconds)
        show(
            f"{below(PLAIN, reading.limit)}: {len(wanted) - left + 1} of {len(wanted)} in "
            f"{clock(seconds)}, {progress.time_left()} left",
            final=left == 1,
        )
    return {label: [store.rows[one.name()] for one in own] for label, own in readings.items()}


def power_of(reading: PlainReading, pool: Pool) -> np.ndarray:
    """Return the power of the pixels of every image, ``(example, feature)``."""
    images = np.asarray(pool.data.inputs, np.float32) / 255
    frequencies = reading.frequencies()
    power = fourier_power(images, frequencies, sample_rate=1000.0, num_windows=NUM_WINDOWS)
    return np.asarray(power)


def row_of(reading: PlainReading, pool: Pool, power: np.ndarray) -> Row:
    """Fit the baseline on the split of one seed."""
    split = pool.split(reading.seed)
    fit = logistic_regression_accuracy(
        power,
        pool.data.targets,
        split._replace(train=split.train[: reading.num_train]),
        inverse_regularisations=STRENGTHS,
        tolerance=TOLERANCE,
    )
    return {
        "member": reading.name(),
        "label": below(PLAIN, reading.limit),
        "dataset": pool.name,
        "seed": reading.seed,
        "num_parameters": fit.num_parameters,
        "validation_accuracy": fit.validation_accuracy,
        "test_accuracy": fit.test_accuracy,
    }
