"""Does the arithmetic matter? The golden network, trained in single and in double precision.

In float32 the gradient of nodes this close to the unit circle is off by several per cent where one
takes a step a pixel, by a tenth of a per cent from one nonzero pixel to the next, and by nothing
worth naming in float64. Seeds, splits, start values and the order of batches are the same.
"""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiments.compare.options import CompareOptions, presets
from experiments.compare.question import Question
from experiments.members import Condition
from experiments.script import main
from rhythmic.compare.claims import Claim, Rows
from rhythmic.networks import published
from rhythmic.plotting.accuracy import accuracy_strip

SINGLE, STEPPED, DOUBLE = "float32", "float32, a step a pixel", "float64"

CLAIMS = (
    Claim(
        "double-precision",
        "Trained in float64, the golden network is more accurate than in float32.",
        "Float64 less float32, {how}; equivalent within 0.01.",
        better=DOUBLE,
        worse=SINGLE,
        paired=True,
    ),
    Claim(
        "step-a-pixel",
        "In float32 a step a pixel, with its larger rounding, is less accurate than float64.",
        "Float64 less float32 a step a pixel, {how}; equivalent within 0.01.",
        better=DOUBLE,
        worse=STEPPED,
        paired=True,
    ),
)

RECIPE = {"epochs": 30, "learning_rates": (0.003,), "tuning_seeds": (123,)}
PRESETS = presets(
    CompareOptions,
    "precision",
    quick={"num_train": 0, "epochs": 10, "seeds": (101, 102, 103)},
    full=RECIPE | {"seeds": tuple(range(101, 111))},
    accelerator=RECIPE | {"seeds": tuple(range(101, 121))},
)


def conditions(options: CompareOptions) -> list[Condition]:
    """Return the three arithmetics."""
    pool, golden = options.pool(), published()["rrn-golden"]
    return [
        options.condition(pool, SINGLE, golden),
        options.condition(pool, STEPPED, golden, method="scan"),
        options.condition(pool, DOUBLE, golden, precision="float64"),
    ]


def draw(options: CompareOptions, rows: Rows) -> dict[str, Figure]:
    """Draw every network of the three arithmetics, equal seeds joined."""
    figure, axes = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
    accuracy_strip(axes, rows, joined=True)
    axes.set_title(f"Golden network, {options.dataset}, {options.epochs} epochs")
    return {"precision": figure}


EXPERIMENT = Question(
    "precision", "Does the arithmetic matter?", PRESETS, CLAIMS, draw, conditions
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
