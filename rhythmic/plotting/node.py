"""One node with an activation function: runs, fixed points and cycles."""

from collections.abc import Mapping

import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes

from rhythmic.plotting.style import LINE_STYLES
from rhythmic.typing import Bool, Float


def protection_panel(
    axes: Axes, runs: Mapping[str, Float[np.ndarray, " time"]], num_drawn: int = 30
) -> None:
    """Draw |h_t| of one weight and start for several activation functions, on a logarithmic axis.

    Args:
        axes: where to draw.
        runs: h_0, h_1, ... by the name of the activation.
        num_drawn: steps that are drawn.
    """
    colours = cm.batlow(np.linspace(0.05, 0.75, len(runs)))
    # Runs that coincide (relu and the identity of a positive state) stay visible: wide below thin.
    for position, (name, states) in enumerate(runs.items()):
        size = np.abs(states[: num_drawn + 1])
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
