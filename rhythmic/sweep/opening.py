"""Opening the folder of a sweep to write: a new one, one to go on with, one to mend."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jaxlib
import numcodecs
import numpy as np
import zarr

from rhythmic.files import PARTIAL, move_aside
from rhythmic.records import processor_name
from rhythmic.sealed import DamagedFileError, read_sealed, write_sealed
from rhythmic.sweep.arrays import lay_out
from rhythmic.sweep.layout import (
    DESCRIPTION,
    RECORDS,
    RESULTS,
    RefusedError,
    check_ours,
)
from rhythmic.sweep.plan import ChunkPlan
from rhythmic.sweep.specification import Sweep
from rhythmic.sweep.store import SweepStore, differences


def environment_of(sweep: Sweep) -> dict[str, Any]:
    """Return what decides the bits of a result beside the sweep itself, without times and hosts."""
    device = jax.devices()[0]
    kind = processor_name() if device.platform == "cpu" else device.device_kind
    return {
        "program": sweep.program_hash(),
        "compiler_options": dict(sweep.compiler_options or {}),
        "device": kind,
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "zarr": zarr.__version__,
        "numcodecs": numcodecs.__version__,
        "numpy": np.__version__,
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }


def open_to_write(
    folder: Path,
    sweep: Sweep,
    plan: ChunkPlan,
    *,
    allow_changes: bool,
    tell: Callable[[str], None],
) -> SweepStore:
    """Make the folder of a sweep, or open the one that it has and set aside what is damaged.

    Args:
        folder: the run folder, whose lock is held.
        sweep: what is computed.
        plan: of a new sweep; one that is there keeps its own.
        allow_changes: go on though program, versions or device are others.
        tell: called with one line for everything that was found.

    Raises:
        RefusedError: if the folder holds another sweep, or something else, or was computed
            otherwise and that is not allowed.
    """
    check_ours(folder)
    for leftover in folder.rglob("*" + PARTIAL):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    environment = environment_of(sweep)
    description = known_description(folder, sweep, tell)
    if description is None:
        shutil.rmtree(folder / RESULTS, ignore_errors=True)
        return SweepStore.create(folder, sweep, plan, environment)
    found = differing(description["asked"], sweep.identity())
    if found:
        raise RefusedError(f"run_dir {folder} holds another sweep ({found}); name a new folder")
    found = differing(description["environment"], environment)
    if found and not allow_changes:
        raise RefusedError(
            f"run_dir {folder} was computed otherwise ({found}); name a new folder, or allow "
            "changes: each chunk then says what computed it"
        )
    if found:
        tell(f"going on though it was computed otherwise ({found}); each chunk says by what")
    return mended(folder, sweep, description, environment, tell)


def known_description(
    folder: Path, sweep: Sweep, tell: Callable[[str], None]
) -> dict[str, Any] | None:
    """Read the description of a folder; take it from a chunk's record if it is damaged or lost."""
    path = folder / DESCRIPTION
    try:
        return read_sealed(path)
    except FileNotFoundError:
        what = "missing"
    except DamagedFileError:
        what = "damaged, set aside"
        move_aside(folder, path)
    for record_path in sorted((folder / RECORDS).glob("*.json")):
        try:
            record = read_sealed(record_path)
        except DamagedFileError:
            continue
        if record["identity"] != sweep.fingerprint():
            raise RefusedError(f"run_dir {folder} holds another sweep; name a new folder")
        tell(f"{path}: {what}; written again as the records of its chunks tell")
        plan = ChunkPlan(**record["plan"])
        return SweepStore.create(folder, sweep, plan, record["made"]["environment"]).description
    for record_path in (folder / RECORDS).glob("*.json"):
        move_aside(folder, record_path)
    if what != "missing":
        tell(f"{path}: {what}; no chunk is finished, starting afresh")
    return None


def mended(
    folder: Path,
    sweep: Sweep,
    description: dict[str, Any],
    environment: dict[str, Any],
    tell: Callable[[str], None],
) -> SweepStore:
    """Set aside what differs from its recorded hash, so that it is written or computed again."""
    damaged = list(differences(folder, description["files"]))
    for damage in damaged:
        tell(f"{damage}; set aside and written again")
    if damaged:
        # Files that are there and equal stay; the others are set aside. They are not what they
        # were if what a result means is put in other words by now.
        files = lay_out(folder, sweep, ChunkPlan(**description["plan"]))
        if files != description["files"]:
            description = description | {"files": files}
            write_sealed(folder / DESCRIPTION, description)
    store = SweepStore(folder, description, environment)
    for chunk, damage in list(store.damages()):
        if chunk is not None:
            tell(f"{damage}; chunk {chunk.number} is set aside and computed again")
            store.set_aside(chunk)
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
        found = [differing(old, new, f"{name}[{i}]") for i, (old, new) in pairs]
        return "; ".join(text for text in found if text)
    return "" if known == wanted else f"{name}: {shortened(known)} there, {shortened(wanted)} here"


def shortened(value: Any) -> str:
    """Write a value in at most some forty characters."""
    text = str(value)
    return text if len(text) <= 40 else text[:12] + "…" if " " not in text else text[:37] + "…"
