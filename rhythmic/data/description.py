"""Summary of recordings, a short table to inspect before anything runs."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from rhythmic.arguments import checked
from rhythmic.data.recordings import Recordings
from rhythmic.progress import printable

_MOST_SHOWN = 12  # classes or channels that are named
_PADDED = 0.05  # of a trial, zeros at its end that are worth a question


@checked
def described(recordings: Recordings) -> dict[str, str]:
    """Return a summary of recordings, as texts by topic.

    Args:
        recordings: the trials.

    Returns:
        ``trials``, ``channels``, ``length``, ``sample rate``, ``targets``, ``groups``, ``missing
        samples``, ``constant channels`` and ``padding``, in this order; ``padding`` is a question
        where trials of one length end in zeros.
    """
    rate, lengths = recordings.sample_rate, recordings.lengths
    ends = list(dict.fromkeys((int(lengths.min()), int(lengths.max()))))
    seconds = " to ".join(f"{one / rate:.4g}" for one in ends)
    samples = " to ".join(map(str, ends))
    groups = recordings.groups
    return {
        "trials": str(len(recordings)),
        "channels": f"{recordings.num_channels}: {_listed(recordings.channel_names)}",
        "length": f"{seconds} s ({samples} samples)",
        "sample rate": f"{rate:g} Hz",
        "targets": _listed(_targets(recordings)),
        "groups": "none" if groups is None else str(len(set(groups.tolist()))),
        "missing samples": recordings.missing or "none",
        "constant channels": _listed(recordings.constant_channels) or "none",
        "padding": _padding(recordings),
    }


@checked
def description_table(recordings: Recordings, title: str = "") -> Any:
    """Return the result of ``described`` as a table of rich.

    Args:
        recordings: the trials.
        title: above the table, such as the name of the file.

    Raises:
        ImportError: in one line, without rich.
    """
    try:
        import rich.box
        import rich.markup
        import rich.table
    except ImportError:
        raise ImportError("rich, which draws tables, is not installed: pip install rich") from None
    escape = rich.markup.escape
    table = rich.table.Table(
        title=escape(printable(title)) or None,
        title_justify="left",
        box=rich.box.SIMPLE_HEAD,
        show_header=False,
    )
    for name, text in described(recordings).items():
        table.add_row(name, escape(text))
    return table


def counted(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number} {noun}" + "s" * (number != 1)


def _padding(recordings: Recordings) -> str:
    """Ask whether trials that end in zeros are padded, where all were taken to be whole."""
    inputs, lengths = recordings.inputs, recordings.lengths
    if lengths.min() < lengths.max():
        return "none: trials have their own lengths"
    last = (inputs != 0).any(axis=2)[:, ::-1]
    zeros = np.where(last.any(axis=1), last.argmax(axis=1), lengths)
    number = int(np.sum(zeros > max(2, _PADDED * lengths[0])))
    if not number:
        return "none"
    end = "ends" if number == 1 else "end"
    trials = f"{counted(number, 'trial')} {end} in more than {_PADDED:.0%} zeros"
    return f"{trials}; if that is padding, give lengths"


def _targets(recordings: Recordings) -> Iterator[str]:
    """Yield the targets, classes with their counts."""
    where = "step" if recordings.per_step else "trial"
    values, known = recordings.targets, recordings.known
    wanted = int(recordings.lengths.sum()) if recordings.per_step else len(recordings)
    if recordings.classes:
        classes = recordings.classes
        whole = len(classes) > _MOST_SHOWN and all(type(one) is int for one in classes)
        note = " (whole numbers: of kind 'value' they are quantities)" if whole else ""
        yield f"{len(classes)} classes per {where}{note}"
        counts = np.bincount(values[known], minlength=len(classes))
        for label, count in zip(classes, counts, strict=True):
            yield f"{label} {count}"
    else:
        wanted *= recordings.num_outputs
        yield f"{counted(recordings.num_outputs, 'number')} per {where}"
        yield f"{np.nanmin(values):.4g} to {np.nanmax(values):.4g}"
    if wanted > known.sum():
        yield f"{wanted - known.sum()} missing"


def _listed(parts: Iterable[Any]) -> str:
    """Return names in one line that a terminal may show, of many the first ones."""
    names = list(parts)
    shown = ", ".join(printable(str(one)) for one in names[:_MOST_SHOWN])
    left = len(names) - _MOST_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown


__all__ = ["described", "description_table"]
