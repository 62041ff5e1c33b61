"""Can any of the lecture's models so far generate a rhythm on its own?"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.script import Experiment, main
from experiments.stages import Results, Stages
from experiments.who_can_rhythm_models import (
    LINEAR_RADII,
    PRESETS,
    TANH_MODULI,
    WhoCanRhythmOptions,
    hopfield,
    one_node,
    recurrent_networks,
    rhythmic_node,
    rotations,
    static_networks,
)
from rhythmic.plotting.who_can_rhythm import ModelRow, network_figure, reach_figure
from rhythmic.rhythm_detection import MINIMUM_CYCLES, RhythmKind

LABELS = {
    "perceptron": "perceptron, constant input",
    "feedforward": "feedforward, constant input",
    "asynchronous": "Hopfield, one unit at a time",
    "synchronous": "Hopfield, all units at once",
    "linear_node": "one RNN node, linear",
    "tanh_node": "one RNN node, tanh fed back",
    "linear": "RNN as written, h",
    "shown": "RNN as written, H = tanh(h)",
    "tanh": "RNN as used, tanh fed back",
    "rotation": "two tanh nodes that turn",
    "node": "rhythmic node",
    "sequence": "(Hopfield, asymmetric)",
}
CONDITIONS = {
    "perceptron": "never: no feedback",
    "feedforward": "never: no feedback",
    "asynchronous": "never: the energy falls until it stands",
    "synchronous": "a cycle of two states, from some starts",
    "linear_node": "w < 0; lasts for w = -1 alone",
    "tanh_node": "w < -1",
    "linear": "leading eigenvalue complex or negative; lasts at modulus 1",
    "shown": "the same; above modulus 1 tanh caps what is shown",
    "tanh": "the same, modulus above 1",
    "rotation": "modulus above 1, small angles held at large modulus",
    "node": "complex roots; r = 0.99999 as in the lecture's network, so that it fades as r^t",
    "sequence": "weights not symmetric: outside the lecture's rule",
}


def measure(options: WhoCanRhythmOptions, stages: Stages) -> Results:
    """Run every model on its own and measure its rhythm."""
    parts: dict[str, Callable[[], Results]] = {
        "static": partial(static_networks, options),
        "one_node": partial(one_node, options),
        "hopfield": partial(hopfield, options),
        "rotations": partial(rotations, options),
        "rhythmic_node": partial(rhythmic_node, options),
    }
    for size in options.sizes:
        parts[f"networks_{size}"] = partial(recurrent_networks, options, size)
    with jax.enable_x64(True):
        found = stages.each(parts)
    sizes = [found.pop(f"networks_{size}") for size in options.sizes]
    networks = {name: np.stack([part[name] for part in sizes]) for name in sizes[0]}
    return {name: array for part in (*found.values(), networks) for name, array in part.items()}


class Tally(NamedTuple):
    """What the runs of one model did: counts, and frequencies in Hz."""

    runs: int
    lasting: int
    passing: int
    irregular: int
    sustained: np.ndarray
    fading: np.ndarray


def tally(results: Results, model: str) -> Tally:
    """Count the verdicts on one model."""
    kind, frequency = results[f"{model}_kind"], results[f"{model}_frequency"]
    lasting = kind == RhythmKind.SUSTAINED
    passing = (kind == RhythmKind.DECAYS) | (kind == RhythmKind.GROWS)
    irregular = int(np.sum(kind == RhythmKind.IRREGULAR))
    counts = kind.size, int(lasting.sum()), int(passing.sum()), irregular
    return Tally(*counts, frequency[lasting], frequency[passing])


def misses(results: Results, model: str) -> np.ndarray:
    """Give |measured - predicted| in Hz of every rhythm that a model made."""
    of_networks = model in ("linear", "shown", "tanh")
    predicted = results["predicted" if of_networks else f"{model}_predicted"]
    distance = np.abs(results[f"{model}_frequency"] - predicted)
    return distance[np.isfinite(distance)]


def span(frequency: np.ndarray) -> str:
    """Write the range of some frequencies."""
    if not frequency.size:
        return "none"
    low, high = frequency.min(), frequency.max()
    return f"{low:.4g}" if high - low < 1e-3 * high else f"{low:.3g}-{high:.3g}"


def summarise(options: WhoCanRhythmOptions, results: Results) -> str:
    """Print verdicts, frequencies against eigenvalues, and networks by size."""
    head = f"{'model, left to itself':<29}{'runs':>6}{'lasts':>7}{'fades/grows':>13}"
    lines = [f"{head}{'irregular':>11}  {'lasting at (Hz)':<16}", ""]
    for model, label in LABELS.items():
        found = tally(results, model)
        counts = f"{found.runs:>6}{found.lasting:>7}{found.passing:>13}{found.irregular:>11}"
        lines.append(f"{label:<29}{counts}  {span(found.sustained)}")
        lines.append(f"    {CONDITIONS[model]}")
    driven = [tally(results, f"{model}_driven") for model in ("perceptron", "feedforward")]
    shares = ", ".join(f"{found.lasting} of {found.runs}" for found in driven)
    lines += [
        "",
        f"With an input at {float(results['drive_frequency']):g} Hz perceptrons and feedforward "
        f"networks do follow: {shares}.",
        "RNN as written: h is fed back, H = tanh(h) is shown; spectral radius "
        f"{', '.join(f'{radius:g}' for radius in LINEAR_RADII)} in turn.",
        "RNN as used: H is fed back.",
        f"{options.sample_rate:g} steps a second; the record has {options.num_steps}, so that a "
        f"rhythm of {MINIMUM_CYCLES} cycles has "
        f"{MINIMUM_CYCLES * options.sample_rate / options.num_steps:.3g} Hz.",
        "",
        "measured minus predicted frequency (Hz): median, largest (linear networks miss where two",
        "eigenvalues have nearly the same modulus or an angle is next to half the step rate)",
    ]
    for model in ("linear", "shown", "tanh", "rotation", "node", "sequence"):
        distance = misses(results, model)
        if distance.size:
            numbers = f"{np.median(distance):.2g}, {distance.max():.2g}"
            lines.append(f"    {LABELS[model]:<29} {numbers}")
    rate = np.log(results["radius"]) * options.sample_rate
    surplus = np.abs(results["linear_growth_rate"] - rate)
    surplus = surplus[np.isfinite(results["linear_frequency"] - results["predicted"])]
    if surplus.size:
        numbers = f"{np.median(surplus):.2g}, {surplus.max():.2g}"
        lines.append(f"    growth rate of h (1/s)        {numbers}")
    difference = float(results["pair_difference"])
    lines += [
        "",
        *size_table(options, results),
        "",
        "two ordinary nodes with weights [[w1, w2], [1, 0]] are the rhythmic node:",
        f"    largest difference {difference:.1e} of its largest value",
    ]
    return "\n".join(lines)


def below_half_rate(options: WhoCanRhythmOptions, results: Results) -> np.ndarray:
    """Tell which random tanh networks keep a rhythm that is more than a flicker."""
    lasting = results["tanh_kind"] == RhythmKind.SUSTAINED
    return lasting & (results["tanh_frequency"] < 0.499 * options.sample_rate)


def size_table(options: WhoCanRhythmOptions, results: Results) -> list[str]:
    """Write what random networks of each size do."""
    kind, miss = results["tanh_kind"], np.abs(results["tanh_frequency"] - results["predicted"])
    lasting, slower = kind == RhythmKind.SUSTAINED, below_half_rate(options, results)
    near = 0.01 * options.sample_rate
    rows = [
        f"random tanh networks, spectral radius {options.tanh_radius:g} (last column: share of "
        "those below",
        f"half the step rate that keep within {near:g} Hz of the angle of their eigenvalue)",
        f"{'nodes':>8}{'complex leading':>17}{'lasts':>9}{'below half rate':>17}"
        f"{'irregular':>11}{'near the angle':>16}",
    ]
    for number, size in enumerate(options.sizes):
        of_all = f"{size:>8}{results['complex'][number].mean():>17.3f}"
        of_all += f"{lasting[number].mean():>9.3f}{slower[number].mean():>17.3f}"
        irregular = np.mean(kind[number] == RhythmKind.IRREGULAR)
        close = np.mean(miss[number][slower[number]] < near) if slower[number].any() else np.nan
        rows.append(f"{of_all}{irregular:>11.3f}{close:>16.3f}")
    return rows


def answer(options: WhoCanRhythmOptions, results: Results) -> str:
    """Say in one line where the lecture's claim holds and where it does not."""
    found = {model: tally(results, model) for model in LABELS}
    none = [found[model] for model in ("perceptron", "feedforward", "asynchronous")]
    rhythms = [counted.lasting + counted.passing + counted.irregular for counted in none]
    verdict = "holds" if not any(rhythms) else "fails even"
    flickers = [found[model] for model in ("tanh_node", "synchronous")]
    lasting = [f"{counted.lasting} of {counted.runs}" for counted in flickers]
    flicker = span(np.concatenate([model.sustained for model in flickers]))
    turning = below_half_rate(options, results)
    reached = span(results["tanh_frequency"][turning])
    return (
        f"The claim {verdict} for perceptrons, feedforward networks and Hopfield networks updated "
        f"one unit at a time (a rhythm in {rhythms[0]}, {rhythms[1]} and {rhythms[2]} of "
        f"{none[0].runs} each); one tanh node ({lasting[0]} weights) and Hopfield units updated "
        f"all at once ({lasting[1]} starts) flicker at {flicker} Hz, of {options.sample_rate:g} "
        f"steps a second; {turning.sum()} of {turning.size} random tanh networks keep slower "
        f"rhythms ({reached} Hz), as does one rhythmic node ({span(found['node'].sustained)} Hz)."
    )


