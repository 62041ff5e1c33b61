"""The networks of ``experiments.trained_modes``, read or trained again, and its options."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from experiments import mnist
from experiments.mnist.configuration import (
    QUICK_LEARNING_RATES,
    QUICK_RATE_SEEDS,
    REFERENCE,
    RESULTS,
    MnistConfiguration,
)
from experiments.options import SweepOptions
from experiments.ranges import within
from experiments.script import options_of
from experiments.stages import Swept
from rhythmic import records
from rhythmic.cells import ResonantCell
from rhythmic.data import DataUnavailableError, Digits, load, split
from rhythmic.data.dataset import NUM_PIXELS, NUM_TRAIN
from rhythmic.data.source import MnistSource, check_folder, named_folder
from rhythmic.networks import NetworkSpec, published
from rhythmic.progress import show
from rhythmic.records import Row
from rhythmic.runs.rows import read_named
from rhythmic.stability.coupling import frequency_group
from rhythmic.sweep import Grid, Output, Stages, values_axis
from rhythmic.sweep.designs import FIRST_BAD_STEP
from rhythmic.training import (
    Data,
    Members,
    MemberTraining,
    TrainingConfiguration,
    TrainingState,
    training_sweep,
)
from rhythmic.training.configuration import member_keys
from rhythmic.typing import AnyArray, Array, Float, PyTree

WEIGHTS = "cell.recurrent_weights"
# What networks must share to be looked at together.
ALIKE = ("configuration", "learning_rate", "weight_decay", "label_smoothing")
MOST_AT_ONCE = 6  # networks side by side on a CPU, as in the comparison on digits
LARGEST_TEST = 2**20
Kept = tuple[TrainingState, Array]  # a network in training, and its weights by epoch


@dataclass(frozen=True)
class Networks:
    """Trained networks of one architecture, recipe, setting and data, one row a seed.

    Args:
        architecture: what was trained.
        rows: as ``experiments.mnist`` writes them, in the order of the seeds.
        shown: the row of the network that is shown.
    """

    architecture: NetworkSpec
    rows: tuple[Row, ...]
    shown: Row

    @property
    def frequencies(self) -> Float[np.ndarray, " node"]:
        """Frequencies of the fixed nodes, Hz."""
        return np.array(self.architecture.frequencies)

    @property
    def seeds(self) -> list[int]:
        """Seeds of the networks."""
        return [row["seed"] for row in self.rows]

    @property
    def weights(self) -> Float[np.ndarray, "network post pre"]:
        """Weights after the best epoch."""
        return np.array([row["parameters"][WEIGHTS] for row in self.rows], dtype=float)

    @property
    def start_weights(self) -> Float[np.ndarray, "network post pre"]:
        """Weights before training."""
        return np.stack([start_weights(self.architecture, seed) for seed in self.seeds])


def read_networks(run: Path | None, architecture: str, seed: int | None) -> Networks:
    """Read finished networks from a run folder, or the file that is kept with the code.

    Args:
        run: folder of ``python -m experiments.mnist``; none takes the kept file.
        architecture: name of a resonant architecture with recurrence.
        seed: of the network to be shown; none takes the first one.

    Raises:
        ValueError: for a folder of something else, or networks that are not there.
    """
    source = RESULTS if run is None else run / "members.jsonl"
    configuration = None if run is None else read_configuration(run)
    rows = [
        row
        for row in read_named(source, show).values()
        if row.get("architecture") == architecture and "parameters" in row
    ]
    place = RESULTS.name if run is None else str(run)
    if not rows:
        raise ValueError(f"architecture is {architecture!r}; {place} has no trained network of it")
    rows.sort(key=lambda row: row["seed"])
    seeds = [row["seed"] for row in rows]
    if seed is not None and seed not in seeds:
        raise ValueError(f"seed is {seed}; {place} has {architecture} of seeds {seeds}")
    shown = rows[0 if seed is None else seeds.index(seed)]
    if configuration is None:
        fields = ("sample_rate", "pole_radius", "diagonal")
        known = published(**{name: shown[name] for name in fields})
    else:
        known = configuration.known_architectures()
    found = known.get(architecture)
    if found is None or not dict(found.options).get("recurrence"):
        raise ValueError(
            f"architecture is {architecture!r}; it must be a resonant network with recurrence"
        )
    alike = [row for row in rows if all(row[key] == shown[key] for key in ALIKE)]
    return Networks(found, tuple(alike), shown)


def read_configuration(run: Path) -> MnistConfiguration:
    """Read what a run folder was asked for.

    Raises:
        ValueError: for a folder that ``experiments.mnist`` did not write.
    """
    try:
        return options_of(mnist.EXPERIMENT, records.read_configuration(run))
    except (ValueError, OSError) as error:
        raise ValueError(
            f"run is {run}; it is no run folder, or python -m experiments.mnist did not write it "
            f"({error})"
        ) from None


def start_weights(architecture: NetworkSpec, seed: int) -> Float[np.ndarray, "post pre"]:
    """Draw the recurrent weights that training starts from."""
    # In the precision of training: in double precision a key gives other numbers.
    with jax.enable_x64(False):
        cell = architecture.build(1, 10, key=member_keys(np.asarray(seed)).start_values).cell
    assert isinstance(cell, ResonantCell)
    return np.asarray(cell.effective_weights())


def with_weights(cell: ResonantCell, weights: Float[AnyArray, "post pre"]) -> ResonantCell:
    """Return a cell of the same nodes with other recurrent weights."""
    return eqx.tree_at(lambda cell: cell.recurrent_weights, cell, weights)


def recipe_of(row: Row, epochs: int | None) -> TrainingConfiguration:
    """Return the recipe that a network was trained by, with another number of epochs if given."""
    names = ("batch_size", "rising_share", "momentum", "clip_norm")
    return TrainingConfiguration(
        epochs=row["epochs"] if epochs is None else epochs, **{name: row[name] for name in names}
    )


def learning_rate_on(data: str, row: Row) -> float:
    """Return the network's own rate on its own digits, else the one documented for mnist5k."""
    if data == row["dataset"]:
        return float(row["learning_rate"])
    return QUICK_LEARNING_RATES.get(row["architecture"], QUICK_LEARNING_RATES[REFERENCE])


