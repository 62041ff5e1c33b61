"""What the LSTM experiment found, from its saved arrays: tables and the answer."""

from typing import get_args

import numpy as np

from experiments.answers import bracketed
from experiments.lstm_options import LSTMOptions
from experiments.stages import Results
from rhythmic.gates import Gate
from rhythmic.plotting.sequences import model_appearance, spread_over_seeds

GATES = get_args(Gate)
HOLDS = ("open", "at its mean", "shut")


def phases(options: LSTMOptions, results: Results) -> dict[str, np.ndarray]:
    """Return mean openings of the holding cell's gates, ``(seed, gate)``, by phase."""
    gates = results["lstm_gates"].mean(axis=-1)
    stored = gates.shape[-1] - 1 - options.shown_lag
    return {
        "before the flag": gates[..., :stored].mean(axis=-1),
        "at the flag": gates[..., stored],
        "until the cue": gates[..., stored + 1 : -1].mean(axis=-1),
        "at the cue": gates[..., -1],
    }


def kept_memory(options: LSTMOptions, results: Results) -> np.ndarray:
    """Return what the holding cell itself keeps from flag to cue, ``prod_t f_t``, one a seed.

    The product runs over the steps after the flag, the cue's with them; the mean is that over
    sequences. Where it is next to nothing, the symbol lives on in what the cells tell each other.
    """
    forget = results["lstm_gates"][:, GATES.index("forget")]
    return np.prod(forget[:, -options.shown_lag :], axis=1).mean(axis=-1)


def network_table(options: LSTMOptions, results: Results) -> list[str]:
    """Return one line a network: means over networks hide that not all hold the symbol alike."""
    found = phases(options, results)
    held = results["lstm_held"][:, :, HOLDS.index("at its mean")]
    lines = [
        "each network: its holding cell, and recall with a gate of all cells at its mean",
        f"{'seed':>4}{'kept to the cue':>17}{'input at flag':>15}{'at distractors':>16}"
        + "".join(f"{gate:>9}" for gate in GATES),
    ]
    for seed, kept in enumerate(kept_memory(options, results)):
        opened = [found[phase][seed, 0] for phase in ("at the flag", "until the cue")]
        lines.append(
            f"{seed + 1:4d}{kept:17.3f}{opened[0]:15.3f}{opened[1]:16.3f}"
            + "".join(f"{accuracy:9.3f}" for accuracy in held[seed])
        )
    return lines


def summarise(options: LSTMOptions, results: Results) -> str:
    """Return accuracies by lag, gate openings by phase, and accuracies with a gate held."""
    lags = options.longest_lags
    lines = [
        f"accuracy at the longest lag, trained on lags from 1; {options.num_seeds} seeds, mean",
        "intervals: Student's t over seeds, clipped to [0, 1]",
    ]
    lines.append(f"{'lag (steps)':16}{'numbers':>8}" + "".join(f"{lag:8d}" for lag in lags))
    for model in options.models:
        size = int(results[f"{model}_num_parameters"])
        means = results[f"{model}_accuracy"].mean(axis=1)
        rates = results[f"{model}_learning_rate"]
        name = model_appearance(model).label
        lines.append(f"{name:16}{size:8d}" + "".join(f"{mean:8.3f}" for mean in means))
        lines.append(f"{'  its rate':24}" + "".join(f"{rate:8.2g}" for rate in rates))
        at_longest = spread_over_seeds(results[f"{model}_accuracy"][-1], "classes")
        interval = bracketed(at_longest.low, at_longest.high, ".3f")
        lines.append(f"  95 % interval at {lags[-1]}: {interval}")
    lines += ["", f"gates of the cell that holds the symbol, lag {options.shown_lag}, mean opening"]
    lines.append(f"{'':18}" + "".join(f"{gate:>10}" for gate in GATES))
    for phase, openings in phases(options, results).items():
        lines.append(f"{phase:18}" + "".join(f"{mean:10.3f}" for mean in openings.mean(axis=0)))
    lines += [
        "",
        f"accuracy with a gate of all cells held; intact {results['lstm_intact'].mean():.3f}",
    ]
    lines.append(f"{'':18}" + "".join(f"{gate:>10}" for gate in GATES))
    for hold, found in zip(HOLDS, results["lstm_held"].mean(axis=0).T, strict=True):
        lines.append(f"{hold:18}" + "".join(f"{mean:10.3f}" for mean in found))
    lines += ["", *network_table(options, results), ""]
    failed = sum(int(np.sum(results[f"{model}_failed_at_step"] >= 0)) for model in options.models)
    lines.append(f"chosen networks whose numbers stopped being finite: {failed}")
    return "\n".join(lines)


def answer(options: LSTMOptions, results: Results) -> str:
    """Say in one line what the gates do and what they are good for."""
    recalled = ", ".join(
        f"{model_appearance(model).label} {results[f'{model}_accuracy'][-1].mean():.2f}"
        f" ({int(results[f'{model}_num_parameters'])} parameters)"
        for model in options.models
    )
    alone = kept_memory(options, results) > 0.5
    gated = ""
    if alone.any():
        opening = {phase: x[alone].mean(axis=0) for phase, x in phases(options, results).items()}
        at_flag, later = opening["at the flag"], opening["until the cue"]
        gated = (
            f" (forget gate {later[1]:.3f}; input gate {at_flag[0]:.2f} at the marked symbol, "
            f"{later[0]:.2f} at distractors)"
        )
    held = results["lstm_held"].mean(axis=0)[:, HOLDS.index("at its mean")]
    return (
        f"They gate a memory: in {alone.sum()} of {alone.size} LSTMs one cell keeps over half of "
        f"its own for {options.shown_lag} steps{gated}. After {options.longest_lags[-1]} steps of "
        f"distractors recall is {recalled} (chance 0.50). With input, forget or output gates "
        f"held at their means the LSTMs' {results['lstm_intact'].mean():.2f} at "
        f"{options.shown_lag} steps becomes {held[0]:.2f}, {held[1]:.2f}, {held[2]:.2f}."
    )
