"""What a perceptron learns: gates and their lines, errors over epochs, clouds and the bound.

A feedforward network as matrices: weights, activity and output, and large random networks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rhythmic.plotting.style import LINE_STYLES, MARKERS, OKABE_ITO
from rhythmic.static import logic_gate
from rhythmic.static.perceptron import LOGIC_GATES
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
        _draw_gate(axes, name, results["gate_lines"][row], int(results["gate_epochs"][row, 0]))
    above.axes[0].set_ylabel("input 2")
    above.supxlabel("input 1 (filled: target 1, open: 0; a point on the line gives 0)", size=8)
    errors, clouds, margins = below.subplots(1, 3)
    _draw_errors(errors, results["gate_errors"])
    _draw_clouds(clouds, results)
    _draw_bound(margins, results["updates"], results["bound"], num_features, gaps)
    return figure


def _draw_gate(axes: Axes, name: str, lines: Float[np.ndarray, "epochs+1 3"], learned: int) -> None:
    """Draw a gate's four examples and the line after each epoch, the last of them bold."""
    inputs, targets = (np.asarray(values) for values in logic_gate(name))
    last = learned if learned >= 0 else min(SHOWN_EPOCHS, len(lines) - 1)
    for epoch in range(1, last):
        draw_line(axes, lines[epoch], color="0.75", lw=0.7)
    draw_line(axes, lines[last], color=OKABE_ITO["vermilion" if learned < 0 else "blue"], lw=1.6)
    _draw_examples(axes, inputs, targets, size=34)
    outcome = f"after {learned} epochs" if learned >= 0 else f"never (epoch {last})"
    axes.set_title(f"{name}: {outcome}")
    axes.set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6), xticks=(0, 1), yticks=(0, 1))
    axes.set_aspect("equal")


def _draw_errors(axes: Axes, errors: Int[np.ndarray, "gate start epoch"]) -> None:
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


def _draw_clouds(axes: Axes, results: Mapping[str, np.ndarray]) -> None:
    """Draw one pair of clouds, the line learned and the line of the largest margin."""
    inputs = results["example_inputs"]
    _draw_examples(axes, inputs, results["example_targets"], size=9)
    limit = 1.08 * np.abs(inputs).max()
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="input 1", ylabel="input 2")
    draw_line(axes, results["example_learned"], color=OKABE_ITO["blue"], lw=1.6, label="learned")
    draw_line(axes, results["example_widest"], color="k", ls="--", lw=1, label="largest margin")
    axes.set_aspect("equal")
    axes.set_title(f"clouds, gap {float(results['example_gap']):g} SD")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, handlelength=1.8)


