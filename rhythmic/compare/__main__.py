"""``python -m rhythmic.compare``: networks compared on the recordings of a file."""

import contextlib
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import jax
import rich.console
import rich.table
import tyro

from rhythmic.compare.estimate import estimated
from rhythmic.compare.example import simulated_rhythms
from rhythmic.compare.plan import ComparisonPlan, PresetName
from rhythmic.compare.report import LABELS, write_report
from rhythmic.compare.run import Comparison, compare_networks
from rhythmic.compare.tables import p_text, summary_rows
from rhythmic.compare.work import ROWS, Work
from rhythmic.data import Recordings
from rhythmic.data.description import description_table
from rhythmic.data.files import read_recordings
from rhythmic.data.recordings import TargetKind
from rhythmic.interruption import refuse, stopping
from rhythmic.locks import LockedError
from rhythmic.progress import clock, show
from rhythmic.sealed import DamagedFileError
from rhythmic.spread import num_cores

PROGRAM = "python -m rhythmic.compare"


@dataclass(frozen=True)
class CompareOptions:
    """Ask of recordings: is a rhythmic network better here, and which rhythms matter?

    Trains networks of equal size and equal budget, plain baselines and frequency ladders on the
    same divisions of the trials, and writes one page, report.html, with tables (summary.csv,
    rhythms.csv, bands.csv) and verdicts (verdicts.json) beside it. What is finished stays: the same
    command resumes after a kill, and takes a finished comparison as it is.

    Args:
        file: recordings: .npz, .nc, .zarr, .ts, .fif, a folder of .npy trials with a CSV of labels,
            or tfds:NAME.
        run_dir: folder of the run; it must be new, or hold the same comparison.
        example: simulated recordings in place of a file: rhythms, two classes that differ by a
            burst of 11 or of 17 Hz in 1/f noise.
        sample_rate: Fs in Hz, where the file does not tell.
        inputs: name of the array of samples, (trial, time, channel).
        targets: name of the array of labels or numbers, one per trial or one per step.
        lengths: name of the array of samples per trial, where trials are padded.
        groups: name of the array of what each trial belongs to, such as subjects; divisions never
            tear them apart.
        kind: of the targets, where shape and type do not tell.
        channels: whether channels come first or last in each trial, where the file does not tell.
        missing: what to do with trials that hold NaN: drop or interpolate them.
        forecast: time in s; the targets, at every step, are the recording itself so much later, in
            place of those of the file.
        preset: quick, some minutes, to look; full, for an answer that counts.
        cells: networks to compare, by default rrn horn linoss rnn lstm gru; rrn must be one.
        parameters: trained parameters of each network at most; by default those of a rhythmic RNN
            of ten nodes.
        seeds: runs of each network, each with its own test trials and start values; by default 5,
            in full 10.
        budget: settings tried for each network in each run; by default 2, in full 10.
        ladders: random frequency ladders, the null of the named ones; by default 40, in full 100.
        seed: of divisions, start values, settings and random ladders.
        dry_run: say what would be trained, and what it would take, after compiling and timing each
            network, a minute or two; train nothing.
    """

    file: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")] = None
    run_dir: Path | None = None
    example: Literal["rhythms"] | None = None
    sample_rate: float | None = None
    inputs: str | None = None
    targets: str | None = None
    lengths: str | None = None
    groups: str | None = None
    kind: TargetKind | None = None
    channels: Literal["first", "last"] | None = None
    missing: Literal["drop", "interpolate"] | None = None
    forecast: float | None = None
    preset: PresetName = "quick"
    cells: tuple[str, ...] | None = None
    parameters: int | None = None
    seeds: int | None = None
    budget: int | None = None
    ladders: int | None = None
    seed: int | None = None
    dry_run: bool = False

    def check(self) -> None:
        """Raise a ValueError for options that do not go together, before anything is read."""
        if self.file is None and self.example is None:
            raise ValueError("file is missing; give recordings, or --example rhythms")
        if self.file is not None and self.example is not None:
            raise ValueError(f"file is {self.file!r}; give it or --example, not both")
        if self.run_dir is None and not self.dry_run:
            raise ValueError("run_dir is missing; name a folder for the run, --run-dir RUN")
        if self.run_dir is not None and self.run_dir.exists() and not self.run_dir.is_dir():
            raise ValueError(f"run_dir is {self.run_dir}; it must be a folder, or nothing yet")

    def recordings(self) -> Recordings:
        """Read the recordings, or simulate them."""
        if self.file is None:
            found = simulated_rhythms()
            return found if self.forecast is None else found.forecast(self.forecast)
        return read_recordings(
            self.file,
            sample_rate=self.sample_rate,
            inputs=self.inputs,
            targets=self.targets,
            lengths=self.lengths,
            groups=self.groups,
            kind=self.kind,
            channels=self.channels,
            missing=self.missing,
            forecast=self.forecast,
        )

    def plan(self) -> ComparisonPlan:
        """Return the budget."""
        return ComparisonPlan.preset(
            self.preset,
            cells=self.cells,
            num_parameters=self.parameters,
            num_runs=self.seeds,
            budget=self.budget,
            num_ladders=self.ladders,
            seed=self.seed,
        )


