"""Opening the folder of a sweep to write: a new one, one to resume, one to repair."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numcodecs
import zarr

from rhythmic.files import move_aside
from rhythmic.provenance import provenance
from rhythmic.records import PROVENANCE, append_rows
from rhythmic.sealed import DamagedFileError, read_sealed, write_sealed
from rhythmic.sweep.arrays import description_of, layout_of
from rhythmic.sweep.journal import read_journal
from rhythmic.sweep.plan import (
    DESCRIPTION,
    ChunkPlan,
    RefusedError,
    check_ours,
    record_paths,
)
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
        allow_changes: go on though program, versions or device are others.
        tell: called with one line for everything that was found.

    Raises:
        RefusedError: if the folder holds another sweep, or something else, or was computed
            otherwise and that is not allowed.
    """
    check_ours(folder)
    environment = environment | WRITER
    description = _known_description(folder, sweep, tell)
    if description is None:
        # First: from now on the folder is known as ours, whatever happens to its other files.
        append_rows(folder / PROVENANCE, [provenance()])
        return SweepStore.create(folder, sweep, plan, environment)
    check_same(folder, description["asked"], sweep.identity(), allow_changes, tell)
    found = differing(description["environment"], environment)
    if found and not allow_changes:
        raise RefusedError(
            f"run_dir {folder} was computed otherwise ({found}); name a new folder, or allow "
            "changes: each chunk then says what computed it"
        )
    if found:
        tell(f"resumed though it was computed otherwise ({found}); each chunk says by what")
    append_rows(folder / PROVENANCE, [provenance()])
    return _repaired(folder, sweep, description, environment, tell)


def check_same(
    folder: Path,
    known: dict[str, Any],
    wanted: dict[str, Any],
    allow_changes: bool,
    tell: Callable[[str], None],
) -> None:
    """Raise a RefusedError for a folder of another sweep; tell what cannot be known or is allowed.

    Rows of ``prepare`` are known by their bits, and another library of linear algebra rounds them
    in another way.
    """
    if "prepared" in wanted and "prepared" not in known:  # an older folder
        tell("of prepare the row of the first point alone is recorded here; the others may differ")
        wanted = {name: value for name, value in wanted.items() if name != "prepared"}
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


def _known_description(
    folder: Path, sweep: Sweep, tell: Callable[[str], None]
) -> dict[str, Any] | None:
    """Read the description of a folder; take it from a record if it is damaged or lost."""
    path = folder / DESCRIPTION
    try:
        return SweepStore.open(folder).description
    except DamagedFileError:
        what = "damaged, set aside"
        move_aside(folder, path)
    except ValueError:
        what = "missing"
    record = _any_record(folder, sweep) or _any_owner(folder, sweep)
    if record is None:
        if what != "missing":
            tell(f"{path}: {what}; no chunk is finished, starting afresh")
        return None
    tell(f"{path}: {what}; written again as the records of its blocks tell")
    plan = ChunkPlan(**record["plan"])
    return SweepStore.create(folder, sweep, plan, record["made"][0]["environment"]).description


def _any_record(folder: Path, sweep: Sweep) -> dict[str, Any] | None:
    """Return a sound record of a block of this sweep; set damaged ones aside.

    Raises:
        RefusedError: if one belongs to another sweep.
    """
    for path in record_paths(folder):
        try:
            record = read_sealed(path)
            found, known = record["identity"], ChunkPlan(**record["plan"])
            known.num_chunks(sweep.shape)
            if not isinstance(record["made"][0]["environment"], dict):
                raise TypeError
        except (ValueError, KeyError, TypeError, IndexError):  # damaged, or sealed and no record
            move_aside(folder, path)
            continue
        if found != sweep.fingerprint():
            raise RefusedError(f"run_dir {folder} holds another sweep; name a new folder")
        return record
    return None


def _any_owner(folder: Path, sweep: Sweep) -> dict[str, Any] | None:
    """Return what a journal says of its sweep, in the form of a record; None without one.

    Raises:
        RefusedError: if it belongs to another sweep.
    """
    for path in record_paths(folder, "journal"):
        content = read_journal(path)
        if content.owner is None or not content.chunks:
            continue
        if content.owner.get("identity") != sweep.fingerprint():
            raise RefusedError(f"run_dir {folder} holds another sweep; name a new folder")
        return content.owner | {"made": [chunk.made for chunk in content.chunks]}
    return None


def _repaired(
    folder: Path,
    sweep: Sweep,
    description: dict[str, Any],
    environment: dict[str, Any],
    tell: Callable[[str], None],
) -> SweepStore:
    """Set aside what differs from its recorded hash, so that it is written or computed again."""
    store = SweepStore(folder, description, environment)
    damaged = list(store.layout_damages())
    begun = bool(store.recorded() or store.recorded("journal"))
    for damage in damaged:
        # A kill while the arrays were laid out leaves some of them missing.
        if begun or damage.what != "missing":
            tell(f"{damage}; set aside and written again")
    if damaged:
        # Files that are there and equal stay; the others are set aside. They are not what they
        # were if what a result means is put in other words by now.
        layout = layout_of(sweep, store.plan)
        told = description_of(sweep, store.plan, description["environment"], layout)
        if told != description:
            description = told
            write_sealed(folder / DESCRIPTION, description)
            store = SweepStore(folder, description, environment)
        store.lay_out(layout)
    for block, damage in list(store.damages()):
        if block is None:
            continue
        if damage.path == store.journal_path(block):
            tell(f"{damage}; set aside, and what it lacks then is computed again")
            store.keep_sound_part(block)
        else:
            tell(f"{damage}; block {block.number} is set aside and computed again")
            store.set_aside(block)
    for number in store.recorded("journal"):
        block = store.layout.block(number)
        if store.record(block) is not None:  # killed before it was removed
            store.journal_path(block).unlink()
    for unfinished in list(store.unfinished()):
        if unfinished.is_whole:  # killed before its files were written
            store.write_block(unfinished)
    return store


def differing(known: Any, wanted: Any, name: str = "") -> str:
    """Say where two nested values differ, one line; empty if nowhere."""
    if isinstance(known, dict) and isinstance(wanted, dict):
        found = [
            differing(known.get(key), wanted.get(key), f"{name}.{key}" if name else key)
            for key in dict.fromkeys([*known, *wanted])
        ]
        return "; ".join(text for text in found if text)
    if isinstance(known, list) and isinstance(wanted, list) and len(known) == len(wanted):
        pairs = enumerate(zip(known, wanted, strict=True))
        found = [differing(old, new, f"{name}[{called(new, i)}]") for i, (old, new) in pairs]
        return "; ".join(text for text in found if text)
    if known == wanted:
        return ""
    if name.endswith(".sha256"):
        return f"{name.removesuffix('.sha256')}: other values"
    return f"{name}: {_shortened(known)} there, {_shortened(wanted)} here"


def called(entry: Any, place: int) -> str:
    """Return the name of an entry of a list, or its place."""
    return str(entry.get("name", place) if isinstance(entry, dict) else place)


def _shortened(value: Any) -> str:
    """Write a value in at most some forty characters."""
    text = str(value)
    return text if len(text) <= 40 else text[:12] + "…" if " " not in text else text[:37] + "…"