def retrained_seeds(networks: Networks, count: int) -> list[int]:
    """Return seeds: the one shown, the others at hand, then further ones."""
    first = networks.shown["seed"]
    seeds = [first, *(seed for seed in networks.seeds if seed != first)]
    following = max(seeds)
    while len(seeds) < count:
        following += 1
        # Rates were chosen on these.
        if following not in QUICK_RATE_SEEDS:
            seeds.append(following)
    return seeds[:count]


@dataclass(frozen=True)
class TrainedModesOptions(SweepOptions):
    """Trained resonant networks: their modes, gradients, training and coupling.

    Args:
        run: run folder of python -m experiments.mnist whose networks are looked at; by default
            the networks kept with the code, experiments/results/mnist.jsonl.
        architecture: name of a resonant network with recurrence, such as rrn-golden.
        seed: of the network that is shown; by default the first one's.
        training_data: what networks are trained again on, so that their weights are known after
            every epoch. bundled: mnist5k, 5,000 digits. own: the digits of the run, if they are
            MNIST and a folder has the files, else mnist5k.
        data_dir: folder with the four MNIST files; otherwise the environment variable
            RHYTHMIC_DATA_DIR.
        epochs: of that training, passes over the digits; by default those of the run.
        num_retrained: networks trained again: the one shown, the others of the run, then further
            seeds; no unit.
        digit: class of the test digit that is read, 0 to 9.
        num_digits: test digits over which exponents are averaged, no unit.
        product_step: distance of the products of Jacobians that are looked at, and of the lags,
            in steps of one pixel.
        slow: slow nodes are those up to this frequency, Hz.
        faster: lowest and highest frequency of the faster nodes, Hz.
        max_patterns: sign patterns of the permutation test; exact while 2^networks is no more.
        test_seed: of sign patterns, where they are drawn.
    """

    run: Path | None = None
    architecture: str = "rrn-golden"
    seed: int | None = None
    training_data: Literal["bundled", "own"] = "bundled"
    data_dir: Path | None = None
    epochs: int | None = None
    num_retrained: int = 6
    digit: int = 3
    num_digits: int = 10
    product_step: int = 14
    slow: float = 9.0
    faster: tuple[float, float] = (20.0, 100.0)
    max_patterns: int = 2**17
    test_seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range, or what is missing."""
        super().check()
        within(self, num_retrained="[1, 1000]", num_digits="[2, 500]", digit="[0, 9]")
        within(self, product_step=f"[1, {NUM_PIXELS // 2}]", max_patterns=f"[2, {LARGEST_TEST}]")
        low, high = self.faster
        if not (0 < self.slow < low <= high < np.inf):
            raise ValueError(
                f"slow is {self.slow:g} and faster {low:g} to {high:g}; frequencies must rise, Hz"
            )
        networks = self.networks()
        for lowest, highest in ((0.0, self.slow), self.faster):
            frequency_group(networks.frequencies, lowest, highest)
        data = self.dataset(networks)
        recipe_of(networks.shown, self.epochs).num_steps(NUM_TRAIN[data])
        retrained_seeds(networks, self.num_retrained)

    def networks(self) -> Networks:
        """Read the networks."""
        return read_networks(self.run, self.architecture, self.seed)

    def digits(self, networks: Networks) -> Digits:
        """Return the digits that networks are trained again on."""
        return load(self.dataset(networks), data_dir=self.data_dir)

    def dataset(self, networks: Networks) -> str:
        """Name the digits that networks are trained again on.

        Raises:
            ValueError: for a folder of MNIST that is named and not whole.
        """
        folder = named_folder(self.data_dir)
        if self.training_data == "bundled" or folder is None:
            return "mnist5k"
        if networks.shown["dataset"] == "mnist":
            try:
                check_folder(folder, MnistSource())
            except DataUnavailableError as error:
                raise ValueError(str(error)) from None
        return str(networks.shown["dataset"])


def retraining(options: TrainedModesOptions, networks: Networks, digits: Digits) -> Swept:
    """Return the training of networks again, one per seed: weights and validation by epoch."""
    row = networks.shown
    axes: dict[str, Sequence[float]] = {
        "seed": retrained_seeds(networks, options.num_retrained),
        "learning_rate": [learning_rate_on(digits.name, row)],
        "weight_decay": [row["weight_decay"]],
        "label_smoothing": [row["label_smoothing"]],
    }
    sweep = training_sweep(
        MemberTraining(networks.architecture, recipe_of(row, options.epochs)),
        Data(digits.images, digits.labels),
        partial(split, digits),
        Grid(tuple(values_axis(name, values, "") for name, values in axes.items())),
        data_identity=digits.sha256,
    )
    train = sweep.function
    assert isinstance(train, Stages)

    def start(prepared: Members) -> Kept:
        state = train.start(prepared)
        first = state.parameters.cell.recurrent_weights
        return state, jnp.zeros((train.num_stages, *first.shape), first.dtype)

    def advance(kept: Kept, prepared: Members, shared: PyTree) -> Kept:
        before, weights = kept
        state = train.advance(before, prepared, shared)
        return state, weights.at[before.epoch].set(state.parameters.cell.recurrent_weights)

    def finish(kept: Kept) -> dict[str, Array]:
        state, weights = kept
        validation = state.history.validation_score
        return {"weights": weights, "validation": validation, FIRST_BAD_STEP: state.failed_at_step}

    outputs = {
        "weights": Output("", "recurrent, after each epoch", ("epoch", "post", "pre"), True),
        "validation": Output("", "accuracy on validation digits", ("epoch",), True),
    }
    function = Stages(start, advance, finish, train.num_stages)
    return Swept(replace(sweep, function=function, outputs=outputs), MOST_AT_ONCE)


PRESETS = {
    "quick": TrainedModesOptions(),
    "full": TrainedModesOptions(
        preset="full", training_data="own", num_retrained=100, num_digits=100
    ),
    "smoke": TrainedModesOptions(
        preset="smoke", epochs=1, num_retrained=1, num_digits=2, product_step=98
    ),
}
