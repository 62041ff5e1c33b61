"""``python -m experiments.compare``: every question, one after another, and the report."""

import contextlib
import inspect
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.compare.questions import QUESTIONS, modules
from experiments.compare.report import results_of, write_report
from experiments.ranges import among
from experiments.script import check_finished
from rhythmic.interruption import refuse, stopping
from rhythmic.progress import Progress, clock, show

# A question that was interrupted has so long to end by itself.
SECONDS_TO_END = 20
PRESETS = ("smoke", "quick", "full", "accelerator")


@dataclass(frozen=True)
class CompareAllOptions:
    """Ask every question of the comparison and write one page with figures and answers.

    Each question is an experiment of its own, python -m experiments.compare.NAME, with further
    options there. What is finished is not computed again: a run that was stopped goes on.

    Args:
        preset: of every question. smoke: shows only that the scripts run. quick: under half an
            hour on 2 cores, answers nothing. full: hours on 2 cores, answers count. accelerator:
            more networks, for a GPU.
        questions: names of the questions to ask, by default all.
        folder: where the run folders and the page go; by default runs/compare-PRESET.
        data_dir: folder with the four original MNIST files, for full and accelerator.
        report: write the page from what the folder holds, and ask nothing.
    """

    preset: str = "quick"
    questions: tuple[str, ...] = QUESTIONS
    folder: Path | None = None
    data_dir: Path | None = None
    report: bool = False

    def __post_init__(self) -> None:
        among(self, preset=PRESETS, questions=QUESTIONS)

    def base(self) -> Path:
        """Return the folder of the run."""
        return (self.folder or Path("runs") / f"compare-{self.preset}").resolve()


def description() -> str:
    """Say what the command does, and what each question asks."""
    purpose = inspect.cleandoc(CompareAllOptions.__doc__ or "").partition("\nArgs:")[0]
    width = max(map(len, QUESTIONS)) + 2
    asked = {name: module.EXPERIMENT.question for name, module in modules().items()}
    lines = [f"  {name:{width}}{question}" for name, question in asked.items()]
    return "\n".join([purpose.strip(), "", "Questions:", *lines])


def ask(options: CompareAllOptions, name: str) -> bool:
    """Run one question in a process of its own; tell whether it came to its end."""
    arguments = ["--preset", options.preset, "--run-dir", str(options.base() / name)]
    command = [sys.executable, "-m", f"experiments.compare.{name}", *arguments]
    environment = dict(os.environ)
    if options.data_dir is not None:  # as a variable: some questions read no digits
        environment["RHYTHMIC_DATA_DIR"] = str(options.data_dir)
    with subprocess.Popen(command, env=environment) as child:
        try:
            return child.wait() == 0
        except KeyboardInterrupt:
            # The terminal interrupts the child too: it gives back its lock and ends by itself.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(SECONDS_TO_END)
            child.terminate()
            raise


def main() -> None:
    """Ask, then write the page; what failed is named there and in the exit status."""
    with stopping("stopped; the same command goes on"):
        try:
            options = tyro.cli(
                CompareAllOptions, prog="python -m experiments.compare", description=description()
            )
            if options.report:
                base = options.base()
                results = [results_of(base, name) for name in options.questions]
                check_finished("report", base, results)
            failed = [] if options.report else ask_all(options)
            page = write_report(options.base(), options.questions)
        except (ValueError, OSError) as error:
            refuse(error)
        show(f"report: {page}")
        if failed:
            refuse(f"{', '.join(failed)} did not come to the end; see above")


def ask_all(options: CompareAllOptions) -> list[str]:
    """Ask one question after another; return the names of those that did not come to their end."""
    failed = []
    progress = Progress({"question": len(options.questions)})
    for place, name in enumerate(options.questions, start=1):
        show(f"== {name}: question {place} of {len(options.questions)}")
        started = time.perf_counter()
        if not ask(options, name):
            failed.append(name)
        seconds = time.perf_counter() - started
        progress.finished("question", seconds)
        show(f"== {name}: {clock(seconds)}, {progress.time_left()} left")
    return failed


if __name__ == "__main__":
    main()
