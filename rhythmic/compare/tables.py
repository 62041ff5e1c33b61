"""The tables of a comparison: one row for every network, every node and every band."""

import math

import numpy as np

from rhythmic.compare.baselines import BASELINES
from rhythmic.compare.plan import RHYTHMIC
from rhythmic.compare.run import Comparison
from rhythmic.compare.verdicts import mean_of
from rhythmic.records import Row


def summary_rows(found: Comparison) -> list[Row]:
    """Return one row for every network and baseline.

    ``difference`` is the score of the rhythmic RNN less its own, ``p`` is corrected.
    """
    about = {one.claim.worse: one for one in found.verdicts if one.claim.question != "rhythms"}
    is_class = bool(found.recordings.classes)
    rows = []
    for name in (*found.plan.cells, *BASELINES):
        row = found.rows[name]
        mean = mean_of(row, is_class=is_class)
        claim = about.get(name)
        rows.append(
            {
                "cell": name,
                "hidden_size": row["hidden_size"],
                "num_parameters": row["num_parameters"],
                "n": mean.num_runs,
                "mean": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "difference": None if claim is None else claim.finding.estimate,
                "p": None if claim is None else claim.p_value,
            }
        )
    return rows


def rhythm_rows(found: Comparison) -> list[Row]:
    """Return one row for every node of every network with rhythms, means over the runs."""
    rows = []
    for cell in found.plan.cells:
        nodes = found.rows[cell].get("nodes")
        if nodes is None:
            continue
        start, learned, decay, importance = (
            np.array(nodes[name], float)
            for name in ("start_hz", "learned_hz", "decay_s", "importance")
        )
        order = (
            np.argsort(np.nanmean(start, axis=0))
            if np.isfinite(start).any()
            else range(start.shape[1])
        )
        for node in order:
            rows.append(
                {
                    "cell": cell,
                    "node": int(node),
                    "start_hz": _mean(start[:, node]),
                    "learned_hz": _mean(learned[:, node]),
                    "learned_hz_sd": _deviation(learned[:, node]),
                    "decay_s": _mean(decay[:, node]),
                    "importance": _mean(importance[:, node]),
                }
            )
    return rows


def band_rows(found: Comparison) -> list[Row]:
    """Return one row for every band: what the rhythmic RNN loses without it, mean over the runs."""
    bands = found.rows[RHYTHMIC]["bands"]
    importance = np.array(bands["importance"], float).mean(axis=0)
    return [
        {"low_hz": low, "high_hz": high, "importance": float(fall)}
        for low, high, fall in zip(bands["low_hz"], bands["high_hz"], importance, strict=True)
    ]


def rounded(row: Row) -> Row:
    """Return a row with numbers of six digits: scores are float32, and none of its noise shows."""
    return {
        name: round(x, 6) + 0.0 if isinstance(x, float) else x  # no -0.0
        for name, x in row.items()
    }


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan


def _deviation(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if known.size > 1 else math.nan


def p_text(value: float) -> str:
    """Write a p-value of three digits."""
    if math.isnan(value):
        return "not tested"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
