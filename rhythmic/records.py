"""Run folders and provenance: what was asked, what it ran on, and one row for every member.

Rows are JSON objects, one a line, appended as members finish. A row is written with a single
append, so a kill leaves whole rows and at most one cut line, which readers leave out.
"""

import csv
import dataclasses
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax
import numpy as np

from rhythmic.files import PARTIAL, replacing
from rhythmic.locks import hold

Row = dict[str, Any]

SEAL = "seal"


class RunFolderError(ValueError):
    """A run folder that exists and belongs to another run."""


def plain(value: Any) -> Any:
    """Turn dataclasses, arrays, paths and tuples into what JSON holds; NaN becomes null.

    Floats keep nine significant digits, which is every bit of a float32.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        value = np.asarray(value).tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value


def fingerprint(value: Any) -> str:
    """Return 16 hexadecimal digits of the sha256 of ``value`` as canonical JSON."""
    text = json.dumps(plain(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def git_revision() -> str:
    """Return the commit of this checkout, with ``+changes`` if its tracked code differs from it."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changes = git(
            "status", "--porcelain", "--untracked-files=no", "--", ":/*.py", ":/pyproject.toml"
        )
        return git("rev-parse", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def device_name() -> str:
    """Name the accelerator, or the processor with the number of devices it is divided into."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        return f"{len(jax.devices())} x {device.device_kind}"
    return f"{len(jax.devices())} x {processor_name()}"


def processor_name() -> str:
    """Return the processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def provenance() -> Row:
    """Return commit, versions, device, command line and time of this process."""
    packages = ("rhythmic", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy")
    versions = {}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "git": git_revision(),
        "versions": versions | {"python": platform.python_version()},
        "device": device_name(),
        "platform": platform.platform(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def read_rows(path: Path) -> list[Row]:
    """Read the rows of a file, none if it does not exist; a last line cut short is left out.

    Raises:
        ValueError: for a line that is no JSON object, named by its number.
    """
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_text().splitlines(keepends=True), start=1):
        if line.endswith("\n") and line.strip():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                raise ValueError(f"{path}: line {number} is damaged; mend or remove it") from None
    return rows


def seal_row(row: Row) -> Row:
    """Return a row with the hash of what it holds, so that a changed byte can be told."""
    content = plain({name: value for name, value in row.items() if name != SEAL})
    return content | {SEAL: fingerprint(content)}


def read_sealed_rows(path: Path, tell: Callable[[str], None]) -> list[Row]:
    """Read the rows that are as they were written, and name each line that is not.

    A row without a seal, as older ones are, counts as it is.

    Args:
        path: a file of rows; there need not be one.
        tell: called with one line for every row that is damaged and left out.
    """
    rows = []
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n") or not line.strip():
            continue
        try:
            row = json.loads(line)
            sound = SEAL not in row or row == seal_row(row)
        except (ValueError, TypeError):
            sound = False
        if sound:
            rows.append(row)
        else:
            tell(f"{path}: line {number} is damaged; it is left out, and computed again if wanted")
    return rows


def append_rows(path: Path, rows: Iterable[Row]) -> None:
    """Append rows, after mending a last line that was cut short.

    Where the system has locks, processes that append at once wait for one another.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file:
        # Results files are shared by runs in other folders: one appends at a time.
        hold(file.fileno())
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        text = "".join(json.dumps(plain(row)) + "\n" for row in rows)
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(json.dumps(plain(value), indent=2) + "\n")


def write_table(path: Path, rows: list[Row]) -> None:
    """Write rows of scalars as CSV, the columns in the order of their first appearance."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with replacing(path) as partial, open(partial, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(plain(row) for row in rows)


def open_run_folder(folder: Path, configuration: Any, *, note: bool = True) -> Path:
    """Make a run folder for ``configuration``, or open the one that it has already.

    Every opening adds a line to ``provenance.jsonl``, so a run that was resumed elsewhere says so.

    Args:
        folder: the run folder.
        configuration: what determines the results.
        note: whether to add that line; not wanted where saved results are only looked at.

    Raises:
        RunFolderError: if the folder belongs to another configuration, or is none of ours.
    """
    path = folder / "configuration.json"
    if path.exists():
        known = json.loads(path.read_text())
        if known != plain(configuration):
            differing = sorted(
                name
                for name in known.keys() | plain(configuration).keys()
                if known.get(name) != plain(configuration).get(name)
            )
            raise RunFolderError(
                f"run_dir {folder} holds another run (different: {', '.join(differing)}); "
                "name a new folder"
            )
    elif folder.exists() and not (folder.is_dir() and is_empty(folder)):
        raise RunFolderError(f"run_dir {folder} exists and is no run folder; name a new one")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, configuration)
    if note:
        append_rows(folder / "provenance.jsonl", [provenance()])
    return folder


def is_empty(folder: Path) -> bool:
    """Tell whether a folder holds nothing, or only what a kill left of writing its first file."""
    return all(path.suffix == PARTIAL for path in folder.iterdir())