def would_take(work: Work) -> rich.table.Table:
    """Return a table of what would be trained, with memory and time."""
    table = rich.table.Table(
        "network", "nodes", "parameters", "trainings", "updates", "memory", "time"
    )
    total = 0.0
    for one in estimated(work, show):
        total += one.seconds
        memory = f"{-(-one.memory // 2**20)} MiB" if one.memory else "unknown"
        sizes = (one.hidden_size, one.num_parameters, one.num_runs, one.num_updates)
        table.add_row(one.title, *map(str, sizes), memory, clock(one.seconds))
    table.add_row("all", "", "", "", "", "", clock(total))
    return table


def summary_table(found: Comparison) -> rich.table.Table:
    """Return the table that is shown at the end."""
    table = rich.table.Table(
        "network", "parameters", "n", LABELS[found.score], "95 % interval", "p"
    )
    for row in summary_rows(found):
        low, high, p = row["low"], row["high"], row["p"]
        table.add_row(
            found.names[row["cell"]],
            str(row["num_parameters"]),
            str(row["n"]),
            f"{row['mean']:.3f}",
            "" if low != low else f"{low:.3f} to {high:.3f}",
            "" if p is None or p != p else p_text(p),
        )
    return table


def run(options: CompareOptions, command: str) -> None:
    """Read, say what was found, compute what is missing, and write the report."""
    console = rich.console.Console()
    plan = options.plan()
    options.check()
    recordings = options.recordings()
    console.print(description_table(recordings, options.file or f"example {options.example}"))
    if options.dry_run:
        console.print(would_take(Work(recordings, plan, None, True)))
        return
    assert options.run_dir is not None
    if options.preset == "full" and not (options.run_dir / ROWS).exists():
        console.print(would_take(Work(recordings, plan, None, True)))
    found = compare_networks(recordings, plan, folder=options.run_dir)
    console.print(summary_table(found))
    show(f"wrote {write_report(found, options.run_dir, source=command)}")


def _in_options(text: str) -> str:
    """Return an error with the names that a plan's fields have as options."""
    names = {"num_runs": "seeds", "num_parameters": "parameters", "num_ladders": "ladders"}
    for field, option in names.items():
        text = text.replace(field, option)
    return text


def main(arguments: list[str] | None = None) -> None:
    """Run the command; turn what the user can repair into one line."""
    # First of all: options that are checked make JAX begin. Too late where it has begun before.
    with contextlib.suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", num_cores())
    with stopping("stopped; what is finished is kept, and the same command resumes"):
        try:
            options = tyro.cli(
                CompareOptions,
                prog=PROGRAM,
                args=arguments,
                config=(tyro.conf.DisallowNone, tyro.conf.FlagCreatePairsOff),
            )
            given = sys.argv[1:] if arguments is None else arguments
            run(options, f"{PROGRAM} {shlex.join(given)}")
        except (ValueError, OSError, DamagedFileError, LockedError, ImportError) as error:
            refuse(_in_options(str(error)))


if __name__ == "__main__":
    main()
