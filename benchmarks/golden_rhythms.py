"""``python -m benchmarks.golden_rhythms``: the sweep of gain frequencies, beside solve_ivp."""

import bisect
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import numpy as np
from scipy.integrate import solve_ivp
from scipy.signal import hilbert

from benchmarks import harness
from rhythmic.coupled import CoupledOscillators, Recording
from rhythmic.coupled.sweep import published_gain_frequencies, response
from rhythmic.progress import show
from rhythmic.provenance import device_name
from rhythmic.records import Row, write_table

METHODS = ("RK45", "DOP853", "LSODA")
REFERENCE_TOLERANCE = 1e-11
# In steps of 10^(1/4), from loose to tight.
TOLERANCES = tuple(10 ** (-exponent / 4) for exponent in range(8, 37))


@dataclass(frozen=True)
class Options:
    """Time the response to 990 gain frequencies, and a loop of scipy's solve_ivp over them.

    The loop runs over a sample of the gain frequencies and is projected to all; its tolerance is
    the loosest whose error is no larger than this project's. Both sides take turns.

    Args:
        every: the loop takes every so many-th gain frequency.
        methods: solvers of solve_ivp from RK45, DOP853, LSODA.
        repetitions: timed turns of each side.
        warm_up: turns of each side before those, not counted.
        dt: step of this project's integrator in s.
        output: CSV file for the rows, replaced if it exists.
    """

    every: int = 45
    methods: tuple[str, ...] = ("DOP853", "LSODA")
    repetitions: int = 5
    warm_up: int = 1
    dt: float = 0.0005
    output: Path = Path("benchmarks/results/golden_rhythms.csv")

    def __post_init__(self) -> None:
        harness.check_options(self, {"every": 1, "repetitions": 1, "warm_up": 0})
        harness.check_names("methods", self.methods, METHODS)
        self.recording()

    def recording(self) -> Recording:
        """Return the published duration on this step, with a sample every ms."""
        return Recording(dt=self.dt, steps_per_sample=max(1, round(0.001 / self.dt)))


class Sweep:
    """This project's side: one compiled program for all gain frequencies."""

    def __init__(self, network: CoupledOscillators, recording: Recording):
        self.frequency = published_gain_frequencies()
        program = jax.jit(lambda arrays, frequency: response(arrays, frequency, recording))
        with jax.enable_x64(True):
            self.arguments = jax.device_put((network.arrays(), self.frequency))
            lowered = program.lower(*self.arguments)
            started = time.perf_counter()
            self.compiled = lowered.compile()
            self.compile_seconds = time.perf_counter() - started

    def run(self) -> np.ndarray:
        """Return the responses, node by gain frequency."""
        with jax.enable_x64(True):
            return np.asarray(self.compiled(*self.arguments))


class Loop:
    """scipy's side: one adaptive solution for each gain frequency.

    The equations are written as one matrix for the state (x, v), which NumPy computes faster, for
    eight nodes, than sums over slices of it.
    """

    def __init__(self, network: CoupledOscillators, recording: Recording, frequency: np.ndarray):
        self.network, self.recording, self.frequency = network, recording, frequency
        stiffness = np.diag((2 * np.pi * np.array(network.frequencies)) ** 2)
        size = len(stiffness)
        none, one = np.zeros((size, size)), np.eye(size)
        self.alone = np.block([[none, one], [-stiffness, -2 * network.damping * one]])
        self.coupling = np.block([[none, none], [np.ones((size, size)) - one, none]])
        self.times = recording.sample_interval * np.arange(recording.num_samples)

    def one(self, gain_frequency: float, method: str, tolerance: float) -> np.ndarray:
        """Return the responses of all nodes to one gain frequency.

        The absolute tolerance is the relative one times 1e-4, the size of the smallest response.
        """
        network, alone, coupling = self.network, self.alone, self.coupling
        constant, modulated = network.constant_gain, network.modulated_gain
        phase_rate = 2 * np.pi * gain_frequency
        size = len(network.frequencies)

        def velocity(time: float, state: np.ndarray) -> np.ndarray:
            gain = constant + modulated * math.cos(phase_rate * time)
            return (alone + gain * coupling) @ state

        start = np.zeros(2 * size)
        start[network.driver] = 1.0
        solution = solve_ivp(
            velocity,
            (0.0, self.recording.duration),
            start,
            method=method,
            t_eval=self.times,
            rtol=tolerance,
            atol=1e-4 * tolerance,
        )
        if not solution.success:
            raise ValueError(f"{method} failed at {gain_frequency:g} Hz: {solution.message}")
        return np.abs(hilbert(solution.y[:size]))[:, : self.recording.num_averaged].mean(1)

    def run(self, method: str, tolerance: float) -> np.ndarray:
        """Return the responses, node by gain frequency."""
        return np.stack([self.one(f, method, tolerance) for f in self.frequency], axis=1)


