"""What h_t = w1 h_{t-1} + w2 h_{t-2} does: free, driven, and beside the oscillator itself."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.options import ScriptOptions
from experiments.ranges import at_least, within
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from rhythmic.plotting.node import error_figure, node_figure
from rhythmic.rhythm_detection import complex_amplitude, measure_rhythm
from rhythmic.theory import (
    decay_time,
    node_frequency,
    second_order_regime,
    second_order_trajectory,
    weights_from_oscillator,
)
from rhythmic.theory.continuous import (
    oscillator_motion,
    oscillator_resonance,
    oscillator_response,
    sampled_oscillator_response,
    solved_oscillator,
)
from rhythmic.theory.oscillator import (
    Scheme,
    backward_difference_distortion,
    forced_drive,
    forcing_weights,
)

MOST_NUMBERS = 10**7  # of one array that a run may hold; 80 MB


SCHEMES: tuple[Scheme, ...] = ("backward_difference", "exact")
NAMES = ("backward", "exact")


@dataclass(frozen=True)
class RhythmicNodeOptions(ScriptOptions):
    """The node as an oscillator x'' + 2 beta x' + omega^2 x = F.

    Args:
        frequency: natural frequency omega / (2 pi), Hz.
        damping: beta, 1/s.
        time_steps: dt of the node, s, in rising order; errors are measured at each.
        shown_step: the dt, one of time_steps, of the figures and of the resonance, s.
        duration: of free and driven motion, s.
        drive_frequency: of the sinusoidal force, Hz.
        pulse: start and length of the force that is a pulse, s; put on the grid of each dt.
        num_drives: frequencies of the resonance curve.
        ladder: frequencies of undamped oscillators for which the scheme's own damping is told, Hz.
    """

    frequency: float = 10.0
    damping: float = 5.0
    time_steps: tuple[float, ...] = (1e-3, 2e-3, 5e-3, 1e-2)
    shown_step: float = 1e-3
    duration: float = 2.0
    drive_frequency: float = 8.0
    pulse: tuple[float, float] = (0.1, 0.02)
    num_drives: int = 100
    ladder: tuple[float, ...] = (2.0, 10.0, 40.0, 100.0, 200.0)

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        omega = 2 * np.pi * self.frequency
        within(self, frequency="(0, inf)", drive_frequency="(0, inf)")
        within(self, damping=f"(0, {omega})")  # beyond 2 pi frequency nothing oscillates
        highest = max(self.frequency, self.drive_frequency)
        steps = self.time_steps
        rising = sorted(set(steps)) == list(steps) and all(0 < step < np.inf for step in steps)
        if len(steps) < 2 or not rising:
            raise ValueError(f"time_steps is {steps}; give two or more, rising, above 0")
        if steps[-1] > 0.25 / highest:
            raise ValueError(
                f"time_steps holds {steps[-1]}; it must be at most {0.25 / highest:g}, a quarter "
                "of the fastest period"
            )
        if self.shown_step not in steps:
            raise ValueError(f"shown_step is {self.shown_step}; choose one of time_steps {steps}")
        shortest = max(64 * steps[-1], 16 / self.frequency)
        if not shortest <= self.duration < np.inf:
            raise ValueError(f"duration is {self.duration}; it must be at least {shortest:g}")
        longest = MOST_NUMBERS * steps[0]
        if self.duration > longest:
            allowed = f"at most {longest:g}, {MOST_NUMBERS:g} of the smallest of time_steps"
            raise ValueError(f"duration is {self.duration}; it must be {allowed}")
        start, length = self.pulse
        if not (steps[-1] <= start and steps[-1] <= length and start + length < self.duration):
            allowed = "start and length of one dt or more, ending before duration"
            raise ValueError(f"pulse is {self.pulse}; it needs {allowed}")
        at_least(self, num_drives=5)
        if sum(self.resonance_steps()) * self.num_drives > 4 * MOST_NUMBERS:
            raise ValueError(
                f"damping is {self.damping}; at that many num_drives ({self.num_drives}) and "
                f"shown_step {self.shown_step} the start takes too long to be forgotten"
            )
        within(self, ladder="(0, inf)")

    @property
    def slowest_drive(self) -> float:
        """The lowest frequency of the resonance curve, Hz."""
        return 0.1 * self.frequency

    def resonance_steps(self) -> tuple[int, int]:
        """Return the steps until the start has shrunk to a rounding error, and those measured."""
        washout = np.ceil(-np.log(1e-16) / (self.damping * self.shown_step))
        return int(washout), int(np.ceil(4 / (self.slowest_drive * self.shown_step)))


PRESETS = {
    "quick": RhythmicNodeOptions(),
    "full": RhythmicNodeOptions(
        preset="full",
        time_steps=(1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2),
        num_drives=200,
    ),
    "smoke": RhythmicNodeOptions(
        preset="smoke", time_steps=(5e-3, 1e-2), shown_step=5e-3, num_drives=9, ladder=(2.0, 10.0)
    ),
}


def measure(options: RhythmicNodeOptions, stages: Stages) -> Results:
    """Run the node of both schemes at every time step, and the oscillator by a solver."""
    parts = {f"dt_{dt:g}": partial(motion, options, dt) for dt in options.time_steps}
    with jax.enable_x64(True):
        found = stages.each(parts | {"resonance": partial(resonance, options)})
    steps = [found.pop(name) for name in parts]
    shown = steps[options.time_steps.index(options.shown_step)]
    curves = ("time", "free", "sine", "pulse", "solved_free", "solved_sine", "solved_pulse")
    results: Results = {name: shown[name] for name in curves}
    scalars = [name for name in steps[0] if name not in curves]
    results |= {name: np.stack([step[name] for step in steps]) for name in scalars}
    omega, dt = 2 * np.pi * options.frequency, options.shown_step
    lowest = oscillator_resonance(omega, options.damping)
    ladder = backward_difference_distortion(2 * np.pi * np.array(options.ladder), 0.0, dt)
    w1, w2 = np.linspace(-2.4, 2.4, 241), np.linspace(-1.4, 1.4, 141)
    return (
        results
        | found["resonance"]
        | {
            "resonance_peak": np.array([lowest.frequency, lowest.gain, lowest.quality]),
            "ladder_frequency": np.asarray(ladder.frequency),
            "ladder_damping": np.asarray(ladder.damping),
            "map_w1": w1,
            "map_w2": w2,
            "map_regime": np.asarray(second_order_regime(w1, w2[:, None])),
        }
    )


def motion(options: RhythmicNodeOptions, dt: float) -> Results:
    """Let both nodes move freely, under a sine and under a pulse, and compare with the solver."""
    omega, beta = 2 * np.pi * options.frequency, options.damping
    num_steps = round(options.duration / dt)
    times = dt * np.arange(num_steps + 1)
    first, length = (round(part / dt) for part in options.pulse)
    wave = 2 * np.pi * options.drive_frequency
    index = np.arange(num_steps + 1)
    forces = np.stack([np.sin(wave * times), (index >= first) & (index < first + length)], -1)
    weights = [weights_from_oscillator(omega, beta, dt, scheme) for scheme in SCHEMES]
    w1, w2 = (np.array(values)[:, None] for values in zip(*weights, strict=True))
    drives = np.stack(
        [forced_drive(forcing_weights(omega, beta, dt, scheme), forces) for scheme in SCHEMES], 1
    )
    # The free node gets the oscillator's first two samples, the driven ones start from rest.
    second = oscillator_motion(omega, beta, times[:2]).position[1]
    drive = np.concatenate([np.zeros((num_steps + 1, len(SCHEMES), 1)), drives], -1)
    h0 = drive[0] + np.array([1.0, 0.0, 0.0])
    h1 = np.concatenate([np.full((len(SCHEMES), 1), second), w1 * h0[:, 1:] + drive[1, :, 1:]], -1)
    states = np.asarray(second_order_trajectory(w1, w2, h0, h1, num_steps, drive))

    solve = partial(solved_oscillator, omega, beta)
    sine = partial(solve, force=lambda time: float(np.sin(wave * time)))
    edges = first * dt, (first + length) * dt
    solved = {
        "free": solve(times, position=1.0),
        "sine": sine(times),
        "pulse": solve(times, force=lambda time: float(edges[0] <= time < edges[1]), jumps=edges),
    }
    rhythm = measure_rhythm(jnp.asarray(states[:, :, 0]), sample_rate=1 / dt)
    # Held over each step, a sine acts half a step late.
    late = np.concatenate([[0.0], sine(times[1:] - dt / 2)])
    results: Results = {
        "time": times,
        "weights": np.stack([w1[:, 0], w2[:, 0]], -1),
        "frequency": np.asarray(rhythm.frequency),
        "damping": -np.asarray(rhythm.growth_rate),
        "root_frequency": np.asarray(node_frequency(w1[:, 0], w2[:, 0], dt)),
        "root_damping": np.asarray(1 / decay_time(w1[:, 0], w2[:, 0], dt)),
        "solver_error": np.max(np.abs(solved["free"] - oscillator_motion(omega, beta, times)[0])),
        "late_error": relative_error(states[:, 1, 1], late),
        "equation_residual": equation_residual(states[:, 0, 0], omega, beta, dt),
    }
    for case, (name, curve) in enumerate(solved.items()):
        results[name], results[f"solved_{name}"] = states[:, :, case], curve
        results[f"{name}_error"] = relative_error(states[:, :, case], curve[:, None])
    return results


def relative_error(states: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Give the largest distance in time, over the largest value of the curve."""
    return np.max(np.abs(states - curve), axis=0) / np.max(np.abs(curve))


