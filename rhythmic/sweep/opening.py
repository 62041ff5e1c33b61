"""Opening the folder of a sweep to write: a new one, one to resume, one to repair."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numcodecs
import zarr

from rhythmic.provenance import provenance
from rhythmic.records import PROVENANCE, append_rows
from rhythmic.runs.environment import RefusedError, differing
from rhythmic.sweep.arrays import layout_of
from rhythmic.sweep.plan import ChunkPlan, check_ours, known_description
from rhythmic.sweep.specification import Sweep
from rhythmic.sweep.store import SweepStore

WRITER = {"zarr": zarr.__version__, "numcodecs": numcodecs.__version__}


def open_to_write(
    folder: Path,
    sweep: Sweep,
    plan: ChunkPlan,
    environment: dict[str, Any],
    *,
    allow_changes: bool,
    tell: Callable[[str], None],
) -> SweepStore:
    """Make the folder of a sweep, or open the one that it has and set aside what is damaged.

    Args:
        folder: the run folder, whose lock is held.
        sweep: what is computed.
        plan: of a new sweep; one that is there keeps its own.
        environment: of what computes, see ``computing_environment``.
        allow_changes: continue although program, versions or device differ.
        tell: called with one line for everything that was found.

    Raises:
        RefusedError: if the folder holds another sweep, or something else, or was computed
            otherwise and that is not allowed.
    """
    check_ours(folder)
    environment = environment | WRITER
    description = known_description(folder)
    if description is None:
        store = SweepStore.create(folder, sweep, plan, environment)
    else:
        store = SweepStore(folder, description, environment)
        check_resumable(folder, description, sweep, environment, allow_changes, tell)
        _repair(store, sweep, tell)
    append_rows(folder / PROVENANCE, [provenance()])
    return store


def check_resumable(
    place: Path | str,
    description: dict[str, Any],
    sweep: Sweep,
    environment: dict[str, Any],
    allow_changes: bool,
    tell: Callable[[str], None],
) -> None:
    """Raise a RefusedError for another sweep, or one that was computed otherwise, unless allowed.

    Args:
        place: folder or URL of the sweep that is there.
        description: of it.
        sweep: that is to be resumed.
        environment: of what computes now.
        allow_changes: continue although program, versions or device differ.
        tell: called with one line for what is allowed.
    """
    check_same(place, description["asked"], sweep.identity(), allow_changes, tell)
    found = differing(description["environment"], environment)
    if found and not allow_changes:
        raise RefusedError(
            f"run_dir {place} was computed otherwise ({found}); name a new folder, or allow "
            "changes: each chunk then says what computed it"
        )
    if found:
        tell(f"resumed though it was computed otherwise ({found}); each chunk says by what")


def check_same(
    folder: Path | str,
    known: dict[str, Any],
    wanted: dict[str, Any],
    allow_changes: bool,
    tell: Callable[[str], None],
) -> None:
    """Raise a RefusedError for a folder of another sweep; report what is unknown or allowed.

    Rows of ``prepare`` are known by their bits, and another library of linear algebra rounds them
    in another way.
    """
    found = differing(known, wanted)
    if not found:
        return
    rows = {"first_prepared", "prepared"}
    if {name for name in wanted if known.get(name) != wanted[name]} <= rows:
        if allow_changes:
            tell(f"resumed though prepare gives other rows ({found})")
            return
        remedy = "name a new folder, or allow changes if only their last bits differ"
        raise RefusedError(f"run_dir {folder} holds another sweep ({found}); {remedy}")
    raise RefusedError(f"run_dir {folder} holds another sweep ({found}); name a new folder")


def _repair(store: SweepStore, sweep: Sweep, tell: Callable[[str], None]) -> None:
    """Set aside what is damaged, so that it is written or computed again."""
    begun = bool(store.recorded() or store.recorded("journal"))
    damaged = list(store.whole_damages())
    for damage in damaged:
        # A kill while the arrays were laid out leaves some of them missing.
        if begun or damage.what != "missing":
            tell(f"{damage}; set aside and written again")
    if damaged:
        store.lay_out(layout_of(sweep, store.plan))
    for block, damage in list(store.block_damages()):
        if damage.path == store.journal_path(block):
            tell(f"{damage}; what it lacks then is computed again")
        else:
            tell(f"{damage}; block {block.number} is set aside and computed again")
            store.set_aside(block)
    for number in set(store.recorded("journal")) & set(store.recorded()):
        store.journal_path(store.layout.block(number)).unlink()  # killed before it was removed
    for unfinished in list(store.unfinished()):
        if unfinished.is_whole:  # killed before its files were written
            store.write_block(unfinished)
