"""Which members the comparison wants, and which of them are finished already."""

from dataclasses import dataclass
from pathlib import Path

import jax

from experiments.members.condition import TRAINING_VERSION, recipe
from experiments.mnist.configuration import MnistConfiguration
from rhythmic.data import Digits
from rhythmic.progress import show
from rhythmic.records import (
    Row,
    append_rows,
    device_name,
    fingerprint,
    git_revision,
    read_sealed_rows,
    seal_row,
)
from rhythmic.training.search import Setting, select_setting


@dataclass(frozen=True)
class Wanted:
    """One member: its architecture, setting, seed, and whether its test digits are to be read."""

    architecture: str
    setting: Setting
    seed: int
    tested: bool


class MemberStore:
    """Finished members: the run's own rows, and those of the shared results file.

    A member is known by its configuration (architecture, recipe, data, version of the training
    code), setting, seed and whether it was tested; a row from another machine counts, and says
    what it ran on.
    """

    def __init__(
        self,
        configuration: MnistConfiguration,
        digits: Digits,
        run_file: Path,
        *,
        read_only: bool = False,
    ):
        """Read what is finished.

        Args:
            configuration: what is wanted.
            digits: the data.
            run_file: the run's own rows.
            read_only: write neither file, not even what one of them lacks.
        """
        self.configuration = configuration
        self.read_only = read_only
        self.architectures = configuration.known_architectures()
        self.digits = digits
        # Read once, at the start: the checkout may move on while a long run goes on.
        self.made = {"git": git_revision(), "jax": jax.__version__, "device": device_name()}
        self.run_file, self.shared_file = run_file, configuration.results
        self.rows = {row["member"]: row for row in read_sealed_rows(run_file, show)}
        shared = [] if self.shared_file is None else read_sealed_rows(self.shared_file, show)
        self.shared = {row["member"]: row for row in shared}

    def configuration_hash(self, architecture: str) -> str:
        """Identify architecture, recipe, data and the version of the training code."""
        return fingerprint(
            {"architecture": self.architectures[architecture], "version": TRAINING_VERSION}
            | self.recipe()
        )

    def recipe(self) -> Row:
        """Return what all members share and what their results depend on."""
        return recipe(self.configuration.training) | {"data": self.digits.sha256}

    def name(self, member: Wanted) -> str:
        """Identify a member."""
        identity = (member.setting, member.seed, member.tested)
        return fingerprint((self.configuration_hash(member.architecture), *identity))

    def find(self, member: Wanted) -> Row | None:
        """Return a finished member's row, after seeing to it that both files have it.

        A store that is read only leaves the files as they are.
        """
        name = self.name(member)
        if name not in self.rows and name in self.shared:
            self.rows[name] = self.shared[name]
            if not self.read_only:
                append_rows(self.run_file, [self.shared[name]])
        elif name in self.rows and name not in self.shared and not self.read_only:
            self.share([self.rows[name]])
        return self.rows.get(name)

    def add(self, rows: list[Row]) -> None:
        """Write rows of newly finished members into both files."""
        rows = [seal_row(row) for row in rows]
        append_rows(self.run_file, rows)
        self.rows |= {row["member"]: row for row in rows}
        self.share(rows)

    def share(self, rows: list[Row]) -> None:
        """Write rows into the results file, if there is one.

        Learning curves of members that were not tested stay in the run folder: the file is kept
        under 1 MiB for the whole published protocol.
        """
        if self.shared_file is None:
            return
        kept = [
            seal_row({k: v for k, v in row.items() if k != "history" or "confusion" in row})
            for row in rows
        ]
        append_rows(self.shared_file, kept)
        self.shared |= {row["member"]: row for row in kept}

    def tuning(self, architecture: str) -> list[Wanted]:
        """Return the members among which a setting is chosen; none if there is no choice."""
        settings = self.configuration.settings(architecture)
        if len(settings) == 1:
            return []
        return [
            Wanted(architecture, setting, seed, tested=False)
            for setting in settings
            for seed in self.configuration.tuning_seeds
        ]

    def table(self, architecture: str) -> list[Wanted]:
        """Return the members of the table, at the setting chosen on validation.

        Every member of ``tuning`` must be finished.
        """
        tuning = self.tuning(architecture)
        if tuning:
            setting = select_setting([self.rows[self.name(member)] for member in tuning])
        else:
            (setting,) = self.configuration.settings(architecture)
        return [
            Wanted(architecture, setting, seed, tested=True) for seed in self.configuration.seeds
        ]

    def missing(self, members: list[Wanted]) -> list[Wanted]:
        """Return the members that no one has finished."""
        return [member for member in members if self.find(member) is None]