def equation_residual(states: np.ndarray, omega: float, beta: float, dt: float) -> np.ndarray:
    """Put states into the lecture's equation of differences; over its largest term."""
    now, before, earlier = states[2:], states[1:-1], states[:-2]
    terms = np.stack(
        [
            (now - 2 * before + earlier) / dt**2,
            2 * beta * (now - before) / dt,
            omega**2 * now,
        ]
    )
    return np.max(np.abs(terms.sum(axis=0))) / np.max(np.abs(terms))


def resonance(options: RhythmicNodeOptions) -> Results:
    """Drive both nodes at many frequencies until the start is forgotten, and measure the answer."""
    omega, beta, dt = 2 * np.pi * options.frequency, options.damping, options.shown_step
    highest = min(4 * options.frequency, 0.45 / dt)
    drives = np.geomspace(options.slowest_drive, highest, options.num_drives)
    peak = oscillator_resonance(omega, beta).frequency
    if drives[0] < peak < highest:
        drives = np.union1d(drives, peak)
    # The washout is the oscillator's; the nodes, damped about as much or more, forget alike.
    washout, num_measured = options.resonance_steps()
    times = dt * np.arange(washout + num_measured)
    force = np.cos(2 * np.pi * drives * times[:, None])
    results: Results = {
        "drive": drives,
        "oscillator_response": np.asarray(oscillator_response(omega, beta, drives)),
    }
    measured, predicted = [], []
    for scheme in SCHEMES:
        w1, w2 = weights_from_oscillator(omega, beta, dt, scheme)
        drive = forced_drive(forcing_weights(omega, beta, dt, scheme), force)
        start = drive[0], w1 * drive[0] + drive[1]
        states = second_order_trajectory(w1, w2, *start, len(times) - 1, drive)
        answered = complex_amplitude(states, drives, sample_rate=1 / dt, washout=washout)
        measured.append(np.asarray(answered))
        predicted.append(sampled_oscillator_response(omega, beta, drives, dt, scheme))
    return results | {"measured_response": np.stack(measured), "node_response": np.stack(predicted)}


