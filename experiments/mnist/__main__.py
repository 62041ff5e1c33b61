"""``python -m experiments.mnist``: the lecture's comparison on handwritten digits."""

import os
import sys
from pathlib import Path

import jax
import tyro

from experiments.mnist.configuration import PRESETS, MnistConfiguration
from experiments.mnist.example import save_example
from experiments.mnist.members import train_all
from experiments.mnist.options import MnistOptions
from experiments.mnist.report import report
from experiments.mnist.store import MemberStore
from experiments.script import named_preset
from rhythmic.data import DataUnavailableError, load, split
from rhythmic.progress import show
from rhythmic.records import open_run_folder


def parse(arguments: list[str]) -> MnistConfiguration:
    """Read the command line; the preset named there supplies every default."""
    preset = named_preset(arguments, PRESETS)
    options = tyro.cli(
        MnistOptions,
        prog="python -m experiments.mnist",
        args=arguments,
        default=MnistOptions(**vars(preset)),
    )
    # Checked here rather than inside tyro, which would set the one line in a box of several.
    return MnistConfiguration(**vars(options))


def prepare(arguments: list[str]) -> tuple[MemberStore, Path]:
    """Read command line, data and finished members; everything that a user can get wrong."""
    configuration = parse(arguments)
    # One device a core, before JAX starts; an accelerator, if there is one, is used instead.
    jax.config.update("jax_num_cpu_devices", configuration.devices or num_cores())
    digits = load(configuration.dataset, data_dir=configuration.data_dir)
    folder = open_run_folder(configuration.folder(), configuration.identity())
    show(f"run folder: {folder}")
    return MemberStore(configuration, digits, folder / "members.jsonl"), folder


def num_cores() -> int:
    """Count the cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(store: MemberStore, folder: Path) -> None:
    """Train what is missing, and write tables and figures."""
    rows = train_all(store, folder)
    first_split = split(store.digits, store.configuration.seeds[0])
    save_example(store, rows, first_split, folder / "example.json")
    report(folder)


def main() -> None:
    """Run, and turn what the user can mend into one line."""
    try:
        store, folder = prepare(sys.argv[1:])
    except (ValueError, OSError, DataUnavailableError, ImportError) as error:
        sys.exit(f"error: {error}")
    try:
        run(store, folder)
    except KeyboardInterrupt:
        show("stopped; the same command goes on from the last finished epoch, if there is one")
        sys.exit(130)


if __name__ == "__main__":
    main()
