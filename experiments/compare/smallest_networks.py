"""The smallest networks: options, presets, the frozen list of candidates that is searched, and the
cells that are trained as a whole below the same numbers of parameters.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from experiments.compare.networks import HEAD_OF, TITLES, largest
from experiments.compare.options import NUM_TRAIN, CompareOptions, presets
from experiments.members.identity import Identity, head_identity, network_identity
from experiments.ranges import among, within
from rhythmic.cells.projection import ProjectionCell
from rhythmic.compare.claims import Rows, best_validated
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.networks import Network, NetworkSpec
from rhythmic.networks.layers import Layer
from rhythmic.networks.network import Pooling
from rhythmic.networks.readouts import HiddenReadout
from rhythmic.records import Row
from rhythmic.theory import image_ladder, random_ladder
from rhythmic.training import TrainingConfiguration
from rhythmic.training.search import Setting, setting_grid

RIVALS = HEAD_OF  # every cell that one can train here
FINALIST = "best trained cell"  # for as long as the chosen ladder

IMAGE, RANDOM, PROJECTIONS = "image ladder", "random ladder", "random projections"
FAMILIES = (IMAGE, RANDOM, PROJECTIONS)
POLE_RADIUS = 0.99999

# Readout, resonant nodes and hidden nodes of the candidates below each number of parameters.
SHAPES: dict[int, tuple[tuple[str, int, int], ...]] = {
    300: (("hidden_square", 10, 9), ("hidden", 10, 9), ("hidden_square", 12, 8)),
    1000: (("hidden_square", 15, 24), ("hidden", 15, 24), ("hidden_square", 20, 19)),
}


@dataclass(frozen=True)
class SmallestOptions(CompareOptions):
    """Options of the question how small a network may be.

    ``epochs`` and ``learning_rates`` are those of the networks without trained recurrence and,
    the epochs, of the golden network.

    Args:
        limits: numbers of trained parameters below which the best network is sought, of 300, 1000.
        families: what the fixed layer listens to. image ladder: waves of the image, always asked;
            random ladder: frequencies drawn at random; random projections: no frequency at all.
        num_shapes: how many of the sizes and readouts below a limit are searched, the first ones.
        spacings: of image ladders, in cycles down the image.
        offsets: of image ladders, in steps of the spacing.
        aspects: of image ladders: cycles down the image that count as one along a row. Of the
            other families as many draws are searched as there are image ladders.
        search_epochs: passes over the training digits while candidates are compared.
        rivals: cells of the largest size below each limit, trained as a whole: rrn, rnn, lstm, gru,
            horn, horn-heterogeneous, cornn, linoss.
        rival_learning_rates: to choose from for these and the golden network.
        rival_epochs: of these.
        num_rival_seeds: how many of the seeds these are tested on.
        num_finalist_seeds: how many of the seeds the best of them on validation, below each limit,
            is trained on for ``epochs``, at the rate chosen for it.
        controls: whether the chosen ladders are trained with other readouts and without ringing,
            and plain power in windows is read out without any network.
    """

    limits: tuple[int, ...] = (300,)
    families: tuple[str, ...] = FAMILIES
    num_shapes: int = 1
    spacings: tuple[float, ...] = (1.25,)
    offsets: tuple[float, ...] = (0.25, 0.5)
    aspects: tuple[float, ...] = (2.0,)
    search_epochs: int = 5
    rivals: tuple[str, ...] = ()
    rival_learning_rates: tuple[float, ...] = (0.003, 0.01)
    rival_epochs: int = 3
    num_rival_seeds: int = 3
    num_finalist_seeds: int = 3
    controls: bool = False

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        among(self, families=FAMILIES)
        if IMAGE not in self.families:
            raise ValueError(f"families lacks {IMAGE}, which the others are held against")
        among(self, limits=tuple(SHAPES))
        if self.rivals:
            among(self, rivals=tuple(RIVALS))
        for name in ("learning_rates", "rival_learning_rates"):
            if len(getattr(self, name)) < 2 or not self.tuning_seeds:
                raise ValueError(
                    f"{name} needs two or more, and tuning_seeds: the search uses them"
                )
        if len(self.rival_learning_rates) != len(self.learning_rates):
            raise ValueError("rival_learning_rates must be as many as learning_rates")
        most = f"[1, {len(self.seeds)}]"
        within(self, num_shapes="[1, 3]", num_rival_seeds=most, num_finalist_seeds=most)
        for name in ("search_epochs", "rival_epochs"):
            try:
                TrainingConfiguration(epochs=getattr(self, name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        if not self.grids():
            raise ValueError("spacings, offsets and aspects need one value each, or more")
        for limit in self.limits:
            list(candidates(self, IMAGE, limit))

    def recipe(self) -> str:
        """Say on what data, how long, and at which rates networks were trained."""
        rates, others = (
            ", ".join(f"{rate:g}" for rate in rates)
            for rates in (self.learning_rates, self.rival_learning_rates)
        )
        digits = self.num_train or NUM_TRAIN[self.dataset]
        return (
            f"{self.dataset}, {digits:,} training digits: candidates are compared after "
            f"{self.search_epochs} passes, those chosen are trained for {self.epochs}, rates "
            f"{rates} to choose from; the golden network for {self.epochs}, cells that are trained "
            f"as a whole for {self.rival_epochs}, rates {others}, and the best of them on "
            f"validation for {self.epochs}, at the rate chosen before; all choices on validation "
            f"digits of seeds {', '.join(map(str, self.tuning_seeds))}."
        )

    def grids(self) -> list[tuple[float, float, float]]:
        """Return spacing, offset and aspect of every image ladder that is searched."""
        return list(itertools.product(self.spacings, self.offsets, self.aspects))

    def rival_settings(self) -> tuple[Setting, ...]:
        """Return the settings of networks whose layer is trained: as many as of ours."""
        return tuple(setting_grid(self.rival_learning_rates, (0.0,), (0.0,)))


@dataclass(frozen=True)
class Projections:
    """Random projections of the sequence of pixels, with a readout.

    Args:
        name: name in tables and files.
        num_projections: features of the readout.
        draw: seed of the projections, the same for every network.
        readout: of pooled phasors or, as here, of projections.
        readout_size: nodes of its hidden layer.
    """

    name: str
    num_projections: int
    draw: int
    readout: str
    readout_size: int
    feature: str = "output"
    pooling: Pooling = "last"
    dropout_rate: float = 0.1

    def build(
        self,
        input_size: int,
        num_outputs: int,
        *,
        key: jax.Array,
        sample_rate: float = 1000.0,
        duration: float | None = None,
    ) -> Network:
        """Draw the readout; the projections come from ``draw`` alone."""
        del sample_rate, duration
        size = self.num_projections
        cell = ProjectionCell(size, num_steps=NUM_PIXELS, key=jax.random.key(self.draw))
        readout = HiddenReadout(
            size,
            num_outputs,
            key=key,
            readout_size=self.readout_size,
            activation="tanh" if self.readout == "hidden" else "square",
        )
        layers = (Layer(cell, None, None, None, self.feature),)
        statistics = readout.initial_statistics()
        return Network(
            None, layers, readout, statistics, None, None, self.pooling, input_size, num_outputs
        )


@network_identity.register
def _(one: Projections, input_size: int = 1) -> Identity:
    return {
        "name": one.name,
        "num_projections": one.num_projections,
        "draw": one.draw,
        "head": head_identity(one),
    }


Searched = NetworkSpec | Projections


def candidates(options: SmallestOptions, family: str, limit: int) -> Iterator[Searched]:
    """Yield the networks of a family that are searched below a number of parameters."""
    for readout, num_nodes, readout_size in SHAPES[limit][: options.num_shapes]:
        head = {
            "feature": "phasor",
            "pooling": "last",
            "readout": readout,
            "readout_size": readout_size,
        }
        shape = f"{num_nodes} nodes, {readout_size} {readout}"
        for draw, (spacing, offset, aspect) in enumerate(options.grids()):
            if family == IMAGE:
                ladder = image_ladder(num_nodes, spacing=spacing, offset=offset, aspect=aspect)
                name = f"{family}: spacing {spacing}, offset {offset}, aspect {aspect}, {shape}"
                yield resonant(name, ladder, head)
            elif family == RANDOM:
                ladder = random_ladder(num_nodes, seed=draw)
                yield resonant(f"{family}: draw {draw}, {shape}", ladder, head)
            else:
                # As many features: a phasor has two.
                name = f"{family}: draw {draw}, {shape}"
                yield Projections(name, 2 * num_nodes, draw, readout, readout_size)


def resonant(
    name: str, frequencies: np.ndarray, head: Mapping[str, Any], *further: tuple[str, Any]
) -> NetworkSpec:
    """Return fixed nodes at ``frequencies`` in Hz that are not coupled."""
    options = (
        ("frequencies", tuple(round(float(f), 6) for f in frequencies)),
        ("pole_radius", POLE_RADIUS),
        ("recurrence", False),
        *further,
    )
    return NetworkSpec("rrn", len(frequencies), options=options, name=name, **head)


def rival(name: str, limit: int) -> NetworkSpec:
    """Return the largest network of a cell below a number of parameters."""
    return largest(name, limit - 1)


def below(kind: str, limit: int) -> str:
    """Name a kind of network below a number of parameters."""
    return f"{kind}, below {limit}"


def rival_label(name: str, limit: int, epochs: int) -> str:
    """Name a cell of the largest size below a number of parameters."""
    return below(f"{TITLES[name]}, {epochs} epochs", limit)


def best_rival(names: Sequence[str], limit: int, epochs: int, rows: Rows) -> tuple[str, Row]:
    """Return the cell that validates best, of equals the first, and one of its rows."""
    labels = [rival_label(name, limit, epochs) for name in names]
    best = best_validated(rows, labels)
    return names[labels.index(best)], rows[best][0]


SEARCHED: dict[str, Any] = {
    "epochs": 30,
    "learning_rates": (0.01, 0.03),
    "limits": (300, 1000),
    "num_shapes": 3,
    "spacings": (1.0, 1.25, 1.5),
    "rivals": tuple(RIVALS),
    "controls": True,
}
PRESETS = presets(
    SmallestOptions,
    "smallest",
    smoke={
        "families": (IMAGE,),
        "offsets": (0.25,),
        "search_epochs": 4,
        "learning_rates": (0.01, 0.03),
        "num_rival_seeds": 1,
        "num_finalist_seeds": 1,
    },
    quick={
        "num_train": 0,
        "epochs": 20,
        "seeds": (101, 102, 103),
        "search_epochs": 20,
        "learning_rates": (0.01, 0.03),
    },
    full=SEARCHED | {"seeds": tuple(range(101, 111)), "num_finalist_seeds": 5},
    accelerator=SEARCHED
    | {
        "seeds": tuple(range(101, 121)),
        "tuning_seeds": (123, 456, 789),
        "offsets": (0.0, 0.25, 0.5, 0.75),
        "aspects": (1.5, 2.0, 3.0),
        "search_epochs": 30,
        "rival_epochs": 30,
        "num_rival_seeds": 20,
        "num_finalist_seeds": 20,
    },
)