def asked(options: RhythmicNodeOptions) -> tuple[float, float]:
    """Return frequency in Hz and damping in 1/s at which the oscillator itself rings."""
    omega = 2 * np.pi * options.frequency
    return float(np.sqrt(omega**2 - options.damping**2) / (2 * np.pi)), options.damping


def order(options: RhythmicNodeOptions, errors: np.ndarray) -> float:
    """Return the power of dt with which an error falls between the two smallest steps."""
    small, large = options.time_steps[:2]
    return float(np.log(errors[1] / errors[0]) / np.log(large / small))


def summarise(options: RhythmicNodeOptions, results: Results) -> str:
    """Print the weights, the errors of both schemes at every step, and the resonance."""
    frequency, damping = asked(options)
    lines = [
        f"oscillator: omega / 2 pi = {options.frequency:g} Hz, beta = {options.damping:g} 1/s; "
        f"it rings at {frequency:.4f} Hz",
        "measured on the node's free motion (from its roots), and largest errors of motion over "
        "largest value",
        "",
        f"{'dt (s)':>7} {'scheme':<9}{'w1':>9}{'w2':>9}{'frequency (Hz)':>19}"
        f"{'damping (1/s)':>19}{'free':>9}{'sine':>9}{'pulse':>9}",
    ]
    for step, dt in enumerate(options.time_steps):
        for scheme, name in enumerate(NAMES):
            place = step, scheme
            w1, w2 = results["weights"][place]
            rings = f"{results['frequency'][place]:.4f} ({results['root_frequency'][place]:.4f})"
            damps = f"{results['damping'][place]:.4f} ({results['root_damping'][place]:.4f})"
            errors = [results[f"{case}_error"][place] for case in ("free", "sine", "pulse")]
            lines.append(
                f"{dt:>7g} {name:<9}{w1:>9.5f}{w2:>9.5f}{rings:>19}{damps:>19}"
                + "".join(f"{error:>9.1e}" for error in errors)
            )
    missed = np.abs(results["root_frequency"][:, 0] - frequency)
    surplus = np.abs(results["root_damping"][:, 0] - damping)
    lines += [
        "",
        f"orders in dt, backward differences: frequency {order(options, missed):.2f}, damping "
        f"{order(options, surplus):.2f},",
        f"    free motion {order(options, results['free_error'][:, 0]):.2f}, under a sine "
        f"{order(options, results['sine_error'][:, 0]):.2f}",
        f"exact weights under a sine, which is held over each step: order "
        f"{order(options, results['sine_error'][:, 1]):.2f};",
        "    set back by the half step that a held force lags: "
        f"{order(options, results['late_error']):.2f}",
        f"solver against the closed form: {results['solver_error'].max():.1e}",
        "",
        *lecture_formulas(options, results),
        "",
        *resonance_lines(options, results),
        "",
        *ladder_lines(options, results),
    ]
    return "\n".join(lines)


