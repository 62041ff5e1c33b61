"""One node with an activation function: runs, fixed points and cycles.

The rhythmic node beside the oscillator: motion, resonance, regimes, errors against the step.
Dependence of a state on its past: maps over pairs of times, curves against the lag.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from rhythmic.plotting.atlas import regime_name
from rhythmic.plotting.style import LINE_STYLES
from rhythmic.theory import SecondOrderRegime
from rhythmic.typing import Bool, Float, Int

NUM_DRAWN = 30  # steps


def protection_panel(axes: Axes, runs: Mapping[str, Float[np.ndarray, " time"]]) -> None:
    """Draw |h_t| of one weight and start for several activation functions, on a logarithmic axis.

    Args:
        axes: where to draw.
        runs: h_0, h_1, ... by the name of the activation.
    """
    colours = cm.batlow(np.linspace(0.05, 0.75, len(runs)))
    # Runs that coincide (relu and the identity of a positive state) stay visible: wide below thin.
    for position, (name, states) in enumerate(runs.items()):
        size = np.abs(states[: NUM_DRAWN + 1])
        width = 2.2 - 0.4 * position
        line = LINE_STYLES[position % len(LINE_STYLES)]
        axes.semilogy(size, color=colours[position], ls=line, lw=width, label=name)
    axes.set(xlabel="time $t$ (steps)", ylabel="$|h_t|$")
    axes.legend(loc="upper left", fontsize=7)


def bifurcation_panel(
    axes: Axes,
    weights: Float[np.ndarray, " weight"],
    fixed_points: Float[np.ndarray, "weight branch"],
    are_stable: Bool[np.ndarray, "weight branch"],
    cycles: Float[np.ndarray, "weight 2"],
    simulated: Float[np.ndarray, "weight start 2"],
) -> None:
    """Draw fixed points and 2-cycles against the weight, and where simulations ended.

    Args:
        axes: where to draw.
        weights: w, rising.
        fixed_points: branches; NaN where one does not exist.
        are_stable: which of them attract.
        cycles: both values of the 2-cycle; NaN where there is none.
        simulated: last two states of runs from several starts.
    """
    stable, unstable, cycle, dots = (cm.batlow(place) for place in (0.0, 0.0, 0.45, 0.75))
    shown = slice(None, None, max(1, len(weights) // 40))
    ends = simulated[shown].reshape(len(weights[shown]), -1)
    positions = np.repeat(weights[shown], ends.shape[1])
    axes.plot(positions, ends.ravel(), "o", ms=2.8, color=dots, label="simulated, last two")
    labels = {"stable fixed point": True, "unstable fixed point": False}
    for label, wanted in labels.items():
        branches = np.where(are_stable == wanted, fixed_points, np.nan)
        style = {"color": stable, "ls": "-"} if wanted else {"color": unstable, "ls": ":"}
        axes.plot(
            weights, branches, lw=1.1, label=[label, *["_"] * (branches.shape[1] - 1)], **style
        )
    axes.plot(weights, cycles, color=cycle, ls="--", lw=1.1, label=["2-cycle", "_"])
    axes.set(xlabel="weight $w$", ylabel="$h$ in the distant future")


# Solver, lecture's scheme, exact scheme.
SOLVER: dict[str, Any] = {"color": "0.75", "lw": 3.0, "label": "oscillator (solver)"}
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#D55E00", "ls": "--", "label": "backward differences"},
    {"color": "k", "ls": "-", "lw": 0.8, "label": "exact weights"},
)
MARKERS = ("s", "o")
CASES = {"free": "o", "sine": "^", "pulse": "x"}


def _motion_panel(
    axes: Axes,
    times: Float[np.ndarray, " time"],
    states: Float[np.ndarray, "time scheme"],
    solved: Float[np.ndarray, " time"],
    title: str,
) -> None:
    """Draw the motion of both nodes over that of the oscillator; times in s."""
    axes.plot(times, solved, **SOLVER)
    for states_of_scheme, style in zip(states.T, STYLES, strict=True):
        axes.plot(times, states_of_scheme, **style)
    axes.set_title(title, loc="left")
    axes.set_xlabel("time (s)")


def _resonance_panel(
    axes: Axes,
    drives: Float[np.ndarray, " drive"],
    oscillator: Float[np.ndarray, " drive"],
    node: Float[np.ndarray, "scheme drive"],
    measured: Float[np.ndarray, "scheme drive"],
) -> None:
    """Draw gains over the drive's frequency in Hz: formulas as lines, simulations as marks."""
    axes.plot(drives, oscillator, **SOLVER | {"label": "oscillator (formula)"})
    every = max(1, len(drives) // 24)
    for number, style in enumerate(STYLES):
        axes.plot(drives, node[number], **style)
        marks = {"color": style["color"], "marker": MARKERS[number], "ls": "", "ms": 3, "mfc": "w"}
        # Two schemes that agree must both be seen: their marks take turns.
        shown = slice(number * every // 2, None, every)
        axes.plot(drives[shown], measured[number][shown], **marks)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="frequency of the force (Hz)", ylabel=r"gain $|x|\,\omega^2/|F|$")
    axes.set_title("resonance (marks: simulated)", loc="left")


def regime_panel(
    axes: Axes,
    w1: Float[np.ndarray, " w1"],
    w2: Float[np.ndarray, " w2"],
    regime: Int[np.ndarray, "w2 w1"],
    weights: Float[np.ndarray, "step scheme 2"],
) -> None:
    """Draw what every pair of weights does, the triangle, the parabola and the nodes.

    Args:
        axes: where.
        w1: weights on the last state, along the horizontal axis.
        w2: weights on the state before it.
        regime: codes of ``SecondOrderRegime``.
        weights: of the nodes, in order of the time step, joined by a line.
    """
    code = SecondOrderRegime
    kinds = {
        code.FLICKERS_AND_DISAPPEARS: (0.0, 0.35),
        code.DISAPPEARS: (1.6, 0.3),
        code.OSCILLATES_AND_DISAPPEARS: (0.0, -0.6),
        code.OSCILLATES_AND_EXPLODES: (0.0, -1.2),
        code.FLICKERS_AND_EXPLODES: (0.0, 1.2),
        code.EXPLODES: (1.9, -0.3),
    }
    tones = [0.55, 0.8, 0.3, 0.62, 0.9, 0.98]
    colours = [(*cm.batlow(tone)[:3], 0.55) for tone in (0.55, 0.75, 0.3)]
    colours += [(tone, tone, tone, 1.0) for tone in tones[3:]]
    place = np.full(int(max(code)) + 1, len(kinds) - 1)
    for number, kind in enumerate(kinds):
        place[kind] = number
    # Edges of the triangle, which the grid may hit, take the colour of their inside.
    for edge, inside in (
        (code.EQUILIBRIUM, code.DISAPPEARS),
        (code.FLICKERS, code.FLICKERS_AND_DISAPPEARS),
        (code.OSCILLATES, code.OSCILLATES_AND_DISAPPEARS),
        (code.GONE, code.DISAPPEARS),
    ):
        place[edge] = place[inside]
    norm = BoundaryNorm(np.arange(len(kinds) + 1) - 0.5, len(kinds))
    axes.pcolormesh(w1, w2, place[regime], cmap=ListedColormap(colours), norm=norm, rasterized=True)
    for kind, (x, y) in kinds.items():
        name = regime_name(kind)
        if abs(y) > 1:  # beyond the triangle there is room for one line
            name = name.replace("\n", " ")
        axes.text(x, y, name, ha="center", va="center", size=6.5)
    # The region is too narrow for its name.
    axes.plot([1.45, 0.9], [0.2, -0.1], color="0.3", lw=0.5)
    axes.plot([-2, 2, 0, -2], [-1, -1, 1, -1], color="k", lw=0.9)
    axes.plot(w1, np.where(w1**2 / 4 <= -w2[0], -(w1**2) / 4, np.nan), color="k", lw=0.9, ls="--")
    for number, style in enumerate(STYLES):
        axes.plot(
            *weights[:, number].T,
            marker=MARKERS[number],
            ms=3,
            mfc="w",
            lw=0.8,
            color=style["color"],
        )
    axes.set(xlim=(w1[0], w1[-1]), ylim=(w2[0], w2[-1]), xlabel="$w_1$", ylabel="$w_2$")
    axes.set_title("regimes, and the node as dt grows", loc="left")


def _error_panel(
    axes: Axes,
    time_steps: Float[np.ndarray, " step"],
    errors: dict[str, Float[np.ndarray, " step"]],
    styles: dict[str, dict[str, Any]],
    ylabel: str,
) -> None:
    """Draw errors against the time step in ms, both on logarithmic scales."""
    for name, values in errors.items():
        axes.loglog(1000 * time_steps, values, **styles[name], label=name, ms=3, lw=0.9)
    axes.set(xlabel="time step (ms)", ylabel=ylabel)


def node_figure(results: dict[str, np.ndarray], dt: float, frequency: float) -> Figure:
    """Draw free and driven motion, the resonance, and where the weights lie.

    Args:
        results: arrays of ``experiments.rhythmic_node``.
        dt: time step of the motion, s.
        frequency: natural frequency of the oscillator, Hz.
    """
    figure = Figure(figsize=(7.0, 4.6))
    (free, pulse), (resonance, regimes) = figure.subplots(2, 2)
    shown = results["time"] <= 8 / frequency
    times = results["time"][shown]
    _motion_panel(
        free, times, results["free"][shown], results["solved_free"][shown], f"free, dt {dt:g} s"
    )
    free.set_ylabel("position $h$ (start = 1)")
    free.legend(loc="upper right", borderpad=0)
    size = np.max(np.abs(results["solved_pulse"]))
    _motion_panel(
        pulse,
        times,
        results["pulse"][shown] / size,
        results["solved_pulse"][shown] / size,
        "driven by a pulse, from rest",
    )
    pulse.set_ylabel("position / largest")
    scale = (2 * np.pi * frequency) ** 2
    _resonance_panel(
        resonance,
        results["drive"],
        scale * np.abs(results["oscillator_response"]),
        scale * np.abs(results["node_response"]),
        scale * np.abs(results["measured_response"]),
    )
    resonance.legend(loc="upper left", borderpad=0)
    regime_panel(
        regimes,
        results["map_w1"],
        results["map_w2"],
        results["map_regime"],
        results["weights"],
    )
    return figure


def error_figure(
    results: dict[str, np.ndarray],
    time_steps: Float[np.ndarray, " step"],
    asked: tuple[float, float],
) -> Figure:
    """Draw the errors of frequency, damping and motion against the time step.

    Frequency and damping are as measured, so that those of exact weights show the errors of the
    measurement. In the right panel colours are those of the others and marks are the cases.

    Args:
        results: arrays of ``experiments.rhythmic_node``.
        time_steps: dt, s.
        asked: damped frequency in Hz and damping in 1/s of the oscillator.
    """
    figure = Figure(figsize=(7.0, 2.5))
    frequency, damping, motion = figure.subplots(1, 3)
    names = ("backward differences", "exact weights")
    styles = {
        name: {"marker": marker, "ls": style["ls"], "color": style["color"], "mfc": "w"}
        for name, marker, style in zip(names, MARKERS, STYLES, strict=True)
    }
    for axes, field, target, unit in (
        (frequency, "frequency", asked[0], "Hz"),
        (damping, "damping", asked[1], "1/s"),
    ):
        missed = np.abs(results[field] - target).T
        label = f"error of {field} ({unit})"
        _error_panel(axes, time_steps, dict(zip(names, missed, strict=True)), styles, label)
        axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.4), borderpad=0, fontsize=7)
    for case, marker in CASES.items():
        for number, style in enumerate(STYLES):
            line = {"marker": marker, "ls": style["ls"], "color": style["color"], "mfc": "w"}
            errors = results[f"{case}_error"][:, number]
            _error_panel(motion, time_steps, {case: errors}, {case: line}, "")
    motion.set_ylabel("largest error / largest value")
    handles = [
        Line2D([], [], ls="", marker=marker, color="0.4", mfc="w", ms=4, label=case)
        for case, marker in CASES.items()
    ]
    motion.legend(handles=handles, loc="center left", borderpad=0)
    return figure


