"""Rows of times and the table that is printed of them."""

import numpy as np

from rhythmic.records import Row

MODELS = {"rrn-golden": "RRN, 11 nodes", "rnn": "RNN, 11 nodes", "lstm": "LSTM, 6 nodes"}


def spread(name: str, values: np.ndarray) -> Row:
    """Return median, minimum and maximum."""
    return {
        name: float(np.median(values)),
        f"{name}_min": float(np.min(values)),
        f"{name}_max": float(np.max(values)),
    }


def markdown(rows: list[Row]) -> str:
    """Return the table of medians as Markdown, the smallest and largest in brackets."""

    def cell(row: Row, name: str, digits: int) -> str:
        if name not in row:
            return ""
        middle, low, high = (f"{row[name + end]:.{digits}f}" for end in ("", "_min", "_max"))
        return f"{middle} ({low} to {high})"

    titles = (
        "model",
        "members",
        "rhythmic, ms a step a member",
        "against",
        "torch, ms a step",
        "times faster",
        "compile, s",
    )
    table = [titles, ("---",) * len(titles)]
    for row in rows:
        table.append(
            (
                MODELS[row["model"]],
                str(row["members"]),
                cell(row, "project_ms", 1),
                row["against"] or "",
                cell(row, "torch_ms", 1),
                cell(row, "ratio", 1),
                f"{row['compile_seconds']:.1f}",
            )
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in table)
