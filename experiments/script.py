"""What every experiment of the lecture shares: options, run folder, results, figures, answer.

An experiment module holds its options, four functions and one ``Experiment`` that names them;
``python -m experiments.NAME`` calls ``main`` here.
"""

import contextlib
import dataclasses
import itertools
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import jax
import tyro
from matplotlib.figure import Figure

from experiments.answers import Answer, Entry, publish
from experiments.folders import (
    FolderGoneError,
    open_folder,
    read_kept,
    tidy,
    watching,
    write_kept,
)
from experiments.options import ScriptOptions, SweepOptions, check_options, identity, recorded
from experiments.recorded import recorded_options
from experiments.stages import Stages, Swept, drop_parts, read_arrays, write_arrays
from rhythmic.data import DataUnavailableError
from rhythmic.files import replacing
from rhythmic.interruption import refuse, stopping
from rhythmic.locks import LockedError, writing
from rhythmic.plotting.style import house_style, save
from rhythmic.progress import clock, show
from rhythmic.records import (
    Row,
    fingerprint,
    is_unused,
    plain,
    read_configuration,
    read_sealed_rows,
    write_table,
)
from rhythmic.sealed import DamagedFileError, read_sealed, write_sealed
from rhythmic.spread import num_cores
from rhythmic.sweep import plan_sweep

T = TypeVar("T")


class Kept(NamedTuple):
    """How a run folder keeps the results of an experiment.

    Attributes:
        file: its name.
        write: to a path.
        read: from there.
    """

    file: str
    write: Callable[[Path, Any], None]
    read: Callable[[Path], Any]


ARRAYS = Kept("results.npz", write_arrays, read_arrays)
ROWS = Kept("rows.json", lambda path, rows: write_sealed(path, plain(rows)), read_sealed)


@dataclass(frozen=True, kw_only=True)
class Experiment(Entry):
    """One question of the lecture and the functions that answer it.

    Args:
        presets: options by name; quick, full and smoke.
        measure: computes everything, ``measure(options, stages)``: arrays by name, or what
            ``kept`` keeps instead.
        summarise: the numbers as text for the terminal, from options and saved results.
        answer: the answer in one line, from options and saved results.
        draw: figures by name, from options and saved results alone; the first one is shown in the
            gallery.
        all_cores: whether to divide the CPU into one device a core, for sweeps.
        record: what else the run folder keeps of the answer, as ``record.json``.
        kept: how the run folder keeps the results.
        dry_run: prints what a run would take, from the options, one of which is ``dry_run``, and
            the run folder, which need not exist; writes nothing.
        begin: called with the options before JAX begins.
        tables: rows by the name of the CSV that holds them, from options and saved results.
    """

    presets: Mapping[str, Any]
    measure: Callable[[Any, Stages], Any]
    summarise: Callable[[Any, Any], str]
    answer: Callable[[Any, Any], str]
    draw: Callable[[Any, Any], dict[str, Figure]]
    all_cores: bool = False
    record: Callable[[Any, Any], dict[str, Any]] | None = None
    kept: Kept = ARRAYS
    dry_run: Callable[[Any, Path], None] | None = None
    begin: Callable[[Any], None] | None = None
    tables: Callable[[Any, Any], Mapping[str, list[Row]]] | None = None


def named_preset(arguments: list[str], presets: Mapping[str, T]) -> T:
    """Return the preset that a command line names, ``quick`` if it names none.

    Raises:
        ValueError: for an unknown preset.
    """
    name = "quick"
    for position, argument in enumerate(arguments):
        if argument == "--preset" and position + 1 < len(arguments):
            name = arguments[position + 1]
        elif argument.startswith("--preset="):
            name = argument.removeprefix("--preset=")
    if name not in presets:
        raise ValueError(f"preset holds {name!r}; choose from {', '.join(presets)}")
    return presets[name]


def with_redrawn_folder(arguments: list[str]) -> list[str]:
    """Return a command line with ``--redraw --run-dir RUN_DIR`` for ``--redraw RUN_DIR``."""
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] == "--redraw" and not argument.startswith("-"):
            found.append("--run-dir")
        if argument.startswith("--redraw="):
            found += ["--redraw", "--run-dir", argument.removeprefix("--redraw=")]
        else:
            found.append(argument)
    return found


def redrawn_record(arguments: list[str]) -> dict[str, Any] | None:
    """Return the configuration of the run folder that is to be redrawn.

    None where nothing is to be redrawn, where no folder is named, or where it holds none.

    Raises:
        ValueError: in one line, for a configuration that is damaged.
    """
    folder = None
    for before, argument in itertools.pairwise(["", *arguments]):
        if argument.startswith("--run-dir="):
            folder = argument.removeprefix("--run-dir=")
        elif before == "--run-dir":
            folder = argument
    if folder is None or "--redraw" not in arguments:
        return None
    try:
        return read_configuration(Path(folder))
    except OSError:  # named where the folder is opened
        return None
    except DamagedFileError as error:
        raise ValueError(f"{error}; nothing says with which options it was run") from None


