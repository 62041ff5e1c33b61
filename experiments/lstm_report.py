"""What the LSTM experiment found, from its saved arrays: tables and the answer."""

from typing import get_args

import numpy as np

from experiments.lstm_options import LSTMOptions
from experiments.script import Results
from rhythmic.gates import Gate
from rhythmic.plotting.sequences import MODEL_LABELS
from rhythmic.statistics import summarise as over_seeds

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


def summarise(options: LSTMOptions, results: Results) -> str:
    """Return accuracies by lag, gate openings by phase, and accuracies with a gate held."""
    lags = options.longest_lags
    lines = [
        f"accuracy at the longest lag, trained on lags from 1; {options.num_seeds} seeds, mean"
    ]
    lines.append(f"{'lag (steps)':16}{'numbers':>8}" + "".join(f"{lag:8d}" for lag in lags))
    for model in options.models:
        size = int(results[f"{model}_num_parameters"])
        means = results[f"{model}_accuracy"].mean(axis=1)
        rates = results[f"{model}_learning_rate"]
        name = MODEL_LABELS[model]
        lines.append(f"{name:16}{size:8d}" + "".join(f"{mean:8.3f}" for mean in means))
        lines.append(f"{'  its rate':24}" + "".join(f"{rate:8.2g}" for rate in rates))
        at_longest = over_seeds(results[f"{model}_accuracy"][-1].tolist())
        lines.append(
            f"  95 % interval at {lags[-1]}: [{at_longest.low:.3f}, {at_longest.high:.3f}]"
        )
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
    failed = sum(int(np.sum(results[f"{model}_failed_at_step"] >= 0)) for model in options.models)
    lines.append(f"chosen networks whose numbers stopped being finite: {failed}")
    return "\n".join(lines)


def answer(options: LSTMOptions, results: Results) -> str:
    """Say in one line what the gates do and what they are good for."""
    recalled = ", ".join(
        f"{MODEL_LABELS[model]} {results[f'{model}_accuracy'][-1].mean():.2f}"
        for model in options.models
    )
    opening = {phase: x.mean(axis=0) for phase, x in phases(options, results).items()}
    held = results["lstm_held"].mean(axis=0)[:, HOLDS.index("at its mean")]
    return (
        f"They gate a memory: the input gate of the cell that holds a symbol opens to "
        f"{opening['at the flag'][0]:.2f} when it is marked and to "
        f"{opening['until the cue'][0]:.2f} at distractors, the forget gate keeps "
        f"{opening['until the cue'][1]:.3f} of the memory a step; after "
        f"{options.longest_lags[-1]} steps of distractors recall is {recalled} (chance 0.50; "
        f"{options.num_updates} updates each), and "
        f"after {options.shown_lag} steps {results['lstm_intact'].mean():.2f} for the LSTM, which "
        f"with input, forget or output gates held at their means becomes "
        f"{held[0]:.2f}, {held[1]:.2f}, {held[2]:.2f}."
    )
