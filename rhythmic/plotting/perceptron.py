"""What a perceptron learns: gates and their lines, errors over epochs, clouds and the bound."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rhythmic.plotting.style import MARKERS, OKABE_ITO
from rhythmic.static import logic_gate
from rhythmic.static.separability import LOGIC_GATES
from rhythmic.typing import Float, Int

SHOWN_EPOCHS = 12
GATE_LINES = {"AND": ("-", "o"), "OR": ("--", "s"), "NAND": (":", "^"), "XOR": ("-", "x")}


def perceptron_figure(
    results: Mapping[str, np.ndarray], num_features: Sequence[int], gaps: Sequence[float]
) -> Figure:
    """Draw the whole experiment.

    Args:
        results: arrays by name. ``gate_lines`` (gate, epochs+1, 3): w1, w2, theta from zero
            weights. ``gate_errors`` (gate, start, epoch). ``gate_epochs`` (gate, start).
            ``example_inputs`` (example, 2), ``example_targets``, ``example_learned`` and
            ``example_widest`` (3,), ``example_gap``. ``updates``, ``bound`` (dimension, gap, run).
        num_features: dimensions of the clouds.
        gaps: gaps of the clouds, standard deviations.

    Returns:
        A figure 7 inches wide: gates above; errors, one pair of clouds and the bound below.
    """
    figure = Figure(figsize=(7.0, 4.7))
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.45), squeeze=False)[:, 0]
    for row, (name, axes) in enumerate(zip(LOGIC_GATES, above.subplots(1, 4), strict=True)):
        draw_gate(axes, name, results["gate_lines"][row], int(results["gate_epochs"][row, 0]))
    above.axes[0].set_ylabel("input 2")
    above.supxlabel("input 1 (filled: target 1, open: 0; a point on the line gives 0)", size=8)
    errors, clouds, margins = below.subplots(1, 3)
    draw_errors(errors, results["gate_errors"])
    draw_clouds(clouds, results)
    draw_bound(margins, results["updates"], results["bound"], num_features, gaps)
    return figure


def draw_gate(axes: Axes, name: str, lines: Float[np.ndarray, "epochs+1 3"], learned: int) -> None:
    """Draw a gate's four examples and the line after each epoch, the last of them bold."""
    inputs, targets = (np.asarray(values) for values in logic_gate(name))
    last = learned if learned >= 0 else min(SHOWN_EPOCHS, len(lines) - 1)
    for epoch in range(1, last):
        draw_line(axes, lines[epoch], color="0.75", lw=0.7)
    draw_line(axes, lines[last], color=OKABE_ITO["vermilion" if learned < 0 else "blue"], lw=1.6)
    draw_examples(axes, inputs, targets, size=34)
    outcome = f"after {learned} epochs" if learned >= 0 else f"never (epoch {last})"
    axes.set_title(f"{name}: {outcome}")
    axes.set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6), xticks=(0, 1), yticks=(0, 1))
    axes.set_aspect("equal")


def draw_errors(axes: Axes, errors: Int[np.ndarray, "gate start epoch"]) -> None:
    """Draw each gate's errors over the first epochs: mean over starts, and the range for XOR."""
    shown = errors[:, :, :SHOWN_EPOCHS]
    epochs = np.arange(1, shown.shape[2] + 1)
    colours = cm.batlow(np.linspace(0.05, 0.75, len(LOGIC_GATES)))
    for row, name in enumerate(LOGIC_GATES):
        style, marker = GATE_LINES[name]
        axes.plot(
            epochs,
            shown[row].mean(axis=0),
            style,
            marker=marker,
            ms=3.5,
            color=colours[row],
            label=name,
        )
    xor = shown[list(LOGIC_GATES).index("XOR")]
    axes.fill_between(epochs, xor.min(axis=0), xor.max(axis=0), color=colours[-1], alpha=0.25, lw=0)
    axes.set(xlabel="epoch", ylabel="errors of 4 examples", ylim=(-0.15, 4.15))
    axes.set_title(f"mean of {errors.shape[1]} starts (band: XOR)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.42), handlelength=2.4)


def draw_clouds(axes: Axes, results: Mapping[str, np.ndarray]) -> None:
    """Draw one pair of clouds, the line learned and the line of the largest margin."""
    inputs = results["example_inputs"]
    draw_examples(axes, inputs, results["example_targets"], size=9)
    limit = 1.08 * np.abs(inputs).max()
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="input 1", ylabel="input 2")
    draw_line(axes, results["example_learned"], color=OKABE_ITO["blue"], lw=1.6, label="learned")
    draw_line(axes, results["example_widest"], color="k", ls="--", lw=1, label="largest margin")
    axes.set_aspect("equal")
    axes.set_title(f"clouds, gap {float(results['example_gap']):g} SD")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, handlelength=1.8)


