"""The folder of a run: opened without links, watched, tidied, and its JSON files with a hash."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rhythmic.files import PARTIAL, make_folder, move_aside, refuse_links, remove_leftovers
from rhythmic.progress import show
from rhythmic.records import open_run_folder, plain
from rhythmic.sealed import DamagedFileError, read_sealed, write_sealed

# What a run may write into its folder, beside configuration and provenance.
FILES = (
    *("members.jsonl", "timings.jsonl", "groups.json", "begun.json", "example.json", "results.npz"),
    *(
        "rows.json",
        "computed.json",
        "record.json",
        "summary.txt",
        "summary.csv",
        "members.csv",
        "history.csv",
    ),
)
FOLDERS = ("checkpoints", "stages", "figures")


def open_folder(folder: Path, configuration: Any, *, note: bool = True) -> Path:
    """Make a run folder, or open it, see ``open_run_folder``; nothing in it may be a link.

    Returns:
        the folder, as an absolute path.

    Raises:
        RunFolderError: if the folder belongs to another run.
        LinkError: for a link in place of one of its files or folders.
    """
    folder = open_run_folder(folder, configuration, note=note, tell=show)
    refuse_links(folder, (*FILES, *FOLDERS))
    for name in FOLDERS:
        if (folder / name).is_dir():
            refuse_links(folder / name, os.listdir(folder / name))
    return folder


def tidy(folder: Path) -> None:
    """Remove what a killed run left of writing its files; the lock of the folder must be held."""
    remove_leftovers(folder, (*FILES, "configuration.json"))
    figures = folder / "figures"
    if figures.is_dir():
        remove_leftovers(figures, os.listdir(figures))  # of figures that were finished later


def remove_unfinished(folder: Path, is_ours: Callable[[str], object]) -> None:
    """Remove what a kill left in a folder of writing files whose names are ours."""
    if folder.is_dir():
        # What tempfile draws is 8 letters long.
        names = {name[: -len(f".01234567{PARTIAL}")] for name in os.listdir(folder)}
        remove_leftovers(folder, {name for name in names if is_ours(name)})


class FolderGoneError(RuntimeError):
    """A run folder that was removed, moved or replaced while a run wrote to it."""


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[Callable[[], None]]:
    """Watch a folder, which is made if need be.

    Yields:
        a function that raises a FolderGoneError where another folder, or none, has its path.
    """
    make_folder(folder)
    if os.name == "nt":  # where an open folder can be neither held nor removed
        yield lambda: None
        return
    handle = os.open(folder, os.O_RDONLY)  # so that no other folder gets its number meanwhile

    def check() -> None:
        if not (folder.is_dir() and os.path.samestat(os.fstat(handle), os.stat(folder))):
            raise FolderGoneError(
                f"run_dir {folder} was removed, moved or replaced while this run wrote to it"
            )

    try:
        yield check
    finally:
        os.close(handle)


def write_kept(folder: Path, name: str, value: Any) -> None:
    """Write a JSON file of a run folder with its hash; a damaged one is set aside before."""
    path = folder / name
    try:
        read_sealed(path, required=False)
    except DamagedFileError:
        move_aside(folder, path)
    except FileNotFoundError:
        pass
    write_sealed(path, plain(value))


def read_kept(folder: Path, name: str) -> dict[str, Any] | None:
    """Read a JSON file of a run folder; None if it is missing, or damaged, which is told."""
    try:
        return read_sealed(folder / name, required=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except DamagedFileError as error:
        show(f"{error}; it counts as missing")
        return None
