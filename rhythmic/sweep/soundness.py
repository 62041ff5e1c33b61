"""What a sealed file of a sweep may say. A seal tells that bytes are whole, not that they are true:
anyone can write one, and nothing here costs more than the file is long.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rhythmic.sweep.designs import FIRST_BAD_STEP, MOST_POINTS, STATUS
from rhythmic.sweep.plan import RESULTS, ChunkPlan, Cut, Layout

MOST_AXES = 64  # as many as an array of NumPy has
KNOWN_TYPES = {STATUS: "int8", FIRST_BAD_STEP: "int32"}


def _is_count(value: Any, most: float = math.inf) -> bool:
    """Tell whether a value is an integer from 0 to ``most``."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _is_inside(name: str) -> bool:
    """Tell whether a relative path stays within the arrays of a run folder."""
    parts = name.split("/")
    return parts[0] == RESULTS and len(parts) > 1 and not {"", ".", ".."} & set(parts)


def describes_a_sweep(
    layout: Layout, num_axes: Mapping[str, int], files: Mapping[str, str]
) -> bool:
    """Tell whether the parts of a description can be those of a sweep; a stranger may write any."""
    shape, plan, cut = layout.shape, layout.plan, layout.cut
    return (
        0 <= cut.split_axis <= plan.split_axis < len(shape) <= MOST_AXES
        and min(plan.rows_per_chunk, plan.rows_per_device, plan.rows_at_once, *shape) >= 1
        and cut.rows_per_chunk >= 1
        and (cut.split_axis < plan.split_axis or _nested(cut, plan, shape))
        and math.prod(shape) <= MOST_POINTS
        and all(len(shape) <= num <= MOST_AXES for num in num_axes.values())
        and all(_is_inside(f"{RESULTS}/{name}") for name in num_axes)
        and all(_is_inside(name) for name in files)
    )


def _nested(cut: Cut, plan: ChunkPlan, shape: tuple[int, ...]) -> bool:
    """Tell whether blocks along the axis of the chunks hold whole ones."""
    whole = cut.rows_per_chunk >= shape[cut.split_axis]
    return whole or cut.rows_per_chunk % plan.rows_per_chunk == 0


def coordinates_of(
    description: Mapping[str, Any], shape: Sequence[int]
) -> dict[str, tuple[int, str]]:
    """Return length and dtype of every coordinate that a description names.

    Raises:
        KeyError: for a description without names of a sweep and of its axes.
        TypeError: if something else stands in their place.
        ValueError: if they are not as many as the axes of ``shape``, or lead out of the folder.
    """
    texts = [description["identity"], description["asked"]["sweep"], *description["axes"]]
    found = {}
    for axis, length in zip(description["asked"]["design"], shape, strict=True):
        texts.append(axis["dimension"])
        for column in axis["columns"]:
            texts += [column["name"], column["dtype"]]
            found[column["name"]] = (length, column["dtype"])
    if not all(isinstance(text, str) for text in texts) or len(description["axes"]) != len(shape):
        raise TypeError("names are no text")
    if not all(_is_inside(f"{RESULTS}/{name}") for name in found):
        raise ValueError("a name is no folder")
    return found


def expected_arrays(
    layout: Layout,
    coordinates: Mapping[str, tuple[int, str]],
    num_axes: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """Return what the metadata of every array must say, see ``metadata_fault``."""
    found: dict[str, dict[str, Any]] = {
        name: {"shape": (num,), "chunks": (num,), "num_axes": 1, "dtype": dtype}
        for name, (num, dtype) in coordinates.items()
    }
    blocks = {"shape": layout.shape, "chunks": layout.cut.chunk_shape(layout.shape)}
    for name, num in num_axes.items():
        found[name] = blocks | {"num_axes": num, "dtype": KNOWN_TYPES.get(name)}
    return found


def metadata_fault(content: bytes, expected: Mapping[str, Any]) -> str:
    """Say how the metadata of an array differ from what its sweep describes; empty if nowhere.

    Args:
        content: of its ``zarr.json``.
        expected: the first lengths of ``shape`` and ``chunks``, the number of axes, ``num_axes``,
            and ``dtype``, None for any number.
    """
    try:
        about = json.loads(content)
        shape, dtype = about["shape"], about["data_type"]
        chunks = about["chunk_grid"]["configuration"]["chunk_shape"]
        kind = np.dtype(dtype).kind if isinstance(dtype, str) else "O"
        lengths = [*shape, *chunks]
        own = len(expected["shape"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it describes no array"
    # Axes of a result's own are never cut.
    if not all(_is_count(length) for length in lengths) or shape[own:] != chunks[own:]:
        return "it describes no array of a sweep"
    if shape[:own] != list(expected["shape"]) or len(shape) != expected["num_axes"]:
        return "its shape is not that of the sweep"
    if chunks[:own] != list(expected["chunks"]):
        return "its chunks are not those of the sweep"
    if kind not in "biufc" or expected["dtype"] not in (None, dtype):
        return "its data type is not that of the sweep"
    return ""


def record_fault(record: Mapping[str, Any], names: Sequence[str], num_points: int) -> str:
    """Say what makes a record none of a block; empty if nothing does.

    Args:
        record: as it was read.
        names: the files of the block.
        num_points: the points of the block.
    """
    files = record.get("files")
    if not isinstance(files, dict) or set(files) != set(names):
        return "it names other files than those of its block"
    if not all(_is_count(check, 2**32 - 1) for check in files.values()):
        return "its checksums are none"
    points, bad = record.get("points"), record.get("not_finite")
    if not _is_count(points) or points != num_points or not _is_count(bad, num_points):
        return "it counts other points than those of its block"
    made = record.get("made")
    if not isinstance(made, list) or not made or not all(map(_is_maker, made)):
        return "it does not say what computed it"
    return ""


def _is_maker(made: Any) -> bool:
    """Tell whether a value says what computed some chunks."""
    return isinstance(made, dict) and isinstance(made.get("environment"), dict)


def log_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a log that say when, where and in what time a chunk was computed."""
    for row in rows:
        timed = isinstance(row.get("seconds"), int | float) and _is_count(row.get("points"))
        if timed and _is_count(row.get("chunks")) and "process" in row and "host" in row:
            yield row
