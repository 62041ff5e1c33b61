"""What h_t = w1 h_{t-1} + w2 h_{t-2} does: free, driven, and beside the oscillator itself."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from experiments.rhythmic_node_options import PRESETS, RhythmicNodeOptions
from experiments.rhythmic_node_report import answer, draw, summarise
from experiments.script import Experiment, main
from experiments.stages import Results, Stages
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
)
from rhythmic.theory.forcing import backward_difference_distortion, forced_drive, forcing_weights
from rhythmic.theory.oscillator import Scheme
from rhythmic.theory.solver import solved_oscillator

SCHEMES: tuple[Scheme, ...] = ("backward_difference", "exact")


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
