"""The state of a run between its stages, in a file that stays complete if the run is killed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rhythmic.files import move_aside
from rhythmic.sealed import DamagedFileError, load_arrays, save_arrays
from rhythmic.typing import PyTree


class StateFile(NamedTuple):
    """Where the state of a run is kept.

    Attributes:
        path: of the file.
        folder: the run folder, whose ``damaged`` takes what does not count.
        label: what computed the state, and for what; a state of another label does not count.
        tell: called with one line when a state does not count.
    """

    path: Path
    folder: Path
    label: dict[str, Any]
    tell: Callable[[str], None]

    def read(self, like: PyTree) -> tuple[PyTree, int] | None:
        """Return the state that is kept, and how many stages are done; None without one.

        Args:
            like: a tree of the same arrays, of whatever values.
        """
        if not self.path.exists():
            return None
        try:
            found, label = load_arrays(self.path, like)
            done = int(label.pop("done"))
            if label == self.label:
                return found, done
            self.tell(f"{self.path}: computed otherwise; set aside, and what it held starts afresh")
        except (DamagedFileError, KeyError, TypeError, ValueError) as error:
            self.tell(f"{error}; set aside, and what it held starts afresh")
        move_aside(self.folder, self.path)
        return None

    def write(self, state: PyTree, done: int) -> None:
        """Keep a state after so many stages, in place of the one before.

        Raises:
            FileNotFoundError: if the run folder is gone.
        """
        if not self.folder.is_dir():
            raise FileNotFoundError(f"run_dir {self.folder} was removed while it was being written")
        save_arrays(self.path, state, self.label | {"done": done})
