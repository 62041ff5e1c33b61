"""Memory of networks against the lag, and the gates of the LSTM."""

from collections.abc import Mapping

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rhythmic.plotting.sequences import model_appearance, spread_over_seeds
from rhythmic.typing import Float, Int

LINES = ("-", "--", "-.")
NUM_EXAMPLES = 12  # single sequences drawn of each class


def memory_figure(
    inputs: Float[np.ndarray, "time feature"],
    gates: Mapping[str, Float[np.ndarray, "time batch"]],
    nodes: Mapping[str, Float[np.ndarray, "time batch"]],
    classes: Int[np.ndarray, " batch"],
    lags: Int[np.ndarray, " lag"],
    accuracies: Mapping[str, Float[np.ndarray, "lag seed"]],
    held: Mapping[str, Mapping[str, Float[np.ndarray, " seed"]]],
) -> Figure:
    """Draw one sequence, the holding cell's gates, what nodes hold, and the accuracies.

    Gates and nodes are those of one seed, on the right are all seeds.

    Args:
        inputs: of one sequence: two symbols, store flag, cue.
        gates: openings of the holding cell's gates, by name.
        nodes: by model, the node that discriminates the classes best.
        classes: the stored symbol of each sequence, 0 or 1.
        lags: longest lags, steps.
        accuracies: by model.
        held: accuracy with a gate held, by gate and by how it is held.
    """
    figure = Figure(figsize=(7.0, 1.6 + 1.1 * (1 + len(nodes))))
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.45, 1.0))[0]
    ratios = [0.7, 1.0] + [1.0] * len(nodes)
    rows = left.subplots(2 + len(nodes), 1, sharex=True, height_ratios=ratios)
    _input_panel(rows[0], inputs)
    rows[0].set_title("networks of one seed, the best LSTM's", loc="right", fontsize=7)
    _gate_panel(rows[1], {name: opening.mean(axis=1) for name, opening in gates.items()})
    labels = {"lstm": "LSTM: memory $c_t$", "rnn": "RNN: node $H_t$"}
    for axes, (name, node) in zip(rows[2:], nodes.items(), strict=True):
        _class_panel(axes, node, classes)
        axes.set_ylabel(labels.get(name, f"{model_appearance(name).label}: node"))
    rows[2].legend(loc="lower right", bbox_to_anchor=(1.0, 0.96), fontsize=7, ncols=2, borderpad=0)
    rows[-1].set_xlabel("time to the cue (steps)")
    by_lag, by_gate = right.subplots(2, 1)
    lag_panel(by_lag, lags, accuracies, chance=0.5)
    by_lag.set_xlabel("lag asked for (steps; trained on 1 to it)")
    by_lag.legend(
        loc="lower right",
        bbox_to_anchor=(1.03, 0.98),
        fontsize=7,
        ncols=3,
        borderpad=0,
        handlelength=1.9,
        handletextpad=0.4,
        columnspacing=0.9,
    )
    _held_panel(by_gate, held)
    for letter, axes in zip("abcdefgh", (*rows, by_lag, by_gate), strict=False):
        axes.set_title(letter, loc="left", fontweight="bold")
    left.align_ylabels()
    return figure


def gates_by_symbol_figure(
    gates: Mapping[str, Float[np.ndarray, "time batch"]],
    memory: Float[np.ndarray, "time batch"],
    classes: Int[np.ndarray, " batch"],
) -> Figure:
    """Draw the holding cell's gates and memory for sequences of each symbol.

    Args:
        gates: openings, by name.
        memory: of the same cell.
        classes: the stored symbol of each sequence, 0 or 1.
    """
    figure = Figure(figsize=(7.0, 3.6))
    grid = figure.subplots(2, 2, sharex=True)
    for axes, (name, opening) in zip(grid.flat, gates.items(), strict=False):
        _class_panel(axes, opening, classes)
        axes.set(ylim=(-0.05, 1.05), ylabel=f"{name} gate")
    _class_panel(grid[1, 1], memory, classes)
    grid[1, 1].set_ylabel("memory $c_t$")
    for axes in grid[1]:
        axes.set_xlabel("time to the cue (steps)")
    handles, labels = grid[1, 1].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=2, title="thick: mean, thin: sequences"
    )
    return figure


def all_cells_figure(
    gates: Mapping[str, Float[np.ndarray, "time hidden"]],
    separation: Float[np.ndarray, "time hidden"],
    lag: int,
) -> Figure:
    """Draw the mean openings of all cells' gates, and how well each cell discriminates the symbols.

    Args:
        gates: openings, by name.
        separation: d' of the memory between the two symbols.
        lag: steps from the stored symbol to the cue.
    """
    figure = Figure(figsize=(7.0, 2.4))
    panels = figure.subplots(1, 4, sharey=True)
    num_steps, num_cells = separation.shape
    # Cells from the one that holds the symbol best all the time to the one that holds it least.
    order = np.argsort(-np.nan_to_num(separation[-1 - lag : -1]).min(axis=0))
    extent = (0.5 - num_steps, 0.5, num_cells + 0.5, 0.5)
    for axes, (name, opening) in zip(panels, gates.items(), strict=False):
        image = axes.imshow(
            opening[:, order].T, vmin=0, vmax=1, cmap=cm.batlow, aspect="auto", extent=extent
        )
        axes.set(title=f"{name} gate", xlabel="time to the cue (steps)")
    panels[0].set_ylabel("memory cell")
    figure.colorbar(image, ax=panels[:3], label="mean opening", location="bottom", shrink=0.5)
    finite = np.where(np.isfinite(separation), separation, np.nan)[:, order]
    image = panels[3].imshow(finite.T, vmin=0, cmap=cm.devon, aspect="auto", extent=extent)
    panels[3].set(title="symbols apart, $d'$", xlabel="time to the cue (steps)")
    figure.colorbar(image, ax=panels[3], label="$d'$ of $c_t$", location="bottom", shrink=0.8)
    return figure


