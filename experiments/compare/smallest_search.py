"""The smallest networks: what is trained, how one is chosen on validation, what it is held against.

The search reads no test digit: every candidate is trained on the tuning seeds, and of each family
the one of the best mean validation accuracy is trained anew and tested, once a seed.
"""

import itertools
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from experiments.compare.networks import golden
from experiments.compare.smallest_networks import (
    FINALIST,
    IMAGE,
    SmallestOptions,
    below,
    best_rival,
    candidates,
    resonant,
    rival,
    rival_label,
)
from experiments.members import Condition, MemberStore, Pool, train_members
from experiments.members.store import tuning
from experiments.stages import Stages
from rhythmic.baselines import fourier_power, logistic_regression_accuracy
from rhythmic.compare.claims import Rows
from rhythmic.networks import POWER, BuildsNetwork, NetworkSpec
from rhythmic.records import Row, fingerprint
from rhythmic.runs.rows import RowStore
from rhythmic.theory import image_ladder
from rhythmic.training.search import Setting

GOLDEN, SEARCH = "golden RRN", "candidates, never tested"
# Controls of the chosen image ladder: nodes with real poles; what a linear map reads out.
TWIN = "its twin without ringing"
ENERGIES, PHASORS = "energies, read out linearly", "phasors, read out linearly"
# Raised when a change of the baseline changes its results: older rows then no longer count.
PLAIN_VERSION = 1
NUM_WINDOWS = 2  # of Fourier power: the upper and the lower half of an image
STRENGTHS = (1.0, 100.0)  # as many as there are learning rates
TOLERANCE = 1e-4
PLAIN = "plain power in windows"  # the baseline, without a network


def conditions(options: SmallestOptions) -> list[Condition]:
    """Return what needs no search: the golden network and the rivals of every size."""
    make = partial(options.condition, options.pool(), settings=options.rival_settings())
    training = options.training(epochs=options.rival_epochs)
    seeds = options.seeds[: options.num_rival_seeds]
    made = [make(GOLDEN, golden())]
    for limit, name in itertools.product(options.limits, options.rivals):
        label = rival_label(name, limit, options.rival_epochs)
        made.append(make(label, rival(name, limit), training=training, seeds=seeds))
    return made


def finalists(options: SmallestOptions, pool: Pool, rows: Rows) -> list[Condition]:
    """Return the best cell below each limit, to be trained for as long as the chosen ladder.

    It is the best on validation of those that were trained as a whole, at the rate chosen then.
    """
    make, made = partial(options.condition, pool), []
    for limit in options.limits if options.rivals else ():
        name, row = best_rival(options.rivals, limit, options.rival_epochs, rows)
        rate = (Setting(row["learning_rate"], 0.0, 0.0),)
        seeds = options.seeds[: options.num_finalist_seeds]
        made.append(make(below(FINALIST, limit), rival(name, limit), seeds=seeds, settings=rate))
    return made


def searched(options: SmallestOptions, pool: Pool) -> dict[tuple[str, int], list[Condition]]:
    """Return every candidate by family and limit: tuned, never tested."""
    training = options.training(epochs=options.search_epochs)
    make = partial(options.condition, pool, training=training, seeds=())
    return {
        (family, limit): [
            make(candidate.name, candidate) for candidate in candidates(options, family, limit)
        ]
        for limit in options.limits
        for family in options.families
    }


def further(
    options: SmallestOptions, rows: Rows, stages: Stages, store: MemberStore
) -> dict[str, list[Row]]:
    """Search, choose, train what was chosen and its controls; fit plain baselines."""
    pool = options.pool()
    every = searched(options, pool)
    train_members(store, [one for own in every.values() for one in own], stages.run_folder)
    table, wanted = [], []
    for (family, limit), own in every.items():
        members = [[store.rows[wanted.name()] for wanted in tuning(one)] for one in own]
        found = [candidate_row(family, limit, *pair) for pair in zip(own, members, strict=True)]
        table += found
        place = best_place(found)
        wanted.append((below(family, limit), own[place].architecture))
        if family == IMAGE and options.controls:
            grids = options.grids()
            wanted += controls(own[place].architecture, grids[place % len(grids)], limit)
    networks = [options.condition(pool, label, one) for label, one in wanted]
    networks += finalists(options, pool, rows)
    tested = train_members(store, networks, stages.run_folder)
    plain: dict[str, list[Row]] = {}
    if options.controls:
        sizes = options.limits, options.seeds
        plain = plain_baselines(store, pool, *sizes, options.num_train or None)
    return {SEARCH: table, **tested, **plain}