def sensitivity_map(
    axes: Axes, norms: Float[np.ndarray, "time source"], limits: tuple[float, float]
) -> AxesImage:
    """Draw the size of d h_t / d I_s as a colour on a logarithmic scale, blank where it is zero.

    Args:
        axes: where to draw.
        norms: largest singular values; the later time is the first axis. Steps count from 1.
        limits: decimal logarithms of the sizes at both ends of the colour scale.

    Returns:
        The image, for a colour bar.
    """
    with np.errstate(divide="ignore"):
        sizes = np.log10(np.where(norms > 0, norms, np.nan))
    edges = (0.5, norms.shape[1] + 0.5, 0.5, norms.shape[0] + 0.5)
    image = axes.imshow(
        sizes, cmap=cm.batlow, origin="lower", extent=edges, vmin=limits[0], vmax=limits[1]
    )
    axes.set(xlabel="time of input $s$ (steps)", ylabel="time of state $t$ (steps)")
    return image


def lag_panel(
    axes: Axes,
    measured: Mapping[str, Float[np.ndarray, " lag"]],
    predicted: Mapping[str, Float[np.ndarray, " lag"]],
    rates: Mapping[str, float] | None = None,
) -> None:
    """Draw sizes of gradients against the lag: measured as lines, predicted as dots.

    Args:
        axes: where to draw.
        measured: sizes by the name of the curve, lag 0 first.
        predicted: the same by theory, for some of the curves.
        rates: factor per lag by the name of the curve, drawn as a thin line rate^lag that looks
            like its curve; curves of one rate share the line of the first of them.
    """
    colours = cm.batlow(np.linspace(0.0, 0.8, max(2, len(measured))))
    drawn: list[float] = []
    for position, (name, sizes) in enumerate(measured.items()):
        colour, style = colours[position], LINE_STYLES[position % len(LINE_STYLES)]
        axes.semilogy(sizes, color=colour, ls=style, lw=1.1, label=name)
        if rates and name in rates and rates[name] not in drawn:
            powers = rates[name] ** np.arange(len(sizes))
            axes.semilogy(powers, color=colour, ls=style, lw=0.6, zorder=0)
            drawn.append(rates[name])
        if name in predicted:
            lags = np.arange(position, len(predicted[name]), max(1, len(predicted[name]) // 12))
            axes.semilogy(lags, predicted[name][lags], "o", ms=2.6, mfc="none", color=colour)
    bottom, top = axes.get_ylim()
    axes.set(ylim=(max(bottom, 1e-12), min(top, 1e12)), xlabel="lag (steps)")