def _input_panel(axes: Axes, inputs: Float[np.ndarray, "time feature"]) -> None:
    """Draw the inputs of one sequence, dark where one."""
    num_steps, num_features = inputs.shape
    extent = (0.5 - num_steps, 0.5, num_features - 0.5, -0.5)
    axes.imshow(inputs.T, cmap="Greys", aspect="auto", extent=extent, interpolation="nearest")
    axes.set_yticks(range(num_features), ["symbol 0", "symbol 1", "store flag", "cue"], fontsize=7)


def _gate_panel(axes: Axes, gates: Mapping[str, Float[np.ndarray, " time"]]) -> None:
    """Draw the mean opening of gates over the time to the cue."""
    colours = cm.batlow(np.linspace(0.1, 0.75, len(gates)))
    for colour, line, (name, opening) in zip(colours, LINES, gates.items(), strict=True):
        axes.plot(np.arange(1 - len(opening), 1), opening, ls=line, color=colour, label=name)
    axes.set(ylim=(-0.05, 1.05), ylabel="gate opening")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.96), fontsize=7, ncols=3, borderpad=0)


def _class_panel(
    axes: Axes, activity: Float[np.ndarray, "time batch"], classes: Int[np.ndarray, " batch"]
) -> None:
    """Draw one node for sequences of each class: thick the mean, thin some of them."""
    steps = np.arange(1 - len(activity), 1)
    for label, colour in enumerate(cm.vik([0.15, 0.8])):
        of_class = activity[:, classes == label]
        line = LINES[label]
        axes.plot(steps, of_class[:, :NUM_EXAMPLES], color=colour, ls=line, lw=0.4, alpha=0.5)
        axes.plot(
            steps, of_class.mean(axis=1), color=colour, ls=line, lw=1.6, label=f"symbol {label}"
        )


def lag_panel(
    axes: Axes,
    lags: Int[np.ndarray, " lag"],
    accuracies: Mapping[str, Float[np.ndarray, "lag seed"]],
    chance: float,
) -> None:
    """Draw accuracy against the lag: every seed, means and 95 % intervals clipped to [0, 1].

    Args:
        axes: where to draw.
        lags: steps from the symbol to the cue.
        accuracies: by model.
        chance: accuracy of a guess.
    """
    shifts = np.linspace(-0.05, 0.05, len(accuracies)) if len(accuracies) > 1 else [0.0]
    for shift, (name, values) in zip(shifts, accuracies.items(), strict=True):
        means, low, high = zip(*(spread_over_seeds(x, "classes") for x in values), strict=True)
        label, colour, line, marker, _ = model_appearance(name)
        places = lags * np.exp(shift)
        axes.plot(places, values, marker, ms=2.5, mfc="none", mew=0.5, alpha=0.6, color=colour)
        axes.plot(places, means, marker=marker, ls=line, ms=4, color=colour, label=label)
        if values.shape[1] > 1:
            axes.vlines(places, low, high, lw=0.8, color=colour)
    axes.axhline(chance, color="0.6", lw=0.8, ls=":")
    axes.text(lags[0], chance - 0.02, "chance", fontsize=7, color="0.35", va="top")
    axes.set_xscale("log")
    axes.set_xticks(lags, [f"{lag:g}" for lag in lags])
    axes.minorticks_off()
    lowest = min(np.nanmin(values) for values in accuracies.values())
    axes.set(ylim=(min(0.35, lowest - 0.05), 1.04), ylabel="test accuracy")


def _held_panel(axes: Axes, held: Mapping[str, Mapping[str, Float[np.ndarray, " seed"]]]) -> None:
    """Draw the accuracy with one gate of all cells held: bars of means, and every seed."""
    ways = list(next(iter(held.values())))
    width = 0.8 / len(ways)
    colours = cm.batlow(np.linspace(0.15, 0.85, len(ways)))
    for way, (colour, label) in enumerate(zip(colours, ways, strict=True)):
        places = np.arange(len(held)) + (way - (len(ways) - 1) / 2) * width
        values = [found[label] for found in held.values()]
        means = [np.mean(of_seeds) for of_seeds in values]
        hatch = ("", "////", "....")[way % 3]
        axes.bar(
            places, means, width, color=colour, hatch=hatch, edgecolor="white", lw=0.3, label=label
        )
        axes.plot(places, np.array(values), "o", ms=2.2, mfc="white", mec="0.2", mew=0.5)
    axes.axhline(0.5, color="0.6", lw=0.8, ls=":")
    axes.set_xticks(range(len(held)), [f"{gate} gate" for gate in held])
    axes.set(ylim=(0.0, 1.04), ylabel="accuracy, gate held")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3, fontsize=7)