def draw_bound(
    axes: Axes,
    updates: Int[np.ndarray, "dimension gap run"],
    bound: Float[np.ndarray, "dimension gap run"],
    num_features: Sequence[int],
    gaps: Sequence[float],
) -> None:
    """Draw updates over the largest relative margin, with Novikoff's bound, its power of -2."""
    colours = cm.batlow(np.linspace(0.05, 0.8, len(gaps)))
    for i, dimension in enumerate(num_features):
        marker, filled = MARKERS[i % len(MARKERS)], i % 2 == 0
        for colour, gap_bound, gap_updates in zip(colours, bound[i], updates[i], strict=True):
            axes.plot(
                gap_bound**-0.5,
                gap_updates,
                marker,
                ms=2.2,
                color=colour,
                mfc=colour if filled else "none",
                mew=0.5,
                alpha=0.6,
                rasterized=True,
            )
        face = "0.3" if filled else "none"
        axes.plot([], [], marker, ms=4, color="0.3", mfc=face, label=f"{dimension} dimensions")
    margins = np.geomspace(bound.max() ** -0.5, bound.min() ** -0.5, 2)
    axes.loglog(margins, margins**-2.0, "k-", label="Novikoff, (R / γ)²")
    axes.set(xlabel="largest margin γ / R", ylabel="updates until learned")
    axes.set(ylim=(0.7, 3 * bound.max()), title="clouds, all gaps")
    axes.legend(loc="upper right", fontsize=7, handlelength=1.2, borderpad=0, labelspacing=0.3)
    norm = BoundaryNorm(np.arange(len(gaps) + 1) - 0.5, len(gaps))
    key = axes.figure.colorbar(
        ScalarMappable(norm, ListedColormap(colours)),
        ax=axes,
        location="bottom",
        aspect=25,
        pad=0.02,
    )
    key.set_ticks(list(range(len(gaps))), labels=[f"{gap:g}" for gap in gaps], size=6)
    key.ax.tick_params(which="both", length=0)
    key.set_label("gap between the clouds (SD)")


def draw_examples(
    axes: Axes,
    inputs: Float[np.ndarray, "example 2"],
    targets: Float[np.ndarray, " example"],
    size: float,
) -> None:
    """Draw examples in the plane, filled for target 1 and open for target 0."""
    for target, face in ((0, "white"), (1, "black")):
        points = inputs[targets == target]
        axes.scatter(
            points[:, 0], points[:, 1], s=size, facecolor=face, edgecolor="black", lw=0.8, zorder=3
        )


def draw_line(axes: Axes, line: Float[np.ndarray, " 3"], **style: Any) -> None:
    """Draw ``w1 x + w2 y + theta = 0``; nothing if both weights are zero."""
    w1, w2, theta = (float(value) for value in line)
    squared = w1**2 + w2**2
    if squared > 0:
        foot = np.array([w1, w2]) * -theta / squared
        axes.axline(tuple(foot), tuple(foot + np.array([-w2, w1])), **style)
