"""Where the node with two weights oscillates, disappears and explodes, in theory and simulated."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from experiments.options import SweepOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, dry_run_of, main
from experiments.stages import Results, Stages, Swept
from rhythmic.plotting.atlas import Window, atlas_figure, comparison_figure
from rhythmic.rhythms.bands import catalogue
from rhythmic.stability.atlas_simulation import GROWTH_LIMIT, LARGEST_WEIGHTS, PHASE_LIMIT
from rhythmic.stability.atlas_sweep import chart_sweep, simulation_sweep, strip_sweep
from rhythmic.sweep import Sweep, run_sweep, values_axis
from rhythmic.theory import decay_time, node_frequency, second_order_regime

Precision = Literal["float32", "float64"]
MOST_POINTS = 2**24  # of a map; a run holds about 100 bytes of each


@dataclass(frozen=True)
class StabilityAtlasOptions(SweepOptions):
    """The node h_t = w1 h_{t-1} + w2 h_{t-2} over the plane of its weights.

    Args:
        w1: ends of the map along w1, no unit.
        w2: ends of the map along w2, no unit.
        zoom_w1: ends of a second map along w1, no unit; the corner (2, -1) holds slow nodes that
            hardly decay.
        zoom_w2: ends of the second map along w2, no unit.
        num_w1: points of each map along w1.
        num_w2: points of each map along w2.
        sample_rate: steps per second, 1 / dt, Hz.
        num_steps: steps of the simulation.
        overflow_threshold: size at which a simulated node stops, in units of its start, 2^20 to
            2^60.
        precisions: of the simulations, float32 and float64; theory is float64.
        bands: list of brain rhythms that is laid over the map: lecture, slice, eeg, classes,
            measured.
    """

    w1: tuple[float, float] = (-2.5, 2.5)
    w2: tuple[float, float] = (-1.5, 1.5)
    zoom_w1: tuple[float, float] = (1.97, 2.01)
    zoom_w2: tuple[float, float] = (-1.012, -0.982)
    num_w1: int = 800
    num_w2: int = 500
    sample_rate: float = 200.0
    num_steps: int = 784
    overflow_threshold: float = 2.0**60
    precisions: tuple[Precision, ...] = ("float32", "float64")
    bands: str = "eeg"

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        super().check()
        catalogue(self.bands)
        for name in ("w1", "w2", "zoom_w1", "zoom_w2"):
            low, high = getattr(self, name)
            if not -LARGEST_WEIGHTS / 2 <= low < high <= LARGEST_WEIGHTS / 2:
                allowed = f"two rising numbers within -{LARGEST_WEIGHTS / 2:g} to its opposite"
                raise ValueError(f"{name} is {(low, high)}; it takes {allowed}")
            self.check_spacing(name, low, high)
        at_least(self, num_w1=2, num_w2=2, num_steps=2)
        if self.num_w1 * self.num_w2 > MOST_POINTS:
            points = self.num_w1 * self.num_w2
            raise ValueError(f"num_w1 x num_w2 is {points}; it must be at most {MOST_POINTS}")
        within(self, sample_rate="(0, inf)", overflow_threshold=f"[{2**20}, {2**60}]")
        if not self.precisions:
            raise ValueError("precisions is empty; give float32, float64 or both")

    def check_spacing(self, name: str, low: float, high: float) -> None:
        """Refuse points so close that float32 would take neighbours for one another."""
        spacing = (high - low) / (getattr(self, f"num_{name[-2:]}") - 1 or 1)
        closest = np.spacing(np.float32(max(abs(low), abs(high))))
        if "float32" in self.precisions and spacing < 2 * closest:
            raise ValueError(
                f"{name} is {(low, high)}; its points are {spacing:.1e} apart, and float32 needs "
                f"{2 * closest:.1e}: take fewer, or precisions float64 alone"
            )


PRESETS = {
    "quick": StabilityAtlasOptions(),
    "full": StabilityAtlasOptions(preset="full", num_w1=1600, num_w2=1000),
    "smoke": StabilityAtlasOptions(preset="smoke", num_w1=60, num_w2=40, num_steps=100),
}


MAPS = ("plane", "zoom")
LECTURE_RADIUS = 0.99999  # pole radius of the nodes of the published comparison


def measure(options: StabilityAtlasOptions, stages: Stages) -> Results:
    """Chart and simulate both maps, and compare them."""
    parts = stages.each({name: partial(one_map, options, name) for name in MAPS})
    return {f"{name}_{key}": x for name, part in parts.items() for key, x in part.items()}


def one_map(options: StabilityAtlasOptions, name: str) -> Results:
    """Chart one part of the plane, simulate it in every precision, and say where they differ."""
    axes = axes_of(options, name)
    w1, w2 = axes["w1"], axes["w2"]
    sweeps = sweeps_of(options, name)
    results = axes | arrays(sweeps["chart"])
    # By NumPy, from the weights that the simulations take: exact inequalities decide.
    theory = np.asarray(second_order_regime(w1[:, None], w2), np.int8)
    results["regime"] = theory
    for precision in options.precisions:
        closed, found, strip = (
            arrays(sweeps[f"{kind}_{precision}"]) for kind in ("chart", "simulation", "strip")
        )
        inside = strip["inside"]
        results[f"inside_{precision}"] = inside
        results[f"differs_{precision}"] = found["regime"] != theory
        results[f"closed_form_{precision}"] = closed["regime"] != theory
        results[f"errors_{precision}"] = errors(found, w1, w2, 1 / options.sample_rate, inside)
        results.setdefault("overflow_step", found["overflow_step"])
    large = ("frequency", "decay_time", "growth_rate", "amplification")
    return results | {key: results[key].astype(np.float32) for key in large}


def sweeps_of(options: StabilityAtlasOptions, name: str) -> dict[str, Sweep]:
    """Return the sweeps of one map: the chart, and in every precision chart, simulation, strip."""
    w1, w2 = (values_axis(axis, x, "") for axis, x in axes_of(options, name).items())
    dt = 1 / options.sample_rate
    run: dict[str, Any] = {
        "num_steps": options.num_steps,
        "overflow_threshold": options.overflow_threshold,
    }
    sweeps = {"chart": chart_sweep(w1, w2, dt=dt, precision="float64")}
    for precision in options.precisions:
        sweeps[f"chart_{precision}"] = chart_sweep(w1, w2, dt=dt, precision=precision)
        sweeps[f"simulation_{precision}"] = simulation_sweep(
            w1, w2, dt=dt, precision=precision, **run
        )
        sweeps[f"strip_{precision}"] = strip_sweep(w1, w2, simulated=precision, **run)
    return sweeps


def sweeps(options: StabilityAtlasOptions) -> dict[str, Swept]:
    """Return the sweeps of both maps."""
    return {
        f"{name}, {kind}": Swept(sweep, stored=False)
        for name in MAPS
        for kind, sweep in sweeps_of(options, name).items()
    }


def arrays(sweep: Sweep) -> Results:
    """Compute a sweep in memory."""
    return dict(run_sweep(sweep, quiet=True).arrays)


def errors(
    found: Results, w1: np.ndarray, w2: np.ndarray, dt: float, inside: np.ndarray
) -> np.ndarray:
    """Return the largest errors outside the strip; NaN where there is no such node.

    Over the run: of phase in rad, and of the logarithm of the envelope, of pairs and of nodes with
    real roots. The last one is relative, of the growth rate of nodes that overflowed.
    """
    frequency = np.asarray(node_frequency(w1[:, None], w2, dt))
    time = np.asarray(decay_time(w1[:, None], w2, dt))
    duration = dt * found["steps_run"]
    phase = np.abs(found["frequency"] - frequency) * 2 * np.pi * duration
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.abs(found["growth_rate"] + 1 / time) * duration
        relative = np.abs(found["growth_rate"] * time + 1)
    pair, stopped = np.isfinite(frequency), found["overflow_step"] > 0
    chosen = [
        values[~inside & which & np.isfinite(values)]
        for values, which in (
            *((phase, pair), (growth, pair), (growth, ~pair)),
            (relative, stopped),
        )
    ]
    return np.array([values.max() if values.size else np.nan for values in chosen])


def axes_of(options: StabilityAtlasOptions, name: str) -> Results:
    """Return the weights along both axes of a map, as float32 holds them if it takes part."""
    prefix = "" if name == "plane" else "zoom_"
    axes = {}
    for axis in ("w1", "w2"):
        low, high = getattr(options, prefix + axis)
        values = np.linspace(low, high, getattr(options, f"num_{axis}"))
        rounded = values.astype(np.float32).astype(np.float64)
        axes[axis] = rounded if "float32" in options.precisions else values
    return axes


def summarise(options: StabilityAtlasOptions, results: Results) -> str:
    """Write how much of each map differs, and how well frequency and growth are measured."""
    ends = {"plane": (options.w1, options.w2), "zoom": (options.zoom_w1, options.zoom_w2)}
    lines = [
        f"h_t = w1 h_(t-1) + w2 h_(t-2), {options.num_w1} x {options.num_w2} points a map, T = "
        f"{options.num_steps} steps at {options.sample_rate:g} Hz",
        f"strip: |ln r| T < {GROWTH_LIMIT:g}, phase turned < {PHASE_LIMIT:.3g} rad, or rounding",
        "",
        f"{'map':7}{'run in':9}{'in strip':>10}{'differs':>10}{'outside':>9}{'closed form':>13}"
        f"{'phase':>11}{'ln size':>11}{'real roots':>12}{'overflowed':>12}",
    ]
    for name in MAPS:
        for precision in options.precisions:
            inside, differs, closed, largest = (
                results[f"{name}_{key}_{precision}"]
                for key in ("inside", "differs", "closed_form", "errors")
            )
            lines.append(
                f"{name:7}{precision:9}{inside.mean():>10.3%}{differs.mean():>10.3%}"
                f"{np.sum(differs & ~inside):>9d}{closed.mean():>13.3%}"
                + "".join(f"{x:>11.1e}" for x in largest[:2])
                + "".join(f"{x:>12.1e}" for x in largest[2:])
            )
    lines += [
        "outside: points beyond the strip at which simulation and theory give another regime",
        "closed form: share at which the closed form in that precision does",
        "phase, ln size: largest errors over a run outside the strip, rad and 1; of pairs, and of"
        " real roots",
        "overflowed: largest relative error of the growth rate of nodes that were stopped",
        "",
    ]
    for name in MAPS:
        (first, last), (low, high) = ends[name]
        lines.append(
            f"{name}: w1 {first:g} to {last:g}, w2 {low:g} to {high:g}; {stops(results, name)}"
        )
    return "\n".join(lines)


def stops(results: Results, name: str) -> str:
    """Say how many nodes of a map overflowed, and when."""
    step = results[f"{name}_overflow_step"]
    if not np.any(step > 0):
        return "none overflows"
    middle = np.median(step[step > 0])
    return f"{np.mean(step > 0):.1%} overflow, half of them by step {middle:g}"


def answer(options: StabilityAtlasOptions, results: Results) -> str:
    """Say what the node does where, and how far a simulation shows it."""
    time = results["plane_decay_time"]
    rings = (time > 0) & np.isfinite(results["plane_frequency"])
    still = (time >= 0) & np.isfinite(time) & ~rings
    parts = []
    for precision in options.precisions:
        inside, differs = (results[f"plane_{key}_{precision}"] for key in ("inside", "differs"))
        parts.append(
            f"{differs.mean():.2%} of the points in {precision}, {number_outside(differs, inside)} "
            f"the strip of {inside.mean():.2%}"
        )
    lecture = -np.log(LECTURE_RADIUS) * options.num_steps
    told = "in" if lecture < GROWTH_LIMIT else "outside"
    return (
        f"On w1 {options.w1[0]:g} to {options.w1[1]:g}, w2 {options.w2[0]:g} to "
        f"{options.w2[1]:g} it oscillates and disappears on {rings.mean():.1%} of the plane, "
        f"disappears without oscillating on {still.mean():.1%} and explodes on "
        f"{np.mean(time < 0):.1%}; {options.num_steps} simulated steps tell another regime than "
        f"theory at {' and '.join(parts)} (|ln r| T < {GROWTH_LIMIT:g} or a phase under half a "
        f"turn); pole radius {LECTURE_RADIUS:g}, with |ln r| T = {lecture:.2g}, lies {told} it."
    )


def number_outside(differs: np.ndarray, inside: np.ndarray) -> str:
    """Say whether all points that differ lie inside."""
    outside = int(np.sum(differs & ~inside))
    return "all of them in" if outside == 0 else f"{outside} of them outside"


def draw(options: StabilityAtlasOptions, results: Results) -> dict[str, Figure]:
    """Draw both maps, and where simulation, closed form and theory differ."""
    windows = {name: window(results, name) for name in MAPS}
    bands = catalogue(options.bands)
    figures = {
        "atlas" if name == "plane" else name: atlas_figure(one, bands, options.sample_rate)
        for name, one in windows.items()
    }
    titles: dict[Precision, str] = {
        p: f"{p}, {options.num_steps} steps" for p in options.precisions
    }
    strip = f"$|\\ln r|\\,T$ < {GROWTH_LIMIT:g} or turned by less than half a turn"
    figures["strip"] = comparison_figure(list(windows.values()), titles, strip, LECTURE_RADIUS)
    return figures


def window(results: Results, name: str) -> Window:
    """Return one map of the results."""
    own = {
        key.removeprefix(f"{name}_"): x for key, x in results.items() if key.startswith(f"{name}_")
    }
    return Window(own.pop("w1"), own.pop("w2"), own)


EXPERIMENT = Experiment(
    name="stability_atlas",
    section="Rhythmic RNN",
    question="For which weights does h[t] = w1 h[t-1] + w2 h[t-2] oscillate, disappear or explode?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
    all_cores=True,
    dry_run=dry_run_of(sweeps),
)

if __name__ == "__main__":
    main(EXPERIMENT)