def lecture_formulas(options: RhythmicNodeOptions, results: Results) -> list[str]:
    """Work out alpha_1 and alpha_2 as the lecture collects them, beside the node's weights."""
    dt, beta, omega = options.shown_step, options.damping, 2 * np.pi * options.frequency
    collected = 1 + 2 * beta * dt + omega**2 * dt**2
    alpha = np.array([2 * (1 + beta * dt), -1.0]) / collected
    place = options.time_steps.index(dt)
    w1, w2 = results["weights"][place, 0]
    residual = results["equation_residual"][place]
    return [
        f"the lecture's collected terms at dt = {dt:g} s, and the node's weights",
        f"alpha_1 = 2 (1 + beta dt) / (1 + 2 beta dt + omega^2 dt^2) = {alpha[0]:.9f}; "
        f"w1 = {w1:.9f}",
        f"alpha_2 =             -1 / (1 + 2 beta dt + omega^2 dt^2) = {alpha[1]:.9f}; "
        f"w2 = {w2:.9f}",
        "the node's motion, put into the lecture's equation of differences, leaves "
        f"{residual:.1e}\n    of its largest term",
    ]


def resonance_lines(options: RhythmicNodeOptions, results: Results) -> list[str]:
    """Compare the measured resonance with the formulas."""
    peak, gain, quality = results["resonance_peak"]
    measured, node = results["measured_response"], results["node_response"]
    apart = np.max(np.abs(measured - node) / np.abs(node))
    best = np.argmax(np.abs(measured), axis=1)
    lines = [
        f"resonance at dt = {options.shown_step:g} s; the oscillator's gain is largest at "
        f"{peak:.3f} Hz, {gain:.4e} s^2",
        f"    (quality {quality:.2f})",
    ]
    for scheme, name in enumerate(NAMES):
        off = np.max(np.abs(np.abs(node[scheme]) / np.abs(results["oscillator_response"]) - 1))
        largest = np.abs(measured[scheme]).max()
        place = results["drive"][best[scheme]]
        lines.append(
            f"    {name:<9} largest gain {largest:.4e} s^2, {largest / gain:.3f} of that, at "
            f"{place:.2f} Hz; off the curve by {off:.1%}"
        )
    return [*lines, f"    simulated and closed-form response of the node differ by {apart:.1e}"]


