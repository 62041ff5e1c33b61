"""Which members the comparison wants, and which of them are finished already."""

from dataclasses import dataclass
from pathlib import Path

import jax

from experiments.mnist.configuration import MnistConfiguration
from rhythmic.data import Digits
from rhythmic.records import Row, append_rows, device_name, fingerprint, git_revision, read_rows
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

    A member is known by its configuration (architecture, recipe, data), setting, seed and
    whether it was tested; a row of another version or machine counts, and says what it ran on.
    """

    def __init__(self, configuration: MnistConfiguration, digits: Digits, run_file: Path):
        """Read what is finished, and copy into the run what the results file adds."""
        self.configuration = configuration
        self.architectures = configuration.known_architectures()
        self.digits = digits
        # Read once, at the start: the checkout may move on while a long run goes on.
        self.made = {"git": git_revision(), "jax": jax.__version__, "device": device_name()}
        self.files = [run_file]
        self.rows = {row["member"]: row for row in read_rows(run_file)}
        if configuration.results is not None:
            self.files.append(configuration.results)
            self.shared = {row["member"]: row for row in read_rows(configuration.results)}
        else:
            self.shared = {}

    def configuration_hash(self, architecture: str) -> str:
        """Identify architecture, recipe and data."""
        recipe = self.configuration.training
        return fingerprint(
            {
                "architecture": self.architectures[architecture],
                "epochs": recipe.epochs,
                "batch_size": recipe.batch_size,
                "rising_share": recipe.rising_share,
                "momentum": recipe.momentum,
                "clip_norm": recipe.clip_norm,
                "data": self.digits.sha256,
            }
        )

    def name(self, member: Wanted) -> str:
        """Identify a member."""
        identity = (member.setting, member.seed, member.tested)
        return fingerprint((self.configuration_hash(member.architecture), *identity))

    def find(self, member: Wanted) -> Row | None:
        """Return a finished member's row; one of the results file is copied into the run."""
        name = self.name(member)
        if name not in self.rows and name in self.shared:
            self.rows[name] = self.shared[name]
            append_rows(self.files[0], [self.shared[name]])
        return self.rows.get(name)

    def add(self, rows: list[Row]) -> None:
        """Write rows of newly finished members into every file."""
        for path in self.files:
            append_rows(path, rows)
        self.rows |= {row["member"]: row for row in rows}

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
