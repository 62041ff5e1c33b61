"""Which members are finished already, in a run's own rows and in the repository's tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TypeVar

import jax

from experiments.members.condition import Condition, Wanted
from rhythmic.progress import show
from rhythmic.records import (
    Row,
    append_rows,
    device_name,
    git_revision,
    plain,
    read_sealed_rows,
)
from rhythmic.training.search import Setting, select_setting


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
    ):
        """Read what is finished.

        Args:
            run_file: the run's own rows.
            shared_file: rows that runs share, under ``experiments/results``.
            neighbours: whether rows of other experiments, in files beside the shared one and in
                the folder above, count too; they stay where they are.
            read_only: write neither file, not even what one of them lacks.
        """
        # Read once, at the start: the checkout may move on while a long run goes on.
        self.made = {"git": git_revision(), "jax": jax.__version__, "device": device_name()}
        self.run_file, self.shared_file = run_file, shared_file
        self.read_only = read_only
        self.added: set[str] = set()  # by this store
        self.took_up = False  # anything that it had not added
        self.rows = {row["member"]: row for row in read_sealed_rows(run_file, show)}
        files = [] if shared_file is None else [shared_file]
        if shared_file is not None and neighbours:
            folder = shared_file.parent
            files = [*sorted(folder.glob("*.jsonl")), *sorted(folder.parent.glob("*.jsonl"))]
        self.shared = {row["member"]: row for file in files for row in read_sealed_rows(file, show)}

    def find(self, wanted: Named) -> Row | None:
        """Return a finished member's row, after seeing to it that both files have it.

        A store that is read only leaves the files as they are.
        """
        name = wanted.name()
        if name not in self.rows and name in self.shared:
            self.rows[name] = self.shared[name]
            if not self.read_only:
                append_rows(self.run_file, [self.shared[name]])
        elif name in self.rows and name not in self.shared and not self.read_only:
            self.share([self.rows[name]])
        self.took_up |= name in self.rows and name not in self.added
        return self.rows.get(name)

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows of newly finished members into both files."""
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
