"""The rhythmic node beside the oscillator: motion, resonance, regimes, errors against the step."""

from typing import Any

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rhythmic.plotting.atlas import regime_name
from rhythmic.theory import SecondOrderRegime
from rhythmic.typing import Float, Int

# Solver, lecture's scheme, exact scheme.
SOLVER: dict[str, Any] = {"color": "0.75", "lw": 3.0, "label": "oscillator (solver)"}
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#D55E00", "ls": "--", "label": "backward differences"},
    {"color": "k", "ls": "-", "lw": 0.8, "label": "exact weights"},
)
MARKERS = ("s", "o")
CASES = {"free": "o", "sine": "^", "pulse": "x"}


def motion_panel(
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


def resonance_panel(
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


def error_panel(
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
    motion_panel(
        free, times, results["free"][shown], results["solved_free"][shown], f"free, dt {dt:g} s"
    )
    free.set_ylabel("position $h$ (start = 1)")
    free.legend(loc="upper right", borderpad=0)
    size = np.max(np.abs(results["solved_pulse"]))
    motion_panel(
        pulse,
        times,
        results["pulse"][shown] / size,
        results["solved_pulse"][shown] / size,
        "driven by a pulse, from rest",
    )
    pulse.set_ylabel("position / largest")
    scale = (2 * np.pi * frequency) ** 2
    resonance_panel(
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
        error_panel(axes, time_steps, dict(zip(names, missed, strict=True)), styles, label)
        axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.4), borderpad=0, fontsize=7)
    for case, marker in CASES.items():
        for number, style in enumerate(STYLES):
            line = {"marker": marker, "ls": style["ls"], "color": style["color"], "mfc": "w"}
            errors = results[f"{case}_error"][:, number]
            error_panel(motion, time_steps, {case: errors}, {case: line}, "")
    motion.set_ylabel("largest error / largest value")
    handles = [
        Line2D([], [], ls="", marker=marker, color="0.4", mfc="w", ms=4, label=case)
        for case, marker in CASES.items()
    ]
    motion.legend(handles=handles, loc="center left", borderpad=0)
    return figure
