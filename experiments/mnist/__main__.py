"""``python -m experiments.mnist``: the lecture's comparison on handwritten digits."""

import sys
import tempfile
from pathlib import Path

import jax
import tyro

from experiments.folders import FolderGoneError, open_folder, tidy
from experiments.mnist.configuration import PRESETS, MnistConfiguration
from experiments.mnist.dry_run import dry_run
from experiments.mnist.example import save_example
from experiments.mnist.members import MnistStore, train_all
from experiments.mnist.report import report
from experiments.script import named_preset, redrawn_record, with_redrawn_folder
from rhythmic.data import DataUnavailableError, load, split
from rhythmic.interruption import refuse, stopping
from rhythmic.locks import LockedError, writing
from rhythmic.progress import show
from rhythmic.records import is_unused
from rhythmic.runs.rows import check_results
from rhythmic.spread import num_cores


def parse(arguments: list[str]) -> MnistConfiguration:
    """Read the command line; the preset named there, or the run redrawn, supplies every default."""
    arguments = with_redrawn_folder(arguments)
    preset, record = named_preset(arguments, PRESETS), redrawn_record(arguments)
    if record is not None:
        preset = MnistConfiguration.from_record(record)
    options = tyro.cli(
        MnistConfiguration, prog="python -m experiments.mnist", args=arguments, default=preset
    )
    # Checked here rather than inside tyro, which would set the one line in a box of several.
    options.check()
    return options


def prepare(arguments: list[str]) -> tuple[MnistStore, Path]:
    """Read command line, data and finished members; everything that a user can get wrong."""
    configuration = parse(arguments)
    # One device a core, before JAX starts; an accelerator, if there is one, is used instead.
    jax.config.update("jax_num_cpu_devices", configuration.devices or num_cores())
    if configuration.compilation_cache is not None:
        keep_compiled(configuration.compilation_cache)
    digits = load(configuration.dataset, data_dir=configuration.data_dir)
    check_results(configuration.results)
    folder = configuration.folder().resolve()
    dry = configuration.dry_run
    if not dry or not is_free(folder):
        open_folder(folder, configuration.identity(), note=not dry)
    if not dry:
        show(f"run folder: {folder}")
    return MnistStore(configuration, digits, folder / "members.jsonl", read_only=dry), folder


def keep_compiled(folder: Path) -> None:
    """Keep compiled programs in ``folder``, and load those that it holds; before JAX starts.

    A folder that cannot be written to is left out: a cache is a help, and no reason not to run.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"compilation_cache is {folder}, a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as error:
        show(f"compilation_cache {folder} cannot be written ({error.strerror}); nothing is kept")
        return
    jax.config.update("jax_compilation_cache_dir", str(folder.resolve()))
    # Everything: the defaults leave out what compiles within a second.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def is_free(folder: Path) -> bool:
    """Tell whether a run folder would be made here, where there is none yet."""
    return not folder.exists() or is_unused(folder, set())


def run(store: MnistStore, folder: Path) -> None:
    """Train what is missing, and write tables and figures."""
    with writing(folder, show):
        tidy(folder)
        rows = train_all(store, folder)
    first_split = split(store.digits, store.configuration.seeds[0])
    save_example(store, rows, first_split, folder / "example.json")
    report(folder, store)


def main() -> None:
    """Run, and turn what the user can correct into one line."""
    with stopping(
        "stopped; the same command goes on from the last finished epoch, if there is one"
    ):
        answer_command(sys.argv[1:])


def answer_command(arguments: list[str]) -> None:
    """Read a command line, and train or tell what it asks for."""
    try:
        if "--redraw" in with_redrawn_folder(arguments):
            folder = parse(arguments).folder()
            if not report(folder):
                refuse(f"{folder} is damaged; see above")
            return
        store, folder = prepare(arguments)
    except (ValueError, OSError, DataUnavailableError, ImportError) as error:
        refuse(error)
    try:
        if store.configuration.dry_run:
            dry_run(store, folder)
        else:
            run(store, folder)
    except (MemoryError, LockedError, FolderGoneError, ValueError) as error:
        refuse(error)
    except OSError as error:
        refuse(f"run_dir {folder}: {error}; what is finished in it is kept")


if __name__ == "__main__":
    main()