def ladder_lines(options: RhythmicNodeOptions, results: Results) -> list[str]:
    """Tell what backward differences make of oscillators without damping."""
    lines = [
        f"undamped oscillators under backward differences at dt = {options.shown_step:g} s",
        f"{'asked (Hz)':>12}{'rings at (Hz)':>15}{'own damping (1/s)':>19}"
        f"{'gone by 1/e in (ms)':>21}{'cycles till then':>18}",
    ]
    rows = zip(options.ladder, results["ladder_frequency"], results["ladder_damping"], strict=True)
    for frequency, rings, damping in rows:
        lines.append(
            f"{frequency:>12g}{rings:>15.3f}{damping:>19.3f}{1000 / damping:>21.2f}"
            f"{rings / damping:>18.2f}"
        )
    return lines


def answer(options: RhythmicNodeOptions, results: Results) -> str:
    """Say what the node does, from the run at the step that is shown."""
    place = options.time_steps.index(options.shown_step)
    lecture, exact = (results["weights"][place, scheme] for scheme in range(2))
    rings, damps = results["frequency"][place], results["damping"][place]
    gains = np.abs(results["measured_response"]).max(axis=1) / results["resonance_peak"][1]
    return (
        f"It is a damped oscillator: for omega / 2 pi = {options.frequency:g} Hz and beta = "
        f"{options.damping:g} 1/s at {1 / options.shown_step:g} steps a second, exact weights "
        f"({exact[0]:.4f}, {exact[1]:.4f}) ring at {rings[1]:.3f} Hz, on the free oscillator's "
        f"samples (to {results['free_error'][place, 1]:.0e}); the lecture's backward differences "
        f"({lecture[0]:.4f}, {lecture[1]:.4f}) ring at {rings[0]:.3f} Hz, change "
        f"the damping by {damps[0] - options.damping:+.2f} 1/s and, driven, reach "
        f"{gains[0]:.0%} of the oscillator's peak gain (exact weights {gains[1]:.0%})."
    )


def draw(options: RhythmicNodeOptions, results: Results) -> dict[str, Figure]:
    """Draw motion, resonance and regimes; and errors against the time step."""
    time_steps = np.array(options.time_steps)
    return {
        "node": node_figure(results, options.shown_step, options.frequency),
        "errors": error_figure(results, time_steps, asked(options)),
    }


EXPERIMENT = Experiment(
    name="rhythmic_node",
    section="Rhythmic RNN",
    question="What does h[t] = w1 h[t-1] + w2 h[t-2] do?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