def draw(options: WhoCanRhythmOptions, results: Results) -> dict[str, Figure]:
    """Draw what every model reached, and what eigenvalues say of networks."""
    rows = []
    for model, label in LABELS.items():
        found = tally(results, model)
        trace = shown_trace(results, model, options.sample_rate)
        rows.append(ModelRow(label, trace, found.sustained, found.fading))
    measured = {"tanh": results["tanh_frequency"], "linear": results["linear_frequency"]}
    turning = dict(zip(TANH_MODULI, results["rotation_frequency"], strict=True))
    networks = network_figure(
        options.sizes,
        results["complex"],
        results["predicted"],
        measured,
        results["rotation_predicted"],
        turning,
    )
    return {"reach": reach_figure(rows, options.sample_rate), "networks": networks}


def shown_trace(results: Results, model: str, sample_rate: float) -> np.ndarray:
    """Choose the trace to show; of random networks the first that lasts, turning at 4 to 12 %.

    The share is that of the step rate, so that a few cycles with a few steps each are seen.
    """
    traces = results[f"{model}_trace"]
    if traces.ndim == 1:
        return traces
    cycles = results[f"{model}_frequency"] / sample_rate
    lasting = results[f"{model}_kind"] == RhythmKind.SUSTAINED
    suitable = lasting & (cycles > 0.04) & (cycles < 0.12)
    best = np.argmax(lasting.ravel() + suitable.ravel().astype(int))
    return traces.reshape(-1, traces.shape[-1])[best]


EXPERIMENT = Experiment(
    name="who_can_rhythm",
    section="What about rhythms?",
    question="Can any of the models so far generate a rhythm on its own?",
    presets=PRESETS,
    measure=measure,
    summarise=summarise,
    answer=answer,
    draw=draw,
)

if __name__ == "__main__":
    main(EXPERIMENT)
