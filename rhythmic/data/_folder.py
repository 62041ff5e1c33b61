"""A folder of trials, one ``.npy`` each, with a CSV of the label of each file."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np

from rhythmic.progress import show

TABLE = "labels.csv"
_INTEGER = re.compile(r"-?(0|[1-9]\d*)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|nan", re.IGNORECASE)


def read_trials(
    path: str, file: str, label: str | None, group: str | None
) -> tuple[list[np.ndarray], list[Any], list[str] | None]:
    """Return trials in the order of the table, their labels, and their groups if there are any.

    Args:
        path: of the folder.
        file: column with names of files.
        label: column with labels; an empty cell is a missing one. None reads no labels.
        group: column with groups; None for the column ``group``, if there is one.

    Raises:
        ValueError: for a table or a file that is missing or does not fit; it names the line.
    """
    table = _table(path)
    header, rows = _rows(table)
    for role, column in (("inputs", file), ("targets", label), ("groups", group)):
        if column is not None and header.count(column) != 1:
            raise ValueError(
                f"{role} is {column!r}; {str(table)!r} must have one column of that name, and has "
                f"{', '.join(header) or 'none'}"
            )
    places: dict[Path, int] = {}
    trials, labels, groups = [], [], []
    for number, row in rows:
        cells = dict(zip(header, row, strict=True))
        told = f"path is {path!r}; line {number} of {table.name} names {cells[file]!r}"
        one = _file(path, cells[file], told)
        if one in places:
            raise ValueError(f"{told}, as line {places[one]} does; it must name each file once")
        places[one] = number
        trials.append(_trial(one, told))
        labels.append("" if label is None else cells[label])
        groups.append(cells.get(group or "group"))
    if not trials:
        raise ValueError(f"path is {path!r}; {table.name} must name at least one file")
    left = len({one.resolve() for one in Path(path).rglob("*.npy")} - places.keys())
    if left:
        show(f"rhythmic: {left} .npy in {path} are not named in {table.name} and are left out")
    named = [one for one in groups if one is not None]
    return trials, _typed(labels), named or None


def _table(path: str) -> Path:
    """Return the only CSV of a folder, or ``labels.csv`` where there are several."""
    found = sorted(one for one in Path(path).iterdir() if one.suffix.lower() == ".csv")
    if len(found) > 1:
        found = [one for one in found if one.name == TABLE]
    if len(found) != 1:
        raise ValueError(
            f"path is {path!r}; a folder must hold .npy trials and one .csv, or {TABLE} beside "
            "others, with the columns file and label"
        )
    return found[0]


def _rows(table: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns, and number and cells of each line."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"path is {str(table)!r}; it must be a CSV in UTF-8 ({error})") from None
    header = rows[0][1] if rows else []
    for number, row in rows[1:]:
        if len(row) != len(header):
            raise ValueError(
                f"path is {str(table)!r}; its line {number} has {len(row)} cells and must have "
                f"{len(header)}"
            )
    return header, rows[1:]


def _file(path: str, name: str, told: str) -> Path:
    """Return a file inside the folder; ``told`` is the beginning of the error."""
    folder = Path(path).resolve()
    try:
        file = (folder / name).resolve()
        inside = file.is_relative_to(folder) and file.is_file()
    except (OSError, ValueError):  # too long, or of characters that names do not have
        inside = False
    if not inside or file.suffix != ".npy":
        raise ValueError(f"{told}, which must be a .npy file inside the folder")
    return file


def _trial(file: Path, told: str) -> np.ndarray:
    """Return the array of a file."""
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, EOFError, ValueError):
        raise ValueError(f"{told}, which is damaged, or no array of numbers") from None
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{told}, an array of shape {array.shape}; it must be (time, channel) or (time,)"
        )
    return array


def _typed(labels: list[str]) -> list[Any]:
    """Return labels as integers or as numbers where all are written so; None for empty ones."""
    known = [label for label in labels if label]
    kind: Any = str
    if all(map(_INTEGER.fullmatch, known)):
        kind = int
    elif all(map(_NUMBER.fullmatch, known)) and any(set(one) & set(".eE") for one in known):
        kind = float
    return [kind(label) if label else None for label in labels]
