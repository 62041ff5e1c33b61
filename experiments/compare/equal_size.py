"""Who reads digits best with equally many trained parameters?

Every network with both published heads, each with the most nodes that a number of parameters
allows: the mean squared amplitude through batch norm, which is the rhythmic network's own head, and
the mean output through layer norm, which is that of its rivals. Larger rhythmic networks are built
two ways: a denser ladder over the same span, and copies of the golden ladder. Rates are chosen for
every pair of network and head and every number of parameters, from the same few, on the same seeds.
"""

import functools
import itertools
from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from experiments.compare.equal_size_findings import (
    CLAIMS,
    COPIES,
    HEADS,
    NETWORKS,
    condition_label,
    curves_of,
    newcomer_lines,
    size_findings,
)
from experiments.compare.findings import Finding, Rows
from experiments.compare.larger_networks import golden_copies, most_copies
from experiments.compare.options import RESULTS, CompareOptions, shared
from experiments.compare.parts import check_parts
from experiments.compare.question import Question
from experiments.members import Condition
from experiments.script import main
from rhythmic.cells.registry import CELLS
from rhythmic.networks import MEAN, POWER, NetworkSpec
from rhythmic.plotting.accuracy import curve_panels
from rhythmic.training import TrainingConfiguration

OF_HEAD = {"energy": POWER, "mean": MEAN}


@dataclass(frozen=True)
class EqualSizeOptions(CompareOptions):
    """Options of the question on equal numbers of parameters.

    Args:
        counts: numbers of trained parameters, none of which a network exceeds; they rise.
        cells: which are compared: rrn-copies, m copies of the golden ladder, where one fits; all
            others by their names in the registry of cells.
        heads: with which heads, of energy and mean.
        tuning_epochs: passes over the training digits with which rates are chosen, for every
            network; at most ``epochs``.
    """

    counts: tuple[int, ...] = (100, 300, 1000)
    cells: tuple[str, ...] = NETWORKS
    heads: tuple[str, ...] = HEADS
    tuning_epochs: int = 1

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        check_parts("cells", self.cells, tuple(dict.fromkeys((*NETWORKS, *CELLS))))
        check_parts("heads", self.heads, HEADS)
        if not self.counts or list(self.counts) != sorted(set(self.counts)):
            raise ValueError("counts must rise, and hold one number or more")
        if not 1 <= self.tuning_epochs <= self.epochs:
            raise ValueError(
                f"tuning_epochs is {self.tuning_epochs}; it must lie in 1 to {self.epochs}"
            )
        if not self.networks():
            needed = golden_copies(1).num_parameters(1, 10)
            raise ValueError(f"counts holds {self.counts[-1]} at most; one copy needs {needed}")

    def length(self) -> str:
        """Say on how many digits, and how long, networks train."""
        passes = "pass" if self.tuning_epochs == 1 else "passes"
        return f"{super().length()} (rates are chosen after {self.tuning_epochs} {passes})"

    def networks(self) -> list[tuple[str, str, int]]:
        """Return cell, head and number of parameters of every network that is compared.

        Raises:
            ValueError: for a number of parameters that is too small for a cell.
        """
        every = itertools.product(self.counts, self.cells, self.heads)
        return [(cell, head, n) for n, cell, head in every if architecture(cell, head, n)]

    def tuning(self) -> TrainingConfiguration:
        """Return the recipe with which rates are chosen."""
        return replace(self.training(), epochs=self.tuning_epochs)


PRESETS = {
    "smoke": EqualSizeOptions(
        **shared("smoke", tuning_epochs=4, counts=(100,), cells=("rrn", "rnn"), heads=("energy",))
    ),
    "quick": EqualSizeOptions(
        **shared(
            "quick",
            epochs=4,
            tuning_epochs=4,
            counts=(100, 300),
            cells=("rrn", "rnn", "lstm"),
            heads=("energy",),
        )
    ),
    "full": EqualSizeOptions(
        **shared("full", learning_rates=(0.001, 0.003, 0.01), results=RESULTS / "equal_size.jsonl")
    ),
    "accelerator": EqualSizeOptions(
        **shared(
            "accelerator",
            tuning_epochs=30,
            tuning_seeds=(123, 456, 789),
            learning_rates=(0.0003, 0.001, 0.003, 0.01),
            counts=(100, 300, 1000, 3000, 10000),
            results=RESULTS / "equal_size.jsonl",
        )
    ),
}


@functools.cache
def architecture(cell: str, head: str, count: int) -> NetworkSpec | None:
    """Return a cell and a head with the most nodes that a number of parameters allows.

    None where not one copy of the golden ladder fits.
    """
    if cell == COPIES:
        number = most_copies(count, OF_HEAD[head])
        return golden_copies(number, OF_HEAD[head]) if number else None
    return NetworkSpec(cell, 1, name=f"{cell}-{head}", **OF_HEAD[head]).within(count, 1, 10)


def conditions(options: EqualSizeOptions) -> list[Condition]:
    """Return every cell with every head at every number of parameters."""
    pool, found = options.pool(), []
    for cell, head, count in options.networks():
        network = architecture(cell, head, count)
        assert network is not None
        tested = options.condition(pool, condition_label(cell, head, count), network)
        briefly = replace(
            tested, label=f"{tested.label}, tuning", training=options.tuning(), seeds=()
        )
        alike = options.tuning() == options.training()
        found.append(tested if alike else replace(tested, tuned_on=(briefly,)))
    return found


def findings(options: EqualSizeOptions, rows: Rows) -> list[Finding]:
    """Compare the rhythmic network with the best rival of its size, and the heads of rivals."""
    return size_findings(rows)


def draw(options: EqualSizeOptions, rows: Rows) -> dict[str, Figure]:
    """Draw test accuracy against the number of parameters, a panel a head."""
    titles = {"energy": "mean squared amplitude, batch norm", "mean": "mean output, layer norm"}
    panels = [
        ("trained parameters", titles[head], curves_of(rows, options.cells, head, options.counts))
        for head in options.heads
    ]
    return {"equal_size": curve_panels(panels, log_ticks=options.counts)}


EXPERIMENT = Question(
    name="equal_size",
    section="Is the rhythmic RNN better?",
    asked="Who reads digits best with equally many trained parameters?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
    unclaimed=lambda options, rows: newcomer_lines(rows, options.cells, options.counts),
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
