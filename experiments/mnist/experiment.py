"""The comparison on handwritten digits as an experiment: trained, planned, kept."""

import contextlib
import tempfile
from functools import partial
from pathlib import Path

import jax

from experiments.members.identity import is_published_rhythm
from experiments.members.store import MemberStore
from experiments.mnist.configuration import PRESETS, MnistConfiguration
from experiments.mnist.dry_run import dry_run
from experiments.mnist.members import MnistStore, save_example, train_all
from experiments.mnist.report import answer, draw, table_text, tables
from experiments.script import Experiment, Kept
from experiments.stages import Stages
from rhythmic.data import load
from rhythmic.progress import show
from rhythmic.spread import num_cores


def begin(options: MnistConfiguration) -> None:
    """Choose the devices of a CPU, an accelerator is used instead, and where programs are kept."""
    if options.redraw:
        return
    with contextlib.suppress(RuntimeError):  # too late where JAX has begun: one device does it all
        jax.config.update("jax_num_cpu_devices", options.devices or num_cores())
    if options.compilation_cache is not None:
        keep_compiled(options.compilation_cache)
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


def measure(options: MnistConfiguration, stages: Stages) -> None:
    """Train what is missing, row by row, and keep the dynamics of the first resonant one."""
    digits = load(options.dataset, data_dir=options.data_dir)
    folder = stages.run_folder
    store = MnistStore(options, digits, folder / ROWS.file, check=stages.check)
    tested = train_all(store, folder)
    stages.rest_on(store)
    for name, rows in tested.items():
        if is_published_rhythm(store.conditions[name].architecture):
            save_example(store, rows[0], folder)
            return


# Training adds a row per network to it, so that nothing is left to be written at the end.
ROWS = Kept("members.jsonl", lambda path, results: None, partial(MemberStore, read_only=True))

EXPERIMENT = Experiment(
    name="mnist",
    section="Rhythmic RNN in practice",
    question="Is the rhythmic RNN better?",
    presets=PRESETS,
    measure=measure,
    summarise=table_text,
    answer=answer,
    draw=draw,
    kept=ROWS,
    dry_run=dry_run,
    begin=begin,
    tables=tables,
    answering=("table", "paper"),
)
