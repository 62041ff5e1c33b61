"""Networks compared on anybody's recordings: what is missing is trained, everything is judged."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rhythmic.arguments import checked
from rhythmic.compare.analysis import Spectrum, spectrum_of
from rhythmic.compare.claims import Judged
from rhythmic.compare.plan import ComparisonPlan, PresetName
from rhythmic.compare.verdicts import judged, names_of, objections
from rhythmic.compare.work import Work
from rhythmic.data import Recordings
from rhythmic.files import make_folder
from rhythmic.locks import writing
from rhythmic.records import Row, open_run_folder


@checked
@dataclass(frozen=True, eq=False)
class Comparison:
    """What a comparison found.

    Attributes:
        recordings: that were compared on.
        plan: the budget.
        rows: of every condition by name: cells, baselines, and ladders as ``ladder golden``.
    """

    recordings: Recordings
    plan: ComparisonPlan
    rows: dict[str, Row]

    @property
    def score(self) -> str:
        """What networks are judged by: ``balanced_accuracy``, or ``r2`` of numbers."""
        return "balanced_accuracy" if self.recordings.classes else "r2"

    @property
    def chance(self) -> float:
        """The score of a guess: one over the classes, of numbers 0, that of their mean."""
        return 1 / len(self.recordings.classes) if self.recordings.classes else 0.0

    @cached_property
    def about(self) -> Row:
        """The recordings in numbers, and the score."""
        groups = self.recordings.groups
        return {
            "trials": len(self.recordings),
            "channels": self.recordings.num_channels,
            "groups": None if groups is None else len(set(groups.tolist())),
            "score": self.score,
            "chance": self.chance,
        }

    @property
    def names(self) -> dict[str, str]:
        """What networks and baselines are called for these targets."""
        return names_of(self.recordings)

    @cached_property
    def verdicts(self) -> list[Judged]:
        """The claims that were stated beforehand, judged."""
        return judged(self.rows, self.plan, self.names)

    @cached_property
    def objections(self) -> list[str]:
        """What would change our mind."""
        return objections(self.rows, self.plan, self.about, self.verdicts, self.names)

    @cached_property
    def spectrum(self) -> Spectrum:
        """The mean spectrum of the trials of each class."""
        return spectrum_of(self.recordings)

    def __repr__(self) -> str:
        """Return a line for each network: its name and mean test score."""
        lines = [
            f"{name}: {np.mean(np.array(self.rows[name]['test_scores'], float)):.3f}"
            for name in self.plan.cells
        ]
        return f"Comparison({self.score}; {', '.join(lines)})"


@checked
def compare_networks(
    recordings: Recordings,
    plan: ComparisonPlan | PresetName = "quick",
    *,
    folder: Path | None = None,
    quiet: bool = False,
) -> Comparison:
    """Ask of recordings whether a rhythmic network is better there, and which rhythms matter.

    Networks of equal size and equal budget, plain baselines, and frequency ladders are trained on
    the same divisions of the trials. The settings of each run are chosen by its validation trials;
    its test trials are read once, after that. All devices are used; a CPU is one, or as many as
    ``jax.config.update("jax_num_cpu_devices", n)`` makes at the start of the program.

    Args:
        recordings: the trials.
        plan: the budget, or ``quick`` or ``full``, see ``ComparisonPlan.preset``.
        folder: keeps what is finished; the same call resumes there, and takes a finished
            comparison as it is. None keeps nothing.
        quiet: show no progress.

    Raises:
        ValueError: for trials or options that do not fit, before anything is compiled, or a folder
            that holds another comparison.
        LockedError: if another process writes to the folder.
    """
    if isinstance(plan, str):
        plan = ComparisonPlan.preset(plan)
    folder = None if folder is None else Path(folder).resolve()
    work = Work(recordings, plan, folder, quiet)
    if folder is None:
        return Comparison(recordings, plan, work.rows())
    make_folder(folder)
    with writing(folder, work.tell):
        open_run_folder(folder, work.configuration, tell=work.tell)
        return Comparison(recordings, plan, work.rows())
