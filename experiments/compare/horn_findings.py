"""What the rows of HORN and its rivals say."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from experiments.compare.findings import (
    PAIRED,
    WELCH,
    Claim,
    Finding,
    Rows,
    accuracy_finding,
    by_seed,
    values_finding,
)
from experiments.compare.parts import Planned, if_asked, share_left
from rhythmic.plotting.accuracy import Curve
from rhythmic.records import Row

TITLES = {
    "horn": "HORN",
    "horn-heterogeneous": "HORN, heterogeneous",
    "lstm": "LSTM, mean",
    "lstm-last": "LSTM, last step",
    "rnn": "RNN, mean",
    "rnn-last": "RNN, last step",
}

RIVAL = (
    f"{WELCH}. The rival's rate is chosen on validation digits after an epoch, HORN's "
    "is the published one; the rival's gradient is clipped, HORN's is not, as published. Of the "
    "rival's two heads the one that validates better"
)
AT_THE_END = "at the end; its rate was chosen after one epoch, which may disfavour it."
EARLY = f"Test accuracy; equivalent within 0.01. {RIVAL} early."
LATE = f"Test accuracy; equivalent within 0.01. {RIVAL} {AT_THE_END}"
SHARE = (
    "Share of the accuracy above chance that is left, mean over the noise above 0; equivalent "
    f"within 0.02. {RIVAL} {AT_THE_END}"
)
KINDS = f"Test accuracy; {PAIRED}; equivalent within 0.01."

STATED = (
    "All networks have 1,386 to 1,450 trained parameters. "
    "The claim, or that rivals are clipped, was settled when HORN's own results were known, and "
    "its rivals' without clipping after one epoch."
)

CLAIMS = tuple(
    replace(claim, note=STATED)
    for claim in (
        Claim(
            "horn-early-lstm",
            "After one epoch HORN is more accurate than the LSTM.",
            EARLY,
            rhythm="helps",
        ),
        Claim(
            "horn-early-rnn",
            "After one epoch HORN is more accurate than the RNN.",
            EARLY,
            rhythm="helps",
        ),
        Claim(
            "horn-late-lstm",
            "Trained to the end, HORN is more accurate than the LSTM.",
            LATE,
            rhythm="helps",
        ),
        Claim(
            "horn-late-rnn",
            "Trained to the end, HORN is more accurate than the RNN.",
            LATE,
            rhythm="helps",
        ),
        Claim(
            "horn-noise-lstm",
            "Trained to the end, noise costs HORN a smaller share of its accuracy than the LSTM.",
            SHARE,
            margin=0.02,
            rhythm="helps",
        ),
        Claim(
            "horn-noise-rnn",
            "Trained to the end, noise costs HORN a smaller share of its accuracy than the RNN.",
            SHARE,
            margin=0.02,
            rhythm="helps",
        ),
        Claim(
            "horn-heterogeneous-early",
            "After one epoch heterogeneous HORN is more accurate than homogeneous HORN.",
            KINDS,
        ),
        Claim(
            "horn-heterogeneous-late",
            "Trained to the end, heterogeneous HORN is more accurate than homogeneous HORN.",
            KINDS,
        ),
    )
)


def horn_findings(rows: Rows, noise: Sequence[float]) -> list[Finding]:
    """Return the findings in the order of the claims.

    Args:
        rows: by network, those of the early test under ``NAME, early``.
        noise: levels at which the rows' ``noise_accuracy`` stands, from 0.
    """
    found = []
    for place, ending in ((0, ", early"), (2, "")):
        for claim, rival in zip(CLAIMS[place : place + 2], ("lstm", "rnn"), strict=True):
            label = better_head(rows, rival, ending)
            accuracy = partial(rival_finding, claim, rows, (f"horn{ending}", label))
            found.append(if_asked(claim, rows, (f"horn{ending}", label), accuracy))
    for claim, rival in zip(CLAIMS[4:6], ("lstm", "rnn"), strict=True):
        label = better_head(rows, rival)
        tolerance = partial(noise_finding, claim, rows, label, noise)
        found.append(if_asked(claim, rows, ("horn", label), tolerance))
    for claim, ending in zip(CLAIMS[6:], (", early", ""), strict=True):
        labels = (f"horn-heterogeneous{ending}", f"horn{ending}")
        kinds = partial(kinds_finding, claim, rows, labels)
        found.append(if_asked(claim, rows, labels, kinds))
    return found


def better_head(rows: Rows, rival: str, ending: str = "") -> str:
    """Return the label of the rival's head that validates better, of those that have rows."""
    labels = [f"{name}{ending}" for name in (rival, f"{rival}-last")]

    def validation(label: str) -> float:
        own = rows.get(label, ())
        if isinstance(rows, Planned):
            return float(bool(own))
        return float(np.mean([row["validation_accuracy"] for row in own])) if own else -1.0

    return max(labels, key=validation)


def rival_finding(claim: Claim, rows: Rows, labels: tuple[str, str]) -> Finding:
    """Compare homogeneous HORN with a rival after as many updates."""
    return accuracy_finding(claim, rows[labels[0]], rows[labels[1]])


def kinds_finding(claim: Claim, rows: Rows, labels: tuple[str, str]) -> Finding:
    """Compare heterogeneous with homogeneous HORN, seed by seed."""
    return accuracy_finding(claim, rows[labels[0]], rows[labels[1]], paired=True)


def noise_finding(claim: Claim, rows: Rows, label: str, noise: Sequence[float]) -> Finding:
    """Compare the shares that noise leaves; the text tells also the accuracies themselves."""
    sides = [(f"left of {TITLES[name]}", mean_shares(rows[name])) for name in ("horn", label)]
    found = values_finding(claim, *sides, paired=False, unit="share")
    ends = [
        f"{TITLES[name]} {end:.3f} at noise {noise[place]:g}"
        for name in ("horn", label)
        for place in (0, -1)
        for end in [np.mean([row["noise_accuracy"][place] for row in rows[name]])]
    ]
    return replace(found, text=f"{found.text}; {', '.join(ends)}")


def mean_shares(rows: Sequence[Row]) -> list[float]:
    """Return each seed's share of the accuracy above chance, mean over the levels above 0."""
    levels = np.array([row["noise_accuracy"] for row in by_seed(rows)], float)
    return list(share_left(levels[:, :1], levels[:, 1:]).mean(1))


def curves_of(rows: Rows, noise: Sequence[float]) -> tuple[dict[str, Curve], dict[str, Curve]]:
    """Return validation accuracy against epochs and test accuracy against noise, by network."""
    learning, tolerance = {}, {}
    for place, (name, title) in enumerate(TITLES.items()):
        if name not in rows:
            continue
        colour, style = (0, place) if name.startswith("horn") else (place // 2, place % 2)
        own = by_seed(rows[name])
        history = np.array([row["history"]["validation_accuracy"] for row in own], float)
        look = {"colour": colour, "style": style}
        learning[title] = Curve(np.arange(1, history.shape[1] + 1), history, **look)
        levels = np.array([row["noise_accuracy"] for row in own], float)
        tolerance[title] = Curve(np.array(noise), levels, **look)
    return learning, tolerance
