"""The Hopfield network: recall against load, the course of its energy, digits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rhythmic.plotting.style import LINE_STYLES, MARKERS, OKABE_ITO, note
from rhythmic.static.hopfield_capacity import CapacityEstimates, bootstrap_means
from rhythmic.typing import Float, Int, UInt8

THRESHOLD_LABELS = (r"$U_i = \frac{1}{2}\Sigma_j\,T_{ij}$", r"$U_i = 0$")
RULE_COLOURS = tuple(OKABE_ITO[name] for name in ("blue", "vermilion", "bluish green"))
IMAGE_SIDE = 28
NUM_EXAMPLES = 6
NUM_SHOWN = 12  # starts whose energies are drawn


def capacity_figure(
    sizes: Sequence[int],
    loads: Sequence[Float[np.ndarray, " load"]],
    recalled: Sequence[Float[np.ndarray, "set load threshold corruption"]],
    estimates: CapacityEstimates,
    mean_field: Sequence[float],
    level: float,
) -> Figure:
    """Draw the fraction of random patterns recalled against load, and the capacity against size.

    Args:
        sizes: N.
        loads: p/N, one array per size.
        recalled: fraction recalled in each set, one array per size; no corruption first.
        estimates: capacities of every threshold, corruption and size.
        mean_field: capacity of large networks at each threshold.
        level: fraction that defines the capacity.
    """
    figure = Figure(figsize=(7.0, 2.6))
    panels = figure.subplots(1, 3)
    colours = cm.batlow(np.linspace(0.05, 0.8, len(sizes)))
    for rule, axes in enumerate(panels[:2]):
        for number, size in enumerate(sizes):
            share = recalled[number][:, :, rule, 0]
            look = {"color": colours[number], "ls": LINE_STYLES[number % 6], "label": f"N = {size}"}
            _band(axes, loads[number], share, marker=MARKERS[number % 6], **look)
        axes.axvline(mean_field[rule], color="0.5", lw=0.8, ls=":")
        axes.axhline(level, color="0.8", lw=0.6, zorder=0)
        axes.set_xlabel("load, patterns per unit p/N")
        axes.set_title(f"{'ab'[rule]}  {THRESHOLD_LABELS[rule]}", loc="left")
        axes.set_ylim(-0.03, 1.05)
    panels[0].set_ylabel("share of patterns recalled")
    text = f"mean field\n{mean_field[0]:.3f}"
    note(panels[0], text, (mean_field[0], 0), (-3, 0), ha="right", color="0.35", size=7)
    panels[1].legend(handlelength=2.6, fontsize=7, loc="upper right")
    _trend(panels[2], sizes, estimates, mean_field)
    return figure


def _trend(
    axes: Axes, sizes: Sequence[int], estimates: CapacityEstimates, mean_field: Sequence[float]
) -> None:
    """Draw the capacity against N^(-1/2), with the mean field at 0."""
    along = np.array(sizes, float) ** -0.5
    for rule, limit in enumerate(mean_field):
        value = estimates.values[rule, 0]
        low, high = np.percentile(estimates.resampled[:, rule, 0], [2.5, 97.5], axis=0)
        axes.errorbar(
            along,
            value,
            [value - low, high - value],
            color=RULE_COLOURS[rule],
            marker=MARKERS[rule],
            ms=3.5,
            lw=0.8,
            capsize=2,
            label=THRESHOLD_LABELS[rule],
        )
        axes.axhline(limit, color=RULE_COLOURS[rule], lw=0.8, ls=":")
        text, colour = f"mean field {limit:.3f}", RULE_COLOURS[rule]
        note(axes, text, (0, limit), (2, -2), va="top", color=colour, size=7)
    axes.set_xticks([0, *along], ["∞", *(f"{size}" for size in sizes)])
    axes.tick_params("x", labelsize=7)
    for label, place in zip(axes.get_xticklabels(), [0, *along], strict=True):
        if 0 < place < 0.06:  # large sizes lie close together
            label.set_rotation(60)
    axes.set(xlim=(0, 1.08 * along.max()), ylim=(0, None))
    axes.set_xlabel(r"number of units N, spaced as $N^{-1/2}$")
    axes.set_ylabel("capacity, patterns per unit")
    axes.set_title("c", loc="left")
    axes.legend(handlelength=1.5, fontsize=7, loc="upper left")


def corruption_figure(
    loads: Float[np.ndarray, " load"],
    recalled: Float[np.ndarray, "set load threshold corruption"],
    corruptions: Sequence[float],
    title: str,
) -> Figure:
    """Draw the fraction recalled against load for probes of which more and more units are flipped.

    Args:
        loads: patterns per unit.
        recalled: fraction of patterns, by set of patterns, load, threshold and corruption.
        corruptions: fractions of the units that are flipped.
        title: of the figure.
    """
    figure = Figure(figsize=(5.2, 2.5))
    panels = figure.subplots(1, 2, sharey=True)
    colours = cm.batlow(np.linspace(0.05, 0.8, len(corruptions)))
    for rule, axes in enumerate(panels):
        for number, corruption in enumerate(corruptions):
            look = {"color": colours[number], "ls": LINE_STYLES[number % 6]}
            share = recalled[:, :, rule, number]
            label = f"{corruption:.0%} flipped"
            _band(axes, loads, share, marker=MARKERS[number % 6], label=label, **look)
        axes.set_xlabel("load, patterns per unit p/N")
        axes.set_title(f"{'ab'[rule]}  {THRESHOLD_LABELS[rule]}, {title}", loc="left")
    panels[0].set_ylabel("share of patterns recalled")
    panels[1].legend(handlelength=2.6, fontsize=7)
    return figure


def descent_figure(
    asynchronous: Float[np.ndarray, "start update"],
    synchronous: Float[np.ndarray, "start step"],
    period: Int[np.ndarray, " start"],
    num_units: int,
) -> Figure:
    """Draw the energy from random states, one unit at a time and all at once.

    Of the first starts; the last panel has the synchronous ones of all starts with the steepest
    rises, a third as many.

    Args:
        asynchronous: E before the first and after every update.
        synchronous: E at every step, from the same states.
        period: in steps, 1 where the synchronous network comes to rest, 2 where it alternates.
        num_units: N; energies are drawn over N^2.
    """
    figure = Figure(figsize=(7.0, 2.3))
    panels = figure.subplots(1, 3)
    alone, together = asynchronous / num_units**2, synchronous / num_units**2
    sweeps = np.arange(alone.shape[1]) / num_units
    panels[0].plot(sweeps, alone[:NUM_SHOWN].T, color=RULE_COLOURS[0], lw=0.7)
    panels[0].set(xlabel="time (sweeps, one update a unit)", ylabel=r"energy $E/N^2$")
    panels[0].set_title("a  one unit at a time", loc="left")
    looks = {
        1: (RULE_COLOURS[0], "-", "comes to rest"),
        2: (RULE_COLOURS[1], "--", "ends in a cycle of two"),
        0: ("0.4", ":", "neither so far"),
    }
    steepest = np.argsort(np.diff(together, axis=1).max(axis=1))[::-1][: max(1, NUM_SHOWN // 3)]
    above = together - together.min(axis=1, keepdims=True)
    for axes, energies, starts in (
        (panels[1], together, np.arange(min(NUM_SHOWN, len(period)))),
        (panels[2], above, steepest),
    ):
        for ending, (colour, style, label) in looks.items():
            chosen = starts[period[starts] == ending]
            lines = axes.plot(energies[chosen].T, color=colour, ls=style, lw=0.8)
            if lines:
                lines[0].set_label(label)
        axes.set_xlabel("time (steps of all units)")
    panels[1].set_ylim(panels[0].get_ylim())
    panels[1].set_title("b  all units at once", loc="left")
    panels[1].legend(fontsize=7)
    rise = np.diff(together[steepest], axis=1).max()
    panels[2].set_ylim(0, 5 * rise if rise > 0 else None)
    panels[2].set_ylabel(r"energy above its lowest, $/N^2$")
    panels[2].set_title("c  all at once, steepest rises", loc="left")
    return figure


def digit_figure(
    counts: Int[np.ndarray, " count"],
    overlaps: Float[np.ndarray, "count set rule tested"],
    majority: Float[np.ndarray, "count set tested"],
    rules: Sequence[str],
    pictures: UInt8[np.ndarray, "kind pixel tested"],
    num_stored: int,
    corruption: float,
) -> Figure:
    """Draw how well stored digits are recalled by each rule, and examples.

    Args:
        counts: numbers of stored digits.
        overlaps: m with the stored digit at the end.
        majority: m of the image that has each pixel as most stored digits have it.
        rules: names of the storage rules.
        pictures: stored digits, corrupted ones, and what each rule made of them.
        num_stored: number of stored digits of the pictures.
        corruption: fraction of pixels flipped before recall.
    """
    figure = Figure(figsize=(7.0, 2.9))
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.1))[0]
    axes = left.subplots()
    for rule, name in enumerate(rules):
        look = {"color": RULE_COLOURS[rule % 3], "ls": LINE_STYLES[rule % 6], "label": name}
        values = np.moveaxis(overlaps[:, :, rule].mean(axis=-1), 0, 1)
        _band(axes, counts, values, marker=MARKERS[rule % 6], **look)
    axes.plot(counts, majority.mean(axis=(1, 2)), color="0.4", lw=0.8, ls=":", label="mean image")
    before = 1 - 2 * corruption
    axes.axhline(before, color="0.75", lw=0.8, zorder=0, label="before recall")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set(xlabel="number of stored digits", ylabel="overlap with the stored digit")
    axes.set_title("a", loc="left")
    axes.legend(handlelength=2.6, fontsize=7, loc="lower left")
    names = ("stored", f"{corruption:.0%} flipped", *rules)
    pictures = pictures[:, :, :NUM_EXAMPLES]
    grid = right.subplots(len(pictures), pictures.shape[-1], squeeze=False)
    for row, (name, kind) in enumerate(zip(names, pictures, strict=True)):
        for cell, image in zip(grid[row], kind.T, strict=True):
            cell.imshow(image.reshape(IMAGE_SIDE, IMAGE_SIDE), cmap="binary", vmin=0, vmax=1)
            cell.set_xticks([])
            cell.set_yticks([])
            cell.spines[:].set_visible(False)
        grid[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", size=7)
    right.suptitle(f"b  {num_stored} digits stored", size=8, x=0.02, ha="left")
    return figure


def _band(
    axes: Axes,
    places: Float[np.ndarray, " place"],
    values: Float[np.ndarray, "set place"],
    **look: Any,
) -> None:
    """Draw the mean over sets with its 95 % interval, from resampled sets."""
    means = bootstrap_means(values, 1000, seed=0)
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    axes.plot(places, values.mean(axis=0), ms=2.5, lw=1, **look)
    axes.fill_between(places, low, high, color=look["color"], alpha=0.2, lw=0)
