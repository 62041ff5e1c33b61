"""A feedforward network as matrices: weights, activity and output, and large random networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rhythmic.plotting.style import LINE_STYLES
from rhythmic.typing import Float


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
    draw_numbers(panels[0], results["inputs"][:, None], limit, "$I$")
    draw_numbers(panels[1], results["weights_ih"], limit, "$W_{ih}$")
    draw_numbers(panels[2], results["weights_ho"], limit, "$W_{ho}$")
    for axes, name in zip(panels[3:], ("two_ten_weights", "large_weights_ih"), strict=True):
        draw_random(axes, results[name])
    for row, (name, axes) in enumerate(zip(activations, strips.subplots(1, 5), strict=True)):
        values = np.stack([results[column][row] for column in columns], axis=1)
        draw_numbers(axes, values, limit, name)
        axes.set_xticks(range(3), ["$h$", "$H$", "$o$"])
    draw_distributions(distributions.subplots(1, 2), results, activations)
    return figure


def draw_numbers(
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


def draw_random(axes: Axes, weights: Float[np.ndarray, "post pre"]) -> None:
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


def draw_distributions(
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