def default_options(experiment: Experiment, arguments: list[str]) -> Any:
    """Return the options that a command line starts from.

    Those of the run that is to be redrawn, if there is one, else those of the preset.

    Raises:
        ValueError: for an unknown preset, a folder of another experiment, or a recorded value of
            another type than its option has.
    """
    preset = named_preset(arguments, experiment.presets)
    record = redrawn_record(arguments)
    return preset if record is None else options_of(experiment, record)


def options_of(experiment: Experiment, record: Mapping[str, Any]) -> Any:
    """Return the options of a run from what its folder records of them.

    Raises:
        ValueError: for the record of another experiment, or a value of another type than its
            option has.
    """
    record = dict(record)
    name = record.pop("experiment", "another kind")
    if name != experiment.name:
        raise ValueError(f"the folder holds a run of {name}, not of {experiment.name}")
    preset = experiment.presets["quick"]
    for known in experiment.presets.values():
        if plain(identity(known)) == record:
            return known
    fields = {key: value for key, value in record.items() if key in identity(preset)}
    return dataclasses.replace(preset, **recorded_options(type(preset), fields))


def is_answering(experiment: Experiment, options: ScriptOptions) -> bool:
    """Tell whether these are the options of a preset whose answers count, unchanged."""
    here = plain(identity(options))
    presets = experiment.presets
    return any(here == plain(identity(presets[n])) for n in experiment.answering if n in presets)


def reduction(experiment: Experiment, options: ScriptOptions) -> str:
    """Say in which options a run differs from the full preset; empty if its answer counts."""
    if is_answering(experiment, options):
        return ""
    name = experiment.full_preset
    full, here = plain(identity(experiment.presets[name])), plain(identity(options))
    parts = [
        f"{key} {brief(here[key])} ({name}: {brief(full[key])})"
        for key in here
        if here[key] != full[key]
    ]
    return f"differs from the {name} preset in {'; '.join(parts)}"


def brief(value: Any) -> str:
    """Write the value of an option; of many numbers, the ends and how many there are."""
    if not isinstance(value, list):
        return str(value)
    if len(value) > 6 and not any(isinstance(one, str) for one in value):
        return f"{value[0]} to {value[-1]} ({len(value)} values)"
    return ", ".join(map(str, value)) or "none"


def main(experiment: Experiment, arguments: list[str] | None = None) -> None:
    """Run an experiment from the command line; turn what the user can correct into one line."""
    with stopping("stopped; at this commit the same command goes on after the last finished part"):
        answer_command(experiment, sys.argv[1:] if arguments is None else arguments)


def parse(experiment: Experiment, arguments: list[str]) -> Any:
    """Return the options that a command line asks for, checked.

    The preset that it names, or the run that is redrawn, supplies every default.

    Raises:
        ValueError: in one line, for an option that is out of its range.
    """
    arguments = with_redrawn_folder(arguments)
    options = tyro.cli(
        type(experiment.presets["quick"]),
        prog=experiment.command,
        description=f"{experiment.section}: {experiment.question}",
        args=arguments,
        default=default_options(experiment, arguments),
    )
    check_options(options)
    if options.publish and reduction(experiment, options):
        preset = f"{options.preset} or changed"
        raise ValueError(f"publish needs the {experiment.full_preset} preset; this is {preset}")
    return options


def answer_command(experiment: Experiment, arguments: list[str]) -> None:
    """Read a command line, and run the experiment that it asks for."""
    if experiment.all_cores:
        # First of all: options that are checked, and the line of provenance, make JAX begin. Too
        # late in a notebook, where it has begun before: then one device does it all.
        with contextlib.suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", num_cores())
    try:
        options = parse(experiment, arguments)
        if experiment.begin is not None:
            experiment.begin(options)
        folder = prepare(experiment, options)
        if experiment.dry_run is not None and options.dry_run:
            experiment.dry_run(options, folder)
            return
    except (ValueError, OSError, ImportError, DataUnavailableError) as error:
        refuse(error)
    except MemoryError as error:
        refuse(str(error) or "out of memory")
    try:
        with writing(folder, show):
            tidy(folder)
            run(experiment, options, folder)
    except DamagedFileError as error:
        refuse(f"{error}; the command without --redraw computes again")
    except (LockedError, FolderGoneError, DataUnavailableError, ImportError) as error:
        refuse(error)
    except MemoryError as error:
        refuse(str(error) or "out of memory")
    except OSError as error:
        refuse(f"run_dir {folder}: {error}; what is finished in it is kept")


