"""Options that every experiment has, their check, and which of them determine the results."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from experiments.ranges import at_least, check_ranges


@dataclass(frozen=True)
class ScriptOptions:
    """Options that every experiment has.

    Args:
        preset: where the other defaults come from. quick: about a minute, up to three
            for a question of the comparison. full: what an answer is taken from. smoke: seconds,
            shows only that the script runs.
        run_dir: folder of the run; by default runs/NAME-PRESET-FINGERPRINT.
        redraw: print and draw a finished run again from its saved results, computing nothing:
            --redraw RUN_DIR; without a folder, that of run_dir.
        publish: keep answer and first figure of this run, whose options must be those of the full
            preset, under experiments/results, for the gallery.
    """

    preset: str = "quick"
    run_dir: Path | None = None
    redraw: bool = False
    publish: bool = False

    # Further options that determine no result.
    ELSEWHERE: ClassVar[tuple[str, ...]] = ()
    # Largest values of integers, by name, where they are not those of all commands.
    MOST: ClassVar[Mapping[str, int]] = {}

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of range, its value and range."""

    def recipe(self) -> str:
        """Say on what data and by what training an answer rests; empty where it needs no saying."""
        return ""


@dataclass(frozen=True)
class SweepOptions(ScriptOptions):
    """Options of experiments whose computation is a sweep.

    Args:
        dry_run: compute nothing: print chunks, files, bytes, memory and the time that is expected,
            for which one chunk of each sweep is computed.
        workers: for how many workers a dry run says the time, each one as fast as this process.
    """

    dry_run: bool = False
    workers: int = 1

    ELSEWHERE: ClassVar[tuple[str, ...]] = ("dry_run", "workers")

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        at_least(self, workers=1)


def check_options(options: ScriptOptions) -> None:
    """Raise a ValueError of one line for an option that no computation, or not this one, takes."""
    check_ranges(options, options.MOST)
    options.check()


def identity(options: ScriptOptions) -> dict[str, Any]:
    """Return the options that determine the results."""
    elsewhere = {field.name for field in dataclasses.fields(ScriptOptions)}
    elsewhere |= set(options.ELSEWHERE)
    fields = dataclasses.asdict(options)
    return {name: value for name, value in fields.items() if name not in elsewhere}


def recorded(name: str, options: ScriptOptions) -> dict[str, Any]:
    """Return what a run folder records of the options of the experiment of a name."""
    return {"experiment": name} | identity(options)
