"""Which members are finished already, in a run's own rows and in the repository's tables."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

import jax

from experiments.members.condition import Condition, Wanted
from rhythmic.progress import show
from rhythmic.provenance import device_name, git_revision
from rhythmic.records import Row, append_rows, holds_rows, plain, read_sealed_rows
from rhythmic.training.search import Setting, select_setting

MOST_TOLD = 5  # rows of a file that are left out, each in a line of its own


class Named(Protocol):
    """Anything whose result is a row: a member, or a chunk of many."""

    def name(self) -> str:
        """Identify it by all that its result depends on."""


AnyNamed = TypeVar("AnyNamed", bound=Named)


class MemberStore:
    """Finished members: the run's own rows, and those of shared results files.

    A member is known by everything that its result depends on; a row from another machine counts,
    and says what it ran on.
    """

    def __init__(
        self,
        run_file: Path,
        shared_file: Path | None = None,
        *,
        neighbours: bool = True,
        read_only: bool = False,
        check: Callable[[], None] = lambda: None,
    ):
        """Read what is finished.

        Args:
            run_file: the run's own rows.
            shared_file: rows that runs share, under ``experiments/results``. A file of another
                kind is named, and neither read nor written; see ``check_results``.
            neighbours: whether rows of other experiments, in files beside the shared one and in
                the folder above, count too; they stay where they are.
            read_only: write neither file, not even what one of them lacks.
            check: raises an error where the run folder is gone; called before a row is written,
                which would make the folder again.
        """
        # Read once, at the start: the checkout may move on while a long run goes on.
        self.made = {} if read_only else made_here()
        self.read_only, self.check = read_only, check
        self.added: set[str] = set()  # by this store
        self.took_up = False  # anything that it had not added
        self.damages: list[str] = []  # a line for every row that was left out
        # Absolute: a program may change its folder while a long run goes on.
        self.run_file = run_file.absolute()
        self.shared_file = None if shared_file is None else shared_file.absolute()
        self.rows = read_members(self.run_file, self.tell)
        try:
            check_results(self.shared_file)
        except ValueError as error:
            self.tell(f"{error}; rows stay in {self.run_file}")
            self.shared_file = None
        self.shared: dict[str, Row] = {}
        for file in self.files(neighbours):
            self.shared |= read_members(file, self.tell)

    def files(self, neighbours: bool) -> list[Path]:
        """Return the files of rows that count beside the run's own; what is of no row is not."""
        if self.shared_file is None:
            return []
        if not neighbours:
            return [self.shared_file]
        folder = self.shared_file.parent
        near = [*sorted(folder.glob("*.jsonl")), *sorted(folder.parent.glob("*.jsonl"))]
        return [file for file in near if file == self.shared_file or holds_members(file)]

    def tell(self, line: str) -> None:
        """Show that something was left out, and keep it in mind."""
        self.damages.append(line)
        show(line)

    def find(self, wanted: Named) -> Row | None:
        """Return a finished member's row, after seeing to it that both files have it.

        A store that is read only leaves the files as they are.
        """
        name = wanted.name()
        if name not in self.rows and name in self.shared:
            self.rows[name] = self.shared[name]
            if not self.read_only:
                self.check()
                append_rows(self.run_file, [self.shared[name]])
        elif name in self.rows and name not in self.shared and not self.read_only:
            self.share([self.rows[name]])
        self.took_up |= name in self.rows and name not in self.added
        return self.rows.get(name)

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows of newly finished members into both files."""
        self.check()
        written = [plain(row) for row in rows]
        append_rows(self.run_file, written)
        self.rows |= {row["member"]: row for row in written}
        self.added |= {row["member"] for row in written}
        self.share(written)

    def share(self, rows: list[Row]) -> None:
        """Write rows into the results file, if there is one.

        Learning curves of members that were not tested stay in the run folder: the files that are
        kept with the code are kept small.
        """
        if self.shared_file is None:
            return
        kept = [row if row.get("test_accuracy") is not None else without(row) for row in rows]
        append_rows(self.shared_file, kept)
        self.shared |= {row["member"]: row for row in kept}

    def missing(self, members: Iterable[AnyNamed]) -> list[AnyNamed]:
        """Return the members that no one has finished."""
        return [wanted for wanted in members if self.find(wanted) is None]

    def setting(self, condition: Condition) -> Setting:
        """Return the setting chosen on validation; every member of ``tuning`` must be finished."""
        if len(condition.settings) == 1:
            return condition.settings[0]
        return select_setting([self.rows[wanted.name()] for wanted in tuning(condition)])

    def tested(self, condition: Condition) -> list[Wanted]:
        """Return the members that read their test examples, at the chosen setting."""
        setting = self.setting(condition)
        return [Wanted(condition, setting, seed, tested=True) for seed in condition.seeds]

    def results(self, condition: Condition) -> list[Row]:
        """Return the rows of all tested members, in the order of the seeds.

        They bear the label of this condition; another question may know them by another one.
        """
        label = {"label": condition.label}
        return [self.rows[wanted.name()] | label for wanted in self.tested(condition)]


def made_here() -> dict[str, str]:
    """Return what a row says of where it was made."""
    return {"git": git_revision(), "jax": jax.__version__, "device": device_name()}


def read_members(path: Path, tell: Callable[[str], None]) -> dict[str, Row]:
    """Read a file of rows by the names of their members: the one way in which rows are read.

    What is damaged, or no row of a member, is told and left out. Of several rows of one member
    the last one counts.
    """
    lines: list[str] = []
    found = {}
    for row in read_sealed_rows(path, lines.append):
        if isinstance(row.get("member"), str):
            found[row["member"]] = row
        else:
            lines.append(f"{path}: a row without the name of its member is left out")
    for line in lines[:MOST_TOLD]:
        tell(line)
    if len(lines) > MOST_TOLD:
        tell(f"{path}: {len(lines) - MOST_TOLD} further rows are left out")
    return found


def holds_members(path: Path) -> bool:
    """Tell whether a file holds at least one row of a member, whole or damaged."""
    try:
        return holds_rows(path, "member")
    except OSError:
        return False


def check_results(path: Path | None) -> None:
    """Raise a ValueError of one line for a results file that is of another kind.

    An absent file will be made, and an empty one filled. One of our rows is enough, even if it is
    damaged: it is named and left out where rows are read.
    """
    if path is None:
        return
    if path.is_dir():
        raise ValueError(f"results is {path}, a folder; name a file of rows")
    empty = not os.path.lexists(path) or (path.is_file() and path.stat().st_size == 0)
    if not empty and not holds_members(path):
        raise ValueError(f"results is {path}; it holds something else than rows of networks")


def without(row: Row) -> Row:
    """Return a row without its learning curve."""
    return {name: value for name, value in row.items() if name != "history"}


def tuning(condition: Condition) -> list[Wanted]:
    """Return the members among which a setting is chosen; none if there is no choice."""
    if len(condition.settings) == 1:
        return []
    return [
        Wanted(one, setting, seed, tested=False)
        for one in condition.tuned_on or (condition,)
        for setting in condition.settings
        for seed in one.tuning_seeds
    ]
