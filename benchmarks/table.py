"""Rows of times and the tables that are printed of them."""

from collections.abc import Iterable, Sequence

import numpy as np

from rhythmic.records import Row

MODELS = {
    "rrn-golden": "RRN, 11 nodes",
    "rnn": "RNN, 11 nodes",
    "lstm": "LSTM, 6 nodes",
    "horn-like": "HORN-like, 256 nodes",
}


def spread(name: str, values: np.ndarray) -> Row:
    """Return median, minimum and maximum."""
    return {
        name: float(np.median(values)),
        f"{name}_min": float(np.min(values)),
        f"{name}_max": float(np.max(values)),
    }


def cell(row: Row, name: str, digits: int = 1) -> str:
    """Write a median with the smallest and largest in brackets; nothing where it is absent."""
    if name not in row:
        return ""
    middle, low, high = (f"{row[name + end]:.{digits}f}" for end in ("", "_min", "_max"))
    return f"{middle} ({low} to {high})"


def markdown(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    table = [titles, ("---",) * len(titles), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in table)


def step_tables(rows: list[Row]) -> str:
    """Return two tables: this project's training steps, and those of its rivals with the ratios."""
    first = own_steps(rows)
    return f"{first}\n\n{rival_steps(rows)}" if any(row["against"] for row in rows) else first


def own_steps(rows: list[Row]) -> str:
    """Return the table of this project's training steps."""
    titles = ("model", "members", "rhythmic, ms a step a member", "roofline share", "compile, s")
    ours = {(row["model"], row["members"]): row for row in rows}
    lines = [
        (
            MODELS[model],
            str(size),
            cell(row, "project_ms"),
            roofline(row),
            f"{row['compile_seconds']:.1f}",
        )
        for (model, size), row in ours.items()
    ]
    return markdown(titles, lines)


def rival_steps(rows: list[Row]) -> str:
    """Return the table of the rivals' training steps, with a ratio for each size of group."""
    rivals: dict[tuple[str, str], dict[int, Row]] = {}
    for row in rows:
        rivals.setdefault((row["model"], row["against"]), {})[row["members"]] = row
    sizes = sorted({row["members"] for row in rows})
    ratios = (f"times faster, {size} member{'' if size == 1 else 's'}" for size in sizes)
    titles = ("model", "against", "ms a step", "compile, s", *ratios)
    lines = []
    for (model, against), by_size in rivals.items():
        any_size = next(iter(by_size.values()))
        times = (cell(any_size, "rival_ms"), rival_compilation(any_size))
        own = (cell(by_size.get(size, {}), "ratio") for size in sizes)
        lines.append((MODELS[model], against, *times, *own))
    return markdown(titles, lines)


def epoch_table(rows: list[Row]) -> str:
    """Return the table of epochs."""
    titles = (
        "model",
        "members",
        "one core, s per 1,000 updates of a member",
        "wall time against one member",
        "several cores, s",
        "times faster than one core",
        "groups",
        "compile, s",
    )
    lines = [
        (
            MODELS[row["architecture"]],
            str(row["members"]),
            cell(row, "seconds_one_core", 2),
            cell(row, "wall_time_of_members"),
            cell(row, "seconds_several", 2),
            cell(row, "cores_ratio", 2),
            "; ".join(row[name] for name in ("groups_one", "groups_several") if name in row),
            f"{row['compile_seconds']:.1f}",
        )
        for row in rows
    ]
    return markdown(titles, lines)


def run_table(rows: list[Row]) -> str:
    """Return the table of whole runs."""
    titles = (
        "golden RRN, 30 epochs",
        "s a run",
        "of these, its share of preparing the pool",
        "groups",
        "times faster than with recurrence",
    )
    lines = [
        (
            row["architecture"],
            cell(row, "seconds_a_run", 3),
            f"{row['preparation_a_run']:.3f} (of {row['preparation_seconds']:.2f} s)",
            row["groups_one"],
            cell(row, "recurrence_ratio", 0),
        )
        for row in rows
    ]
    return markdown(titles, lines)


def paper_table(rows: list[Row]) -> str:
    """Return the table of the projected comparison."""
    titles = (
        "architecture",
        "rhythmic, h",
        "ms an update of a member",
        "groups",
        "against",
        "torch, h",
        "ms a step",
        "times faster",
    )
    lines = [
        (
            row["architecture"],
            cell(row, "project_hours", 2),
            cell(row, "project_ms_an_update", 2),
            f"{row['num_groups']} of {row['groups']}" if "groups" in row else "",
            row.get("against", ""),
            cell(row, "torch_hours"),
            cell(row, "torch_ms_a_step", 0),
            cell(row, "ratio"),
        )
        for row in rows
    ]
    return markdown(titles, lines)


def roofline(row: Row) -> str:
    """Write the share of the least time in the time taken."""
    share = f"{100 * row['roofline_share']:.0f} %"
    at_events = row.get("roofline_share_at_events")
    return share if at_events is None else f"{share}, {100 * at_events:.0f} % at the events"


def rival_compilation(row: Row) -> str:
    """Write the seconds that a rival compiles, nothing where it does not."""
    seconds = row.get("rival_compile_seconds")
    return "" if seconds is None else f"{seconds:.1f}"