def largest_error(found: np.ndarray, reference: np.ndarray) -> float:
    """Return the largest relative error of any response."""
    return float(np.abs(found / reference - 1).max())


def loosest(loop: Loop, method: str, reference: np.ndarray, allowed: float) -> tuple[float, float]:
    """Return, by bisection, the loosest tolerance with an error within the allowed one, and it.

    Raises:
        ValueError: if no tolerance is tight enough.
    """
    errors: dict[float, float] = {}

    def too_large(tolerance: float) -> bool:
        errors[tolerance] = largest_error(loop.run(method, tolerance), reference)
        return not errors[tolerance] <= allowed

    place = bisect.bisect_left(TOLERANCES, True, key=lambda tolerance: not too_large(tolerance))
    if place == len(TOLERANCES):
        raise ValueError(f"{method} does not reach an error of {allowed:.1e}; not timed")
    return TOLERANCES[place], errors[TOLERANCES[place]]


def compare(options: Options) -> tuple[list[Row], Row]:
    """Match errors, take turns, and return a row for each solver and what they share."""
    network, recording = CoupledOscillators(), options.recording()
    sweep = Sweep(network, recording)
    sampled = slice(None, None, options.every)
    loop = Loop(network, recording, sweep.frequency[sampled])
    share = len(sweep.frequency) / len(loop.frequency)
    show(f"reference: DOP853 with rtol {REFERENCE_TOLERANCE:g} at {len(loop.frequency)} gains")
    reference = loop.run("DOP853", REFERENCE_TOLERANCE)
    error = largest_error(sweep.run()[:, sampled], reference)
    matched = {}
    for method in options.methods:
        matched[method] = loosest(loop, method, reference, error)
        show(f"{method}: rtol {matched[method][0]:.1e}, error {matched[method][1]:.1e}")
    turns: dict[str, Callable[[], float]] = {"sweep": partial(harness.seconds, sweep.run)}
    for method, (tolerance, _) in matched.items():
        turns[method] = partial(harness.seconds, loop.run, method, tolerance)
    times = harness.take_turns(turns, repetitions=options.repetitions, warm_up=options.warm_up)
    ours = times["sweep"]
    rows = []
    for method in options.methods:
        theirs = share * times[method]
        row: Row = {"method": method, "rtol": matched[method][0]}
        row |= {"scipy_error": matched[method][1], "project_error": error}
        row |= harness.spread("project_seconds", ours) | harness.spread("scipy_seconds", theirs)
        rows.append(row | harness.spread("ratio", theirs / ours))
    return rows, {
        "gain_frequencies": len(sweep.frequency),
        "timed_of_these": len(loop.frequency),
        "compile_seconds": sweep.compile_seconds,
        "dt": options.dt,
        "repetitions": options.repetitions,
        "warm_up": options.warm_up,
    }


def table(rows: list[Row]) -> str:
    """Return the medians as Markdown, the smallest and largest in brackets."""
    titles = ("against", "rtol", "its error", "error", "rhythmic, s", "loop, s", "times faster")
    lines = [
        (
            f"solve_ivp, {row['method']}",
            f"{row['rtol']:.1e}",
            f"{row['scipy_error']:.1e}",
            f"{row['project_error']:.1e}",
            harness.cell(row, "project_seconds", 2),
            harness.cell(row, "scipy_seconds", 0),
            harness.cell(row, "ratio", 0),
        )
        for row in rows
    ]
    return harness.markdown(titles, lines)


def run(options: Options) -> None:
    """Compare, print the table and write the rows."""
    options.output.parent.mkdir(parents=True, exist_ok=True)
    versions = ("python", "jax", "jaxlib", "numpy", "scipy")
    common = {
        "device": device_name(),
        **harness.machine(versions),
        "load_average": harness.load_average(),
    }
    rows, sizes = compare(options)
    write_table(options.output, [row | sizes | common for row in rows])
    print(table(rows))
    print(
        f"\n{sizes['gain_frequencies']} gain frequencies, of which solve_ivp was timed on "
        f"{sizes['timed_of_these']} and projected; errors are the largest relative ones of these"
    )
    print(harness.in_words(sizes | common))


if __name__ == "__main__":
    harness.command("golden_rhythms", Options, run)
