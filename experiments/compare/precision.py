"""Does the arithmetic matter? The golden network, trained in single and in double precision.

In float32 the gradient of nodes this close to the unit circle is off by several per cent where one
takes a step a pixel, by a tenth of a per cent from one nonzero pixel to the next, and by nothing
worth naming in float64. Seeds, splits, start values and the order of batches are the same.
"""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiments.compare.findings import PAIRED, Claim, Finding, Rows, accuracy_finding
from experiments.compare.options import RESULTS, CompareOptions
from experiments.compare.parts import if_asked
from experiments.compare.question import Question
from experiments.members import Condition
from experiments.script import main
from rhythmic.networks import published
from rhythmic.plotting.accuracy import accuracy_strip

SINGLE, STEPPED, DOUBLE = "float32", "float32, a step a pixel", "float64"

CLAIMS = (
    Claim(
        "double-precision",
        "Trained in float64, the golden network is more accurate than in float32.",
        f"Float64 less float32, {PAIRED}; equivalent within 0.01.",
    ),
    Claim(
        "step-a-pixel",
        "In float32 a step a pixel, with its larger rounding, is less accurate than float64.",
        f"Float64 less float32 a step a pixel, {PAIRED}; equivalent within 0.01.",
    ),
)

PRESETS = {
    "smoke": CompareOptions(
        preset="smoke", num_train=256, epochs=4, seeds=(101, 102), learning_rates=(0.01,)
    ),
    "quick": CompareOptions(learning_rates=(0.01,), epochs=10),
    "full": CompareOptions(
        preset="full",
        dataset="mnist",
        epochs=30,
        seeds=tuple(range(101, 111)),
        learning_rates=(0.003,),
        results=RESULTS / "precision.jsonl",
    ),
    "accelerator": CompareOptions(
        preset="accelerator",
        dataset="mnist",
        epochs=30,
        seeds=tuple(range(101, 121)),
        learning_rates=(0.003,),
        results=RESULTS / "precision.jsonl",
    ),
}


def conditions(options: CompareOptions) -> list[Condition]:
    """Return the three arithmetics."""
    pool, golden = options.pool(), published()["rrn-golden"]

    return [
        options.condition(pool, SINGLE, golden),
        options.condition(pool, STEPPED, golden, method="scan"),
        options.condition(pool, DOUBLE, golden, precision="float64"),
    ]


def findings(options: CompareOptions, rows: Rows) -> list[Finding]:
    """Compare seed by seed."""
    del options

    def against(claim: Claim, other: str) -> Finding:
        def find() -> Finding:
            return accuracy_finding(claim, rows[DOUBLE], rows[other], paired=True)

        return if_asked(claim, rows, (DOUBLE, other), find)

    return [against(claim, other) for claim, other in zip(CLAIMS, (SINGLE, STEPPED), strict=True)]


def draw(options: CompareOptions, rows: Rows) -> dict[str, Figure]:
    """Draw every network of the three arithmetics, equal seeds joined."""
    figure, axes = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
    accuracy_strip(axes, rows, joined=True)
    axes.set_title(f"Golden network, {options.dataset}, {options.epochs} epochs")
    return {"precision": figure}


EXPERIMENT = Question(
    name="precision",
    section="Is the rhythmic RNN better?",
    asked="Does the arithmetic matter?",
    presets=PRESETS,
    conditions=conditions,
    claims=CLAIMS,
    findings=findings,
    draw=draw,
).experiment()

if __name__ == "__main__":
    main(EXPERIMENT)