def dry_run_of(sweeps: Callable[[Any], Mapping[str, Swept]]) -> Callable[[Any, Path], None]:
    """Return the dry run of an experiment that computes sweeps, given by name from its options."""

    def dry_run(options: SweepOptions, folder: Path) -> None:
        del folder
        seconds = with_workers = 0.0
        for name, (sweep, chunk_points, stored) in sweeps(options).items():
            estimate = plan_sweep(
                sweep, chunk_points=chunk_points, num_workers=options.workers, stored=stored
            )
            print(dataclasses.replace(estimate, name=name), flush=True)
            seconds += estimate.seconds
            with_workers += estimate.seconds_with_workers
        line = f"In all about {clock(seconds)}"
        if options.workers > 1:
            line += f", with {options.workers} workers {clock(with_workers)}"
        print(f"{line}; figures, and what is no sweep, come on top. Nothing was written.")

    return dry_run


def check_finished(option: str, folder: Path, results: Sequence[Path]) -> None:
    """Raise a ValueError of one line, for an option that reads finished runs, if there is none.

    Args:
        option: what asks for them.
        folder: where they are looked for.
        results: files of which a finished run has written one.
    """
    if not any(path.exists() for path in results):
        wanted = " or ".join(sorted({path.name for path in results}))
        raise ValueError(f"{option}: {folder} holds no {wanted}, so no finished run")


def prepare(experiment: Experiment, options: Any) -> Path:
    """Open the run folder, and see that there is something to redraw if that is asked.

    A dry run makes none.
    """
    digest = fingerprint(identity(options))[:8]
    folder = options.run_dir or Path("runs") / f"{experiment.name}-{options.preset}-{digest}"
    folder = folder.resolve()
    if options.redraw:
        check_finished("redraw", folder, [folder / experiment.kept.file])
    is_dry = experiment.dry_run is not None and options.dry_run
    if is_dry and (not folder.exists() or is_unused(folder, set())):
        return folder
    note = not (options.redraw or is_dry)
    return open_folder(folder, recorded(experiment.name, options), note=note)


def run(experiment: Experiment, options: ScriptOptions, folder: Path) -> None:
    """Compute, save, print and draw; or print and draw what was saved."""
    show(f"run folder: {folder}")
    if not options.redraw:
        compute(experiment, options, folder)
    results = experiment.kept.read(folder / experiment.kept.file)
    answer = experiment.answer(options, results)
    reduced = reduction(experiment, options)
    text = f"{experiment.summarise(options, results)}\n\n{answer}"
    text += f"\n({reduced})" if reduced else ""
    with replacing(folder / "summary.txt") as partial:
        partial.write_text(text + "\n", "utf-8")
    print(text)
    for name, rows in (experiment.tables(options, results) if experiment.tables else {}).items():
        write_table(folder / f"{name}.csv", rows)
    record = None if experiment.record is None else experiment.record(options, results)
    if record is not None:
        said = {"question": experiment.question, "answer": answer, "reduced": reduced}
        whole = said | {"preset": options.preset, "command": experiment.command} | record
        write_kept(folder, "record.json", whole)
    with house_style():
        figures = experiment.draw(options, results)
        for name, figure in figures.items():
            state_reduction(figure, reduced)
            save(figure, folder / "figures", name)
    show(f"figures: {folder / 'figures'} ({', '.join(figures)}; PDF and PNG)")
    if options.publish:
        computed = read_kept(folder, "computed.json")
        if computed is None:
            raise DamagedFileError(f"{folder / 'computed.json'} is missing or damaged")
        picture = folder / "figures" / f"{next(iter(figures))}.png"
        publish(Answer(experiment.name, answer, **computed, record=record), picture)
        show("published; python -m experiments --gallery writes the page anew")


def compute(experiment: Experiment, options: ScriptOptions, folder: Path) -> None:
    """Measure, and write results, time and what it ran on; give up the parts kept till then.

    Parts are taken up at the commit that made them alone: changed code may make other ones.
    """
    started = time.perf_counter()
    provenance = read_sealed_rows(folder / "provenance.jsonl", show)[-1]
    revision = provenance["git"]
    stages = Stages(folder / "stages" / revision)
    if revision == "unknown" or revision.endswith("+changes"):
        drop_parts(stages.folder)
    with watching(folder) as stages.check:
        results = experiment.measure(options, stages)
        stages.check()
    seconds = time.perf_counter() - started
    experiment.kept.write(folder / experiment.kept.file, results)
    if stages.revisions:
        provenance["git"] = ", ".join(sorted(stages.revisions))
    # What a resumed run took today is not what the computation takes.
    taken = None if stages.took_up else round(seconds, 1)
    write_kept(folder, "computed.json", {"seconds": taken, "provenance": provenance})
    drop_parts(folder / "stages", stages.names)
    show(f"computed in {clock(seconds)}")


def state_reduction(figure: Figure, reduced: str) -> None:
    """Write under a figure in what it differs from the full preset."""
    if reduced:
        # Legends outside the axes keep their place: the note would pull them down onto itself.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for legend in figure.legends:
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=figure.transFigure)
        width = int(22 * figure.get_figwidth())
        text = f"Not yet answered: {reduced}"
        figure.text(0.01, -0.02, textwrap.fill(text, width), fontsize=6, va="top")
