"""Networks that several questions compare, and what noise leaves of their accuracy."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from experiments.compare.options import CompareOptions
from rhythmic.compare.verdicts import NAMES as NAMES_OF_CELLS
from rhythmic.networks import LAST, MEAN, POWER, NetworkSpec, published
from rhythmic.plotting.accuracy import CHANCE
from rhythmic.theory import ladder, span_ladder
from rhythmic.theory.ladders import copied_ladder
from rhythmic.typing import Float

# Between the 252 parameters of the golden network and the 298 of the LSTM.
NUM_PARAMETERS = 300
ROW_PARAMETERS = 610  # of networks that read 28 pixels a step: eleven golden nodes have 560
TASK_RATE = 100.0  # Hz; of memory tasks too, whose steps have no unit of their own
# The cells whose nodes do not swing: what a claim that rhythm helps is held against.
NOT_RHYTHMIC = ("rnn", "lstm", "gru")
HEADS = {"energy": POWER, "mean": MEAN}
TITLES = NAMES_OF_CELLS | {"rrn": "RRN", "horn-heterogeneous": "HORN, heterogeneous"}
# The head that each cell was published with.
HEAD_OF = {
    "rrn": POWER,
    "rnn": MEAN,
    "lstm": MEAN,
    "gru": MEAN,
    "horn": LAST,
    "horn-heterogeneous": LAST,
    "cornn": LAST,
    "linoss": MEAN,
}
NAMES = ("rrn-golden", "rrn-golden-unconnected", "rnn", "lstm", "gru", "horn")


@dataclass(frozen=True)
class RobustOptions(CompareOptions):
    """Options of the questions on noise, orders and sample efficiency.

    Args:
        networks: which are compared, of rrn-golden, rrn-golden-unconnected, rnn (11 nodes), lstm
            (6 nodes), gru and horn (as many nodes as 300 parameters allow).
    """

    networks: tuple[str, ...] = NAMES

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {"networks": NAMES}


def share_left(
    clean: Float[np.ndarray, "*#shape"], noisy: Float[np.ndarray, "*#shape"]
) -> Float[np.ndarray, "*shape"]:
    """Return ``(noisy - 0.1) / (clean - 0.1)``: of the accuracy above chance, the share left.

    NaN where ``clean`` is not above chance, a tenth for ten digits.
    """
    above = np.asarray(clean, float) - CHANCE
    return (np.asarray(noisy, float) - CHANCE) / np.where(above > 0, above, np.nan)


def golden() -> NetworkSpec:
    """Return the golden network."""
    return published()["rrn-golden"]


def largest(name: str, num_parameters: int, input_size: int = 1) -> NetworkSpec:
    """Return the largest network of a cell, with its own head, that so many parameters allow."""
    cell, *uneven = name.split("-")
    options = {"heterogeneous": True} if uneven else {}
    one = NetworkSpec(cell, 1, options=options, name=name, **HEAD_OF[name])
    return one.within(num_parameters, input_size, 10)


def architectures(names: Sequence[str]) -> dict[str, NetworkSpec]:
    """Return networks that read one pixel a step, at their published sizes or 300 parameters."""
    known = published() | {name: largest(name, NUM_PARAMETERS) for name in ("gru", "horn")}
    return {name: known[name] for name in names}


def row_architectures(names: Sequence[str]) -> dict[str, NetworkSpec]:
    """Return networks that read 28 pixels a step, as large as 610 parameters allow.

    Both golden networks keep their eleven nodes, so that the ladder is the same at every order.
    """
    frequencies = tuple(golden().frequencies)

    def known(name: str) -> NetworkSpec:
        if not name.startswith("rrn-golden"):
            return largest(name, ROW_PARAMETERS, 28)
        alone = {} if name == "rrn-golden" else {"recurrence": False}
        options = {"frequencies": frequencies, **alone}
        return NetworkSpec("rrn", len(frequencies), options=options, name=name, **POWER)

    return {name: known(name) for name in names}


def with_inputs(frequencies: tuple[float, ...], head: Mapping[str, Any] = POWER) -> NetworkSpec:
    """Return a rhythmic layer of these frequencies, in Hz, with input weights that are learned.

    Without learned input weights nodes of equal frequency would hear the same.
    """
    named = f"rrn-inputs-{len(frequencies)}"
    return NetworkSpec(
        "rrn",
        len(frequencies),
        options={"frequencies": frequencies, "input_weights": "learned"},
        name=named if head == POWER else f"{named}-{head['feature']}",
        **head,
    )


def golden_copies(num_copies: int, head: Mapping[str, Any] = POWER) -> NetworkSpec:
    """Return so many copies of the golden ladder.

    Raises:
        ValueError: for no copies.
    """
    return with_inputs(tuple(copied_ladder(ladder("golden"), num_copies).tolist()), head)


def most_copies(num_parameters: int, head: Mapping[str, Any] = POWER, num_classes: int = 10) -> int:
    """Return how many copies of the golden ladder ``num_parameters`` allow, 0 below 263."""
    number = 0
    while golden_copies(number + 1, head).num_parameters(1, num_classes) <= num_parameters:
        number += 1
    return number


@cache
def network(name: str, input_size: int, num_outputs: int) -> NetworkSpec:
    """Return a network on tasks; baselines have about as many parameters as the rhythmic one.

    The rhythmic network has the golden ladder, moved from a sample rate of 1000 Hz to the task's;
    positions and amplitudes are shown to one scale, which the published network leaves to its
    batch norm.
    HORN's nodes stand on a geometric ladder of the same span, as many as its size allows.
    """
    golden = ladder("golden") * TASK_RATE / 1000.0
    options = {"frequencies": tuple(golden.tolist()), "sample_rate": TASK_RATE}
    rhythmic = NetworkSpec(
        "rrn",
        len(golden),
        options=options,
        feature="ringing",
        pooling="every",
        name="rhythmic",
    )
    if name == "rhythmic":
        return rhythmic

    def make(hidden_size: int) -> NetworkSpec:
        if name != "horn":
            return NetworkSpec(name, hidden_size, pooling="every", name=name)
        span = {"start": float(golden[0]), "stop": float(golden[-1]), "sample_rate": TASK_RATE}
        turns = 2 * np.pi * span_ladder(hidden_size, **span) / TASK_RATE
        options = {"angular_frequency": tuple(turns.tolist())}
        return NetworkSpec(name, hidden_size, options=options, pooling="every", name=name)

    aim = rhythmic.num_parameters(input_size, num_outputs)
    sizes = itertools.count(1)
    size = next(n for n in sizes if make(n).num_parameters(input_size, num_outputs) >= aim)
    nearest = (make(size), make(max(1, size - 1)))
    return min(nearest, key=lambda one: abs(one.num_parameters(input_size, num_outputs) - aim))
