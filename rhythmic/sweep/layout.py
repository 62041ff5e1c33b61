"""Names of the files of a sweep.

    run_dir/sweep.json        what is computed, in which chunks, on what; checksummed
    run_dir/results.zarr/     coordinates and results, readable by xarray and zarr alone
    run_dir/chunks/           one record per finished chunk: hashes of its files, what made it
    run_dir/checkpoints/      states of chunks that are computed in stages
    run_dir/damaged/          what was found damaged and set aside
    run_dir/log.jsonl         times and host names, which are no results
    run_dir/provenance.jsonl  a line for every opening: commit, versions, device, command, time

A chunk counts once its record is there, and the record is written last: whatever stands in
``results.zarr`` before is written again.
"""

import re
import stat
from pathlib import Path

from rhythmic.files import DAMAGED, is_leftover, refuse_links
from rhythmic.locks import LOCK, is_lock
from rhythmic.records import PROVENANCE, is_stray, is_unused, was_opened
from rhythmic.sealed import DamagedFileError, read_sealed

DESCRIPTION = "sweep.json"
RESULTS = "results.zarr"
RECORDS = "chunks"
CHECKPOINTS = "checkpoints"
LOG = "log.jsonl"
OURS = {LOCK, DESCRIPTION, RESULTS, RECORDS, CHECKPOINTS, DAMAGED, LOG, PROVENANCE}


class RefusedError(ValueError):
    """A folder that belongs to another sweep, or was computed by another program or device."""


def record_name(number: int) -> str:
    """Return the name of the record of a chunk."""
    return f"{number:06d}.json"


def record_paths(folder: Path) -> list[Path]:
    """Return the records that stand in a folder, in the order of their chunks."""
    found = (folder / RECORDS).glob("*.json")
    return sorted(path for path in found if re.fullmatch(r"\d{6,}\.json", path.name))


def check_ours(folder: Path) -> None:
    """Raise a RefusedError for a folder that holds something else; nothing in it is touched.

    A folder is ours by its description, or by what every opening of it adds to ``provenance.jsonl``
    if the description is damaged or lost. Otherwise it must be unused.

    Raises:
        LinkError: for a link in place of one of our files.
    """
    refuse_links(folder, OURS)
    try:
        read_sealed(folder / DESCRIPTION)
    except (FileNotFoundError, DamagedFileError):
        pass
    else:
        return
    opened_before = was_opened(folder)
    if not opened_before and is_unused(folder, {LOCK, DESCRIPTION, PROVENANCE}):
        for name in (LOCK, DESCRIPTION, PROVENANCE):
            if not can_be_ours(folder / name):
                raise RefusedError(f"run_dir {folder} holds {name}, no sweep; name a new folder")
        return
    strange = sorted(path.name for path in folder.iterdir() if not is_ours(path.name))
    if strange and opened_before and (folder / DESCRIPTION).exists():
        raise RefusedError(
            f"run_dir {folder} holds {strange[0]} beside {DESCRIPTION}, which is damaged if it is "
            f"a sweep's; move {strange[0]} away and the same call writes it again"
        )
    if strange or not opened_before:
        name = strange[0] if strange else sorted(path.name for path in folder.iterdir())[0]
        raise RefusedError(f"run_dir {folder} holds {name}, no sweep; name a new folder")


def can_be_ours(path: Path) -> bool:
    """Tell whether a file of an unused folder is absent, empty, or the lock of a past process."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(about.st_mode):
        return False
    if path.name == LOCK:
        return is_lock(path)
    return about.st_size == 0


def is_ours(name: str) -> bool:
    """Tell whether a name may stand in the folder of a sweep whose description is lost."""
    return name in OURS or is_leftover(name, OURS) or is_stray(name)
