"""The comparison on handwritten digits as an experiment: trained, planned, kept."""

import contextlib
import tempfile
from pathlib import Path

import jax

from experiments.mnist.configuration import PRESETS, MnistConfiguration
from experiments.mnist.dry_run import dry_run
from experiments.mnist.example import save_example
from experiments.mnist.members import MnistStore, train_all
from experiments.mnist.report import answer, draw, table_text, tables
from experiments.script import Experiment, Kept
from experiments.stages import Stages
from rhythmic.data import load, split
from rhythmic.progress import show
from rhythmic.spread import num_cores

MEMBERS = "members.jsonl"


def begin(options: MnistConfiguration) -> None:
    """Choose the devices of a CPU, an accelerator is used instead, and where programs are kept."""
    with contextlib.suppress(RuntimeError):  # too late where JAX has begun: one device does it all
        jax.config.update("jax_num_cpu_devices", options.devices or num_cores())
    if options.compilation_cache is not None:
        keep_compiled(options.compilation_cache)
    if not options.redraw:
        load(options.dataset, data_dir=options.data_dir)  # what is not there is told at once


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


def measure(options: MnistConfiguration, stages: Stages) -> Path:
    """Train what is missing; return the file of all rows, which training writes."""
    folder = stages.run_folder
    digits = load(options.dataset, data_dir=options.data_dir)
    store = MnistStore(options, digits, folder / MEMBERS, check=stages.check)
    rows = train_all(store, folder)
    save_example(store, rows, split(digits, options.seeds[0]), folder / "example.json")
    stages.took_up |= store.took_up
    return folder / MEMBERS


EXPERIMENT = Experiment(
    name="mnist",
    section="Rhythmic RNN in practice",
    question="Is the rhythmic RNN better?",
    presets=PRESETS,
    measure=measure,
    summarise=table_text,
    answer=answer,
    draw=draw,
    kept=Kept(MEMBERS, write=lambda path, rows: None, read=lambda path: path),
    dry_run=dry_run,
    begin=begin,
    tables=tables,
    answering=("table", "paper"),
)
