"""What ``experiments.rhythmic_node`` prints and draws, from its saved numbers alone."""

import numpy as np
from matplotlib.figure import Figure

from experiments.rhythmic_node_options import RhythmicNodeOptions
from experiments.stages import Results
from rhythmic.plotting.rhythmic_node import error_figure, node_figure

NAMES = ("backward", "exact")


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
