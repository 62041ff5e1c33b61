"""Files that are whole or absent, whenever a process is killed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

PARTIAL = ".partial"  # ends the name of a file that is being written
DAMAGED = "damaged"  # folder of a run for what was found damaged


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside ``path`` that takes its name once the block has ended without error.

    A reader therefore finds the old file, the new one or none, never a part; two processes that
    write at the same time both succeed, and the later one stays.

    Args:
        path: The file to write. Its folder is made if need be.

    Yields:
        The path to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.name + ".", suffix=PARTIAL, dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        Path(name).chmod(0o644)  # mkstemp gives 0o600, but results may be shared
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def move_aside(folder: Path, path: Path) -> None:
    """Move a file of a run folder under ``damaged``, beside earlier ones of its name."""
    if not path.exists():
        return
    name = path.relative_to(folder).as_posix().replace("/", "-")
    target = folder / DAMAGED / name
    number = 1
    while target.exists():
        number += 1
        target = folder / DAMAGED / f"{name}.{number}"
    target.parent.mkdir(exist_ok=True)
    os.replace(path, target)