def _draw_bound(
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


def _draw_examples(
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


def feedforward_figure(results: Mapping[str, np.ndarray], activations: Sequence[str]) -> Figure:
    """Draw the whole experiment.

    Args:
        results: arrays by name. ``inputs`` (3,), ``weights_ih`` and ``weights_ho`` (3, 3),
            ``hidden_activity``, ``hidden_output`` and ``output_activity`` (activation, 3),
            ``two_ten_weights`` (10, 2), ``large_weights_ih`` (n, n), ``large_edges`` (bins+1,),
            ``large_density`` (1+activation, bins), ``large_sd`` and ``large_predicted_sd``
            (1+activation,), the hidden layer first and then the output layer for each activation.
        activations: their names.

    Returns:
        A figure 7 inches wide: matrices, then activity and output, then distributions.
    """
    figure = Figure(figsize=(7.0, 5.4))
    matrices, strips, distributions = figure.subfigures(
        3, 1, height_ratios=(1.15, 1, 1.35), squeeze=False
    )[:, 0]
    columns = ("hidden_activity", "hidden_output", "output_activity")
    limit = max(np.abs(results[name]).max() for name in ("weights_ih", "weights_ho", *columns))
    panels = matrices.subplots(1, 5, width_ratios=(1, 3, 3, 1.6, 3.4))
    _draw_numbers(panels[0], results["inputs"][:, None], limit, "$I$")
    _draw_numbers(panels[1], results["weights_ih"], limit, "$W_{ih}$")
    _draw_numbers(panels[2], results["weights_ho"], limit, "$W_{ho}$")
    for axes, name in zip(panels[3:], ("two_ten_weights", "large_weights_ih"), strict=True):
        _draw_random(axes, results[name])
    for row, (name, axes) in enumerate(zip(activations, strips.subplots(1, 5), strict=True)):
        values = np.stack([results[column][row] for column in columns], axis=1)
        _draw_numbers(axes, values, limit, name)
        axes.set_xticks(range(3), ["$h$", "$H$", "$o$"])
    _draw_distributions(distributions.subplots(1, 2), results, activations)
    return figure


def _draw_numbers(
    axes: Axes, values: Float[np.ndarray, "row column"], limit: float, title: str
) -> None:
    """Draw a small matrix in colours from -limit to limit, with its numbers, rows from above."""
    axes.imshow(values, cmap=cm.vik, vmin=-1.3 * limit, vmax=1.3 * limit)
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.0f}" if value == round(value) else f"{value:.2f}"
        colour = "k" if abs(value) < 0.6 * limit else "w"
        text = text.replace("-", "\N{MINUS SIGN}")
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
    axes.set_title(title)
    bare(axes)


def _draw_random(axes: Axes, weights: Float[np.ndarray, "post pre"]) -> None:
    """Draw a random matrix in colours that span three standard deviations either way."""
    limit = 3 * weights.std()
    axes.imshow(weights, cmap=cm.vik, vmin=-limit, vmax=limit, interpolation="nearest")
    post, pre = weights.shape
    axes.set(title=f"$W_{{ih}}$ ({post}, {pre})", xlabel=f"{pre} inputs", ylabel=f"{post} hidden")
    bare(axes)


def bare(axes: Axes) -> None:
    """Take away ticks and frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _draw_distributions(
    panels: Sequence[Axes], results: Mapping[str, np.ndarray], activations: Sequence[str]
) -> None:
    """Draw the distribution of activity in the hidden and in the output layer, with theory."""
    edges, density = results["large_edges"], results["large_density"]
    measured, predicted = results["large_sd"], results["large_predicted_sd"]
    size = len(results["large_weights_ih"])
    hidden, output = panels
    fine = np.linspace(edges[0], edges[-1], 400)
    hidden.stairs(
        density[0], edges, fill=True, color="0.8", label=f"networks, SD {measured[0]:.3f}"
    )
    hidden.plot(
        fine, normal(fine, predicted[0]), "k-", lw=1, label=f"predicted, SD {predicted[0]:.3f}"
    )
    hidden.set(xlabel="activity $h$ (no unit)", ylabel="density")
    hidden.set_title(f"{size} neurons a layer: hidden layer")
    hidden.legend(loc="upper left", handlelength=1.4)
    colours = cm.batlow(np.linspace(0.05, 0.75, len(activations)))
    for row, name in enumerate(activations):
        label = f"{name}: {measured[1 + row]:.3f} ({predicted[1 + row]:.3f})"
        style = LINE_STYLES[row % len(LINE_STYLES)]
        output.stairs(density[1 + row], edges, color=colours[row], ls=style, lw=1.2, label=label)
    output.set(xlabel="activity $o$ (no unit)", ylabel="density")
    output.set_title(f"{size} neurons a layer: output layer")
    output.legend(
        loc="center left", bbox_to_anchor=(0.96, 0.6), handlelength=2.4, title="SD (predicted)"
    )
    hidden.set_ylim(0, 1.45 * density[0].max())
    output.set_ylim(bottom=0)


def normal(values: Float[np.ndarray, " n"], deviation: float) -> Float[np.ndarray, " n"]:
    """Return the density of N(0, deviation^2)."""
    return np.exp(-0.5 * (values / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
