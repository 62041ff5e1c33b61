"""What the node h_t = w h_{t-1} does in the distant future, for every weight."""

from dataclasses import dataclass

import jax
import numpy as np
from cmcrameri import cm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.theory import (
    FirstOrderRegime,
    first_order_closed_form,
    first_order_regime,
    first_order_trajectory,
)
from rhythmic.theory.activation import limit_states

EXAMPLE_STEP = 10


@dataclass(frozen=True)
class FirstOrderOptions(ScriptOptions):
    """The node h_t = w h_{t-1}.

    Args:
        start: h_0, the state at time 0.
        weights: w, one a panel; the lecture's example first.
        num_steps: the distant future, in steps.
        num_drawn: steps that are drawn.
    """

    start: float = 0.1
    weights: tuple[float, ...] = (2.0, 1.2, 1.0, 0.8, 0.0, -0.8, -1.0, -1.2)
    num_steps: int = 1000
    num_drawn: int = 10

    def check(self) -> None:
        """Refuse a silent start, no weights, and runs too short to show the example."""
        if self.start == 0:
            raise ValueError(f"start is {self.start}; it must not be 0")
        at_least(self, num_steps=EXAMPLE_STEP)
        within(self, weights="(-inf, inf)", num_drawn=f"[1, {self.num_steps}]")


PRESETS = {
    "quick": FirstOrderOptions(),
    "full": FirstOrderOptions(preset="full"),
    "smoke": FirstOrderOptions(preset="smoke", num_steps=50),
}


def measure(options: FirstOrderOptions, stages: Stages) -> Results:
    """Run every weight, and work out the closed form, the regime and the limits."""
    del stages
    weights = np.array(options.weights)
    with jax.enable_x64(True):
        states = np.asarray(first_order_trajectory(weights, options.start, options.num_steps))
    exact = np.asarray(first_order_closed_form(weights, options.start, options.num_steps))
    with np.errstate(invalid="ignore"):  # infinity over infinity, where the power overflows
        difference = np.abs(states - exact) / np.where(exact == 0, 1.0, np.abs(exact))
    # Past overflow there is nothing to compare; one of the two may get there a step earlier.
    finite = np.isfinite(states) & np.isfinite(exact)
    difference = np.where(finite & (states != exact), difference, 0.0)
    return {
        "weight": weights,
        "state": states,
        "closed_form": exact,
        "difference": difference,
        "regime": np.asarray(first_order_regime(weights)),
        "limit": limit_states("identity", weights, options.start),
    }


def summarise(options: FirstOrderOptions, results: Results) -> str:
    """Write one row a weight: regime, states soon and late, and the limits of theory."""
    last = options.num_steps
    names = [f"h_{step}" for step in (EXAMPLE_STEP, last - 1, last)]
    header = "".join(f"{name:>12}" for name in names)
    lines = [
        f"h_t = w h_(t-1) from h_0 = {options.start:g}",
        f"{'w':>6}  {'regime':<26}{header}  limits of theory",
    ]
    for node, weight in enumerate(results["weight"]):
        states = results["state"][[EXAMPLE_STEP, last - 1, last], node]
        columns = "".join(f"{state:>12.5g}" for state in states)
        low, high = results["limit"][node]
        limits = f"{low:.3g}" if low == high else f"{low:.3g} and {high:.3g}"
        lines.append(f"{weight:>6g}  {in_words(results['regime'][node]):<26}{columns}  {limits}")
    lines.append(
        f"scan and w^t h_0 differ by at most {np.max(results['difference']):.1e} (relative,"
        " where both are finite)"
    )
    return "\n".join(lines)


def answer(options: FirstOrderOptions, results: Results) -> str:
    """Say what becomes of h_t, from the weights that were run."""
    weights, states = results["weight"], results["state"]
    parts = []
    for regime in FirstOrderRegime:
        nodes = np.flatnonzero(results["regime"] == regime)
        if len(nodes):
            before, late = states[-2:, nodes[0]]
            ending = (
                f"{before:.3g}, {late:.3g}" if np.sign(before) != np.sign(late) else f"{late:.3g}"
            )
            parts.append(f"{in_words(regime)} (w = {weights[nodes[0]]:g}: {ending})")
    example = f"h_{EXAMPLE_STEP} = {states[EXAMPLE_STEP, 0]:.6g} for w = {weights[0]:g}"
    return f"{example}; by step {options.num_steps} h_t {', '.join(reversed(parts))}."


def draw(options: FirstOrderOptions, results: Results) -> dict[str, Figure]:
    """Draw the first steps of every weight, one panel each."""
    weights = results["weight"]
    columns = min(4, len(weights))
    rows = -(-len(weights) // columns)
    figure = Figure(figsize=(7.0, 0.5 + 1.5 * rows))
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    for axes in grid.flat[len(weights) :]:
        axes.set_visible(False)
    times = np.arange(options.num_drawn + 1)
    for node, axes in enumerate(grid.flat[: len(weights)]):
        name = in_words(results["regime"][node])
        exact, states = results["closed_form"][times, node], results["state"][times, node]
        axes.plot(times, exact, color="0.6", lw=0.8, label="$w^t h_0$")
        axes.plot(times, states, "o", ms=2.5, color=cm.batlow(0.25), label="simulated")
        axes.axhline(0, color="0.3", lw=0.5)
        axes.set_title(f"$w$ = ${weights[node]:g}$\n{name}", loc="left")
        frame(axes, states)
    example = grid[0, 0]
    if options.num_drawn == EXAMPLE_STEP:
        label = f"$h_{{{EXAMPLE_STEP}}}$ = {results['state'][EXAMPLE_STEP, 0]:.6g}"
        example.annotate(label, (0.93, 0.86), xycoords="axes fraction", ha="right", size=7)
    example.legend(loc="center left", fontsize=7, handlelength=1.2)
    figure.supxlabel("time $t$ (steps)", size=8)
    figure.supylabel("state $h_t$", size=8)
    return {"trajectories": figure}


def frame(axes: Axes, states: np.ndarray) -> None:
    """Give the states room; a state that only shrinks or stays gets the start's own scale."""
    size = 1.15 * np.max(np.abs(states))
    low = -size if np.min(states) < 0 else -0.08 * size
    high = size if np.max(states) > 0 else 0.08 * size
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(4))


def in_words(regime: int) -> str:
    """Write a regime as the lecture says it."""
    if regime == FirstOrderRegime.EQUILIBRIUM:
        return "is at equilibrium"
    if regime == FirstOrderRegime.GONE:
        return "is gone"
    return FirstOrderRegime(int(regime)).name.lower().replace("_", " ")


EXPERIMENT = Experiment(
    name="first_order_node",
    section="RNN dynamics (simplified)",
    question="In the distant future, what happens to h_t?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
