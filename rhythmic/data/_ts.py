"""The text format ``.ts`` of time series, as aeon and sktime write it.

A header of ``@tag value`` lines ends at ``@data``. Below it each line is one trial: its dimensions
separated by colons, their samples by commas, and its label last. ``?`` is a missing sample.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import numpy as np

_FLAGS = ("timestamps", "univariate", "equallength", "targetlabel")


class TimeSeries(NamedTuple):
    """Trials (time, channel) and the label or number of each."""

    trials: list[np.ndarray]
    targets: list[Any]


def read_time_series(path: str) -> TimeSeries:
    """Return the trials of a ``.ts`` file.

    Args:
        path: of the file.

    Raises:
        ValueError: for what is not of this format, or has time stamps or no labels; it names the
            line.
    """
    try:
        with open(path, encoding="utf-8") as file:
            lines = list(file)
    except UnicodeDecodeError:
        raise ValueError(f"path is {path!r}; it must hold text in UTF-8") from None
    header, start = _header(path, lines)
    trials, targets = [], []
    for number, line in enumerate(lines[start:], start + 1):
        if line.strip() and not line.startswith("#"):
            *dimensions, label = line.strip().split(":")
            trials.append(_trial(path, number, dimensions))
            targets.append(_target(path, number, header, label.strip()))
            _check_sizes(path, number, header, trials)
    if not trials:
        raise ValueError(f"path is {path!r}; it holds no trial below @data")
    return TimeSeries(trials, targets)


def _header(path: str, lines: list[str]) -> tuple[dict[str, Any], int]:
    """Return values by tag, flags as booleans, and where the trials begin."""
    header: dict[str, Any] = {}
    for number, (line, words) in enumerate(_tags(lines), 1):
        if not words:
            continue
        if not words[0].startswith("@"):
            _refuse(path, number, f"is {line.strip()[:40]!r} before @data; it must be a tag @...")
        tag, values = words[0][1:].lower(), words[1:]
        if tag == "data":
            return _checked(path, header), number
        if tag in _FLAGS or tag == "classlabel":
            if not values or values[0].lower() not in ("true", "false"):
                _refuse(path, number, f"is {line.strip()[:40]!r}; {words[0]} must be true or false")
            header[tag] = values[0].lower() == "true"
        if tag in ("dimension", "dimensions", "serieslength"):
            if len(values) != 1 or not values[0].isdecimal():
                _refuse(path, number, f"is {line.strip()[:40]!r}; {words[0]} must be a number")
            header[tag.removesuffix("s")] = int(values[0])
        if tag == "classlabel":
            header["classes"] = values[1:]
    raise ValueError(f"path is {path!r}; it must hold a line @data, with the trials below it")


def _tags(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each line and its words; comments have none."""
    for line in lines:
        yield line, [] if line.startswith("#") else line.split()


def _checked(path: str, header: dict[str, Any]) -> dict[str, Any]:
    """Return the header, of a file whose trials have labels and no time stamps."""
    if header.get("timestamps"):
        raise ValueError(f"path is {path!r}; its @timestamps must be false: steps of equal length")
    if not header.get("classlabel", True) and not header.get("targetlabel"):
        raise ValueError(f"path is {path!r}; its @classLabel or @targetLabel must be true")
    return header


def _trial(path: str, number: int, dimensions: list[str]) -> np.ndarray:
    """Return the samples of one line, (time, channel)."""
    rows: list[list[float]] = []
    for place, text in enumerate(dimensions, 1):
        try:
            row = [np.nan if one.strip() == "?" else float(one) for one in text.split(",")]
        except ValueError:
            held = repr(text[:40]) if text.strip() else "no sample"
            _refuse(path, number, f"holds {held} in dimension {place}; it must hold numbers or ?")
        if rows and len(row) != len(rows[0]):
            _refuse(
                path,
                number,
                f"holds {len(rows[0])} samples in dimension 1 and {len(row)} in dimension {place}; "
                "they must be equally many",
            )
        rows.append(row)
    if not rows:
        _refuse(path, number, "holds no colon; samples and label must be separated by one")
    return np.array(rows).T


def _target(path: str, number: int, header: dict[str, Any], label: str) -> Any:
    """Return a label, or a number of a file that has numbers; None, or NaN, for a missing one."""
    if header.get("targetlabel"):
        try:
            return np.nan if label == "?" else float(label)
        except ValueError:
            _refuse(path, number, f"ends in {label[:40]!r}; by @targetLabel it must be a number")
    if label in ("?", ""):
        return None
    classes = header.get("classes")
    if classes and label not in classes:
        allowed = ", ".join(classes[:8]) + (", ..." if len(classes) > 8 else "")
        _refuse(path, number, f"ends in {label[:40]!r}; by @classLabel it must be one of {allowed}")
    return label


def _check_sizes(path: str, number: int, header: dict[str, Any], trials: list[np.ndarray]) -> None:
    """Raise the ValueError where the last trial has another size than the header or the first."""
    (steps, width), (first_steps, first_width) = trials[-1].shape, trials[0].shape
    wanted = header.get("dimension", 1 if header.get("univariate") else first_width)
    if width != wanted:
        _refuse(path, number, f"holds {width} dimensions; it must hold {wanted}")
    wanted = header.get("serieslength", first_steps)
    if header.get("equallength") and steps != wanted:
        _refuse(path, number, f"holds {steps} samples; by @equalLength it must hold {wanted}")


def _refuse(path: str, number: int, what: str) -> NoReturn:
    """Raise the ValueError for one line of a file."""
    raise ValueError(f"path is {path!r}; its line {number} {what}") from None