def further_labels(options: SmallestOptions) -> list[str]:
    """Return the labels of what is chosen and tested, its controls and baselines."""
    kinds = list(options.families)
    kinds += [FINALIST] if options.rivals else []
    kinds += [TWIN, ENERGIES, PHASORS, PLAIN] if options.controls else []
    return [below(kind, limit) for limit in options.limits for kind in kinds]


def same(row: Row, family: str, limit: int) -> bool:
    """Tell whether a row of the search belongs to a family and limit."""
    return (row["family"], row["limit"]) == (family, limit)


def candidate_row(family: str, limit: int, one: Condition, members: Sequence[Row]) -> Row:
    """Write down what a candidate reached on validation: the mean over seeds at its best rate."""
    rates = {row["learning_rate"] for row in members}
    means = {
        rate: float(
            np.mean([r["validation_accuracy"] for r in members if r["learning_rate"] == rate])
        )
        for rate in rates
    }
    best = min(means, key=lambda rate: (-round(means[rate], 6), rate))
    row = {
        "label": one.label,
        "family": family,
        "limit": limit,
        "num_parameters": members[0]["num_parameters"],
        "learning_rate": best,
        "validation_accuracy": round(means[best], 6),
    }
    if isinstance(one.architecture, NetworkSpec):
        row["frequencies"] = list(one.architecture.frequencies)
    return row


def best_place(rows: Sequence[Mapping]) -> int:
    """Return the place of the best candidate on validation; of several, the first."""
    return int(np.argmax([row["validation_accuracy"] for row in rows]))


def controls(
    chosen: BuildsNetwork, grid: tuple[float, float, float], limit: int
) -> list[tuple[str, BuildsNetwork]]:
    """Return the chosen ladder's controls: without ringing, without phase, without hidden layer.

    The twin has the same nodes but real poles. The other two are read out by a linear map; they
    have as many nodes as the limit allows, the longest waves of the same grid, which is spacing,
    offset and aspect of the chosen image ladder.
    """
    if not isinstance(chosen, NetworkSpec):
        raise TypeError(f"{chosen.name} has no ladder")
    frequencies = np.array(chosen.frequencies)
    head = {key: getattr(chosen, key) for key in ("feature", "pooling", "readout", "readout_size")}
    twin = resonant(f"{chosen.name}, real poles", frequencies, head, ("poles", "real"))
    made: list[tuple[str, BuildsNetwork]] = [(below(TWIN, limit), twin)]
    phasors = {"feature": "phasor", "pooling": "last", "readout": "batch_norm"}
    # Parameters a node: scale, shift and ten weights for each of its one or two features.
    spacing, offset, aspect = grid
    for kind, head, per_node in ((ENERGIES, POWER, 12), (PHASORS, phasors, 24)):
        num_nodes = (limit - 11) // per_node
        ladder = image_ladder(num_nodes, spacing=spacing, offset=offset, aspect=aspect)
        name = f"{chosen.name}, {kind.partition(',')[0]}, {num_nodes} nodes"
        made.append((below(kind, limit), resonant(name, ladder, head)))
    return made


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
        constants = ("plain", PLAIN_VERSION, NUM_WINDOWS, STRENGTHS, TOLERANCE)
        return fingerprint((*constants, tuple(self)))

    def title(self) -> str:
        """Name the reading where it is told."""
        return below(PLAIN, self.limit)


def plain_baselines(
    store: RowStore, pool: Pool, limits: Sequence[int], seeds: Sequence[int], num_train: int | None
) -> dict[str, list[Row]]:
    """Fit logistic regressions to the power of the pixels, below each limit and once a seed.

    ``num_train`` counts the training digits that are used, the first ones; None for all. Rows come
    in the order of the seeds, by label.
    """

    @cache
    def power(limit: int) -> np.ndarray:
        # As many as the limit allows, waves of the image that half an image tells apart: two cycles
        # down from each other.
        frequencies = image_ladder((limit - 11) // 10 // NUM_WINDOWS, spacing=NUM_WINDOWS)
        images = np.asarray(pool.data.inputs, np.float32) / 255
        found = fourier_power(images, frequencies, sample_rate=1000.0, num_windows=NUM_WINDOWS)
        return np.asarray(found)

    def read(reading: PlainReading) -> Row:
        return row_of(reading, pool, power(reading.limit))

    known = pool.sha256, num_train
    wanted = [PlainReading(limit, seed, *known) for limit in limits for seed in seeds]
    rows = store.complete(wanted, read, "baseline", title=PlainReading.title)
    return {below(PLAIN, x): rows[i * len(seeds) :][: len(seeds)] for i, x in enumerate(limits)}


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
