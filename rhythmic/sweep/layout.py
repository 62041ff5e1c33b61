"""Names of the files of a sweep.

    run_dir/sweep.json        what is computed, in which chunks, on what; sealed by its own hash
    run_dir/results.zarr/     coordinates and results, readable by xarray and zarr alone
    run_dir/chunks/           one sealed record a finished chunk: hashes of its files, what made it
    run_dir/checkpoints/      states of chunks that are computed in stages
    run_dir/damaged/          what was found damaged and set aside
    run_dir/log.jsonl         times and host names, which are no results
    run_dir/provenance.jsonl  a line for every opening: commit, versions, device, command, time

A chunk counts once its record is there, and the record is written last: whatever stands in
``results.zarr`` before is written again.
"""

from pathlib import Path

from rhythmic.files import DAMAGED, PARTIAL
from rhythmic.locks import LOCK

DESCRIPTION = "sweep.json"
RESULTS = "results.zarr"
RECORDS = "chunks"
CHECKPOINTS = "checkpoints"
LOG = "log.jsonl"
PROVENANCE = "provenance.jsonl"
OURS = {LOCK, DESCRIPTION, RESULTS, RECORDS, CHECKPOINTS, DAMAGED, LOG, PROVENANCE}


class RefusedError(ValueError):
    """A folder that belongs to another sweep, or was computed by another program or device."""


def check_ours(folder: Path) -> None:
    """Raise a RefusedError for a folder that holds something else; nothing in it is touched."""
    strange = sorted(path.name for path in folder.iterdir() if not is_ours(path))
    if strange:
        raise RefusedError(f"run_dir {folder} holds {strange[0]}, no sweep; name a new folder")


def is_ours(path: Path) -> bool:
    """Tell whether a file may stand in the folder of a sweep."""
    return path.name in OURS or path.suffix == PARTIAL
