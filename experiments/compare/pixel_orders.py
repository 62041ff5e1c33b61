"""Does the order of the pixels matter? By rows, by columns, permuted, and a row at a step.

Read by rows or columns a digit repeats itself every 28 pixels, at 35.7 Hz, where the golden ladder
has a node (35.9 Hz). Permuted pixels keep every value and lose that rhythm; so do rows that come
at once, 28 pixels a step. There the networks have 28 input weights a node, so that sizes are those
that 610 parameters allow; and 28 steps are a small part of a cycle of the slowest golden nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
from matplotlib.figure import Figure

from experiments.compare.networks import RobustOptions, architectures, row_architectures
from experiments.compare.options import presets
from experiments.compare.published import BY_PIXEL, PERMUTED
from experiments.compare.question import Question
from experiments.members import Condition, MemberStore
from experiments.script import main
from experiments.stages import Stages
from rhythmic.baselines import fourier_power
from rhythmic.compare.claims import (
    PAIRED,
    Claim,
    Finding,
    Reading,
    Rows,
    by_seed,
    tested,
    values_finding,
)
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.data.images import Order, image_rhythm
from rhythmic.plotting.compare_robustness import order_figure
from rhythmic.plotting.style import LABELS, appearance
from rhythmic.records import Row

SAMPLE_RATE = 1000.0  # pixels a second
NUM_IMAGES = 1000  # whose power spectrum is shown
SPECTRUM = "power of the pixels"

LEAD: tuple[Order, ...] = ("rows", "permuted")


def label(name: str, order: Order) -> str:
    """Name a network and an order."""
    return f"{appearance(name).label}, {order}"


def one_network(name: str, statement: str, network: str, other: Order) -> Claim:
    """Return the claim that a network is more accurate by rows than in another order."""
    test = f"{PAIRED[0].upper()}{PAIRED[1:]}; equivalent within 0.01."
    better, worse = label(network, "rows"), label(network, other)
    return Claim(name, statement, test, better=better, worse=worse, paired=True)


CLAIMS = (
    Claim(
        "permuted-lead-lstm",
        "The golden network's lead over the LSTM shrinks when pixels are permuted.",
        "Accuracy by rows less permuted, one loss a seed: golden less LSTM, {how}; equivalent "
        "within 0.01; equal tuning at every order.",
    ),
    one_network(
        "permuted-golden",
        "The golden network is more accurate by rows than permuted.",
        "rrn-golden",
        "permuted",
    ),
    one_network(
        "permuted-unconnected",
        "The golden network without recurrence, whose features are powers alone, is more accurate "
        "by rows than permuted.",
        "rrn-golden-unconnected",
        "permuted",
    ),
    one_network(
        "columns-golden",
        "The golden network is more accurate by rows than by columns, though both repeat at 35.7 "
        "Hz.",
        "rrn-golden",
        "columns",
    ),
    Claim(
        "row-vectors-lstm",
        "With a row of 28 pixels a step the golden network is more accurate than the LSTM.",
        "{how}; equivalent within 0.01; at most 610 parameters each, equal tuning. At 1000 Hz "
        "28 steps are 28 ms, a small part of a slow node's cycle.",
        better=label("rrn-golden", "row_vectors"),
        worse=label("lstm", "row_vectors"),
    ),
)


@dataclass(frozen=True)
class OrderOptions(RobustOptions):
    """Options of the question of orders.

    Args:
        orders: of the pixels: rows, columns, permuted (one order without meaning for all digits),
            row_vectors (28 pixels a step).
    """

    orders: tuple[Order, ...] = get_args(Order)

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **RobustOptions.CHOICES,
        "orders": get_args(Order),
    }


PRESETS = presets(
    OrderOptions,
    "pixel_orders",
    smoke={"networks": ("rnn",), "orders": ("permuted", "row_vectors")},
    quick={
        "networks": ("rrn-golden", "lstm"),
        "orders": ("rows", "permuted", "row_vectors"),
    },
)


def conditions(options: OrderOptions) -> list[Condition]:
    """Return every network at every order."""
    found = []
    for order in options.orders:
        pool = options.pool(order)
        make = row_architectures if order == "row_vectors" else architectures
        for name, architecture in make(options.networks).items():
            found.append(options.condition(pool, label(name, order), architecture))
    return found


def spectra(
    options: OrderOptions, rows: Rows, stages: Stages, store: MemberStore
) -> dict[str, list[Row]]:
    """Measure how much power the pixels have at which frequency, by order.

    Row vectors have none that compares: a step there is a whole row.
    """
    del rows, stages, store
    frequencies = np.arange(1, NUM_PIXELS // 2) * SAMPLE_RATE / NUM_PIXELS
    found: list[Row] = []
    for order in options.orders:
        if order == "row_vectors":
            continue
        pool = options.pool(order)
        shown = pool.split(options.seeds[0]).train[:NUM_IMAGES]
        images = pool.data.inputs[shown] / np.float32(255)
        power = np.mean(fourier_power(images, frequencies, sample_rate=SAMPLE_RATE), axis=0)
        rhythm = image_rhythm(order if order != "permuted" else "rows", SAMPLE_RATE)
        # Every 28th line stands at the rhythm of the rows or at one of its harmonics.
        share = power[27::28][: len(rhythm)].sum() / power.sum()
        found.append(
            {
                "order": order,
                "frequency": [float(f"{x:.6g}") for x in frequencies],
                "power": [float(f"{x:.4g}") for x in power],
                "rhythm_share": float(share),
            }
        )
    return {SPECTRUM: found} if found else {}


def readings(options: OrderOptions) -> dict[str, Reading]:
    """Read the lead from what each network loses, seed by seed."""
    del options

    def loss(rows: Rows, name: str) -> tuple[str, list[float]]:
        whole, permuted = (tested(by_seed(rows[label(name, order)])) for order in LEAD)
        return f"loss of {appearance(name).label}", list(np.subtract(whole, permuted))

    def lead(claim: Claim, rows: Rows) -> Finding:
        return values_finding(claim, loss(rows, "rrn-golden"), loss(rows, "lstm"))

    both = tuple(label(name, order) for name in ("rrn-golden", "lstm") for order in LEAD)
    return {"permuted-lead-lstm": Reading(both, find=lead)}


def draw(options: OrderOptions, rows: Rows) -> dict[str, Figure]:
    """Draw accuracy by order beside the power of the pixels."""
    accuracies = {
        name: {order: tested(rows[label(name, order)]) for order in options.orders}
        for name in options.networks
    }
    return {"pixel_orders": order_figure(accuracies, rows.get(SPECTRUM, []), LABELS)}


EXPERIMENT = Question(
    "pixel_orders",
    "Does the order of the pixels matter?",
    PRESETS,
    CLAIMS,
    draw,
    conditions,
    readings,
    further=spectra,
    published=(*BY_PIXEL, *PERMUTED),
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
