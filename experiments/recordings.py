"""Recordings of others, trained by ``rhythmic.train`` as anybody's: speakers, motions, heartbeats.

    python -m experiments.recordings --ecg-dir FOLDER

JapaneseVowels (nine speakers, 12 channels, 7 to 29 steps) and BasicMotions (four motions, 6
channels) come with the package aeon; QTDB (six parts of a heartbeat, labelled at every step) lies
in a folder, as two files that are named by their hashes. What is finished is a row of
``experiments/results/recordings.jsonl`` and is not trained again.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rich.console
import rich.table
import scipy.io
import tyro

from rhythmic import NetworkSpec, Recordings, train
from rhythmic.data import Split
from rhythmic.interruption import refuse, stopping
from rhythmic.progress import show
from rhythmic.provenance import device_name, git_revision
from rhythmic.records import Row, append_rows, fingerprint, read_rows
from rhythmic.sealed import sha256_of
from rhythmic.training import Trained, TrainingConfiguration

RESULTS = Path(__file__).parent / "results" / "recordings.jsonl"
VERSION = 1  # raised where a change of the code changes results
QTDB = {
    "train": "72d1a10c96f1540880447e07256835d66da419c0b34f3dff495731a7928c5bc7",
    "test": "916f11e21679a5b61988305bbb7cd1e6df8b34f1ed4a157a7a4e295d400ef232",
}
QTDB_PARAMETERS = 1734  # of the published network that QTDB is compared with
LEARNED = {"rhythms": "learned"}
FREE = {"rhythms": "learned", "recurrence": False}


@dataclass(frozen=True)
class RecordingsOptions:
    """Train five networks of each kind on each set of recordings; what is finished is taken.

    Args:
        ecg_dir: folder with QTDB_train.mat and QTDB_test.mat; without it QTDB is left out.
        seeds: one network each.
        results: file of finished rows.
        run_dir: folder for what is unfinished; the same command resumes it there.
    """

    ecg_dir: Path | None = None
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    results: Path = RESULTS
    run_dir: Path | None = None


@dataclass(frozen=True)
class Part:
    """One set of recordings, and the networks that are trained on it.

    Args:
        name: of the recordings.
        load: gives recordings and the number of its last trials that are the official test.
        specs: the networks.
        recipe: by which they are trained; None for the default.
        learning_rates: to choose from.
    """

    name: str
    load: Callable[[], tuple[Recordings, int]]
    specs: tuple[NetworkSpec, ...]
    recipe: TrainingConfiguration | None
    learning_rates: tuple[float, ...] = (0.003, 0.01, 0.03)


def parts(options: RecordingsOptions) -> list[Part]:
    """Return the sets of recordings that are at hand."""
    found = [
        Part("JapaneseVowels", functools.partial(from_aeon, "japanese_vowels", 156.25), (
            NetworkSpec("rrn", 32, options=LEARNED, name="rrn"),
            NetworkSpec("lstm", 16, name="lstm"),
        ), None),
        Part("BasicMotions", functools.partial(from_aeon, "basic_motions", 10.0), (
            NetworkSpec("rrn", 16, options=LEARNED, name="rrn"),
            NetworkSpec("lstm", 10, name="lstm"),
        ), None),
    ]  # fmt: skip
    if options.ecg_dir is not None:
        sizes = QTDB_PARAMETERS, 4, 6
        rhythmic_ = NetworkSpec("rrn", 1, options=FREE, pooling="every", name="rrn")
        lstm = NetworkSpec("lstm", 1, pooling="every", name="lstm")
        recipe = TrainingConfiguration(epochs=40, batch_size=16)
        specs = (rhythmic_.within(*sizes), lstm.within(*sizes))
        for name, unlabelled in (("QTDB", None), ("QTDB, every step", 0)):
            load = functools.partial(qtdb, options.ecg_dir, unlabelled)
            found.append(Part(name, load, specs, recipe, (0.01,)))
    return found


def from_aeon(name: str, sample_rate: float) -> tuple[Recordings, int]:
    """Return recordings that aeon ships, in the order training, test; the rate is in Hz."""
    try:
        from aeon import datasets
    except ImportError:
        raise ValueError("aeon is not installed: pip install aeon") from None
    load = getattr(datasets, f"load_{name}")
    (train_x, train_y), (test_x, test_y) = (load(split=part) for part in ("train", "test"))
    trials = [np.asarray(one).T for one in (*train_x, *test_x)]  # (time, channel)
    labels = [str(label) for label in (*train_y, *test_y)]
    return Recordings(trials, labels, sample_rate=sample_rate), len(test_x)


def qtdb(folder: Path, unlabelled: int | None) -> tuple[Recordings, int]:
    """Return QTDB in the order training, test.

    Args:
        folder: with its two files.
        unlabelled: class of the steps without a label; None where they are missing and do not
            count. As published they are class 0 and count.

    Source: QT Database, PhysioNet (Laguna et al., 1997), coded by Yin, Corradi and Bohte (Nature
    Machine Intelligence 3, 2021).

    Raises:
        ValueError: for a file that is not the original.
    """
    arrays = {}
    for part, known in QTDB.items():
        file = folder / f"QTDB_{part}.mat"
        if not file.is_file() or sha256_of(file) != known:
            raise ValueError(f"ecg_dir holds no original {file.name} (sha256 {known[:16]}...)")
        arrays[part] = scipy.io.loadmat(file)
    inputs, marks = (
        np.concatenate([arrays[part][key] for part in QTDB])[:, :1300] for key in ("x", "y")
    )
    labels = marks.argmax(axis=-1).astype(object)
    labels[~marks.any(axis=-1)] = unlabelled
    data = Recordings(inputs, labels, sample_rate=250.0, kind="class_per_step")
    return data, len(arrays["test"]["x"])


def official(num_trials: int, num_test: int, seed: int) -> Split:
    """Return the official test, and a tenth of the other trials, by seed, for validation."""
    order = np.random.default_rng(seed).permutation(num_trials - num_test).astype(np.int32)
    held = max(1, len(order) // 10)
    return Split(order[held:], order[:held], np.arange(num_trials - num_test, num_trials))


def measured(
    part: Part, spec: NetworkSpec, seeds: Sequence[int], run_dir: Path | None = None
) -> Row:
    """Train the networks of one kind on one set of recordings, resumed from ``run_dir``."""
    recordings, num_test = part.load()
    name = identity(part, spec, seeds)
    show(f"{part.name}, {spec.name}: {recordings}")
    found = train(
        spec,
        recordings,
        seeds=tuple(seeds),
        learning_rates=part.learning_rates,
        split=functools.partial(official, len(recordings), num_test),
        recipe=part.recipe,
        folder=None if run_dir is None else run_dir / name,
    )
    row = {
        "name": name,
        "recordings": part.name,
        "network": spec.name,
        "hidden_size": spec.hidden_size,
        "num_parameters": found.num_parameters,
        "seeds": list(found.seeds),
        "learning_rate": found.learning_rate,
        "test_scores": found.test_scores,
        "validation_scores": found.validation_scores,
        "minutes": found.seconds / 60,
        "arithmetic": found.arithmetic,
        "git": git_revision(),
        "device": device_name(),
    }
    if recordings.per_step:
        row["as_published"] = as_published(found, recordings, num_test)
    return row


def as_published(found: Trained, recordings: Recordings, num_test: int) -> list[float]:
    """Return accuracies over all steps of the test, those without a label counted as class 0."""
    inputs = recordings.inputs[-num_test:]
    targets = np.maximum(recordings.targets[-num_test:], 0)
    return [
        float(np.mean(np.argmax(np.asarray(network(inputs)), axis=-1) == targets))
        for network in found.networks
    ]


def identity(part: Part, spec: NetworkSpec, seeds: Sequence[int]) -> str:
    """Name a row by all that its result depends on."""
    recipe = None if part.recipe is None else (part.recipe.epochs, part.recipe.batch_size)
    known = (VERSION, part.name, spec.to_json(), recipe, part.learning_rates, list(seeds))
    return fingerprint(known)


def rows_of(options: RecordingsOptions) -> list[Row]:
    """Return the rows of all networks, training those that are missing."""
    known = {row["name"]: row for row in read_rows(options.results)}
    found = []
    for part in parts(options):
        for spec in part.specs:
            name = identity(part, spec, options.seeds)
            if name not in known:
                known[name] = measured(part, spec, options.seeds, options.run_dir)
                append_rows(options.results, [known[name]])
            found.append(known[name])
    return found


def table(rows: Sequence[Row]) -> rich.table.Table:
    """Return the table that is shown."""
    made = rich.table.Table("recordings", "network", "parameters", "test", "sd", "minutes")
    for row in rows:
        scores = np.asarray(row["test_scores"], float)
        cells: list[Any] = [row["recordings"], row["network"], row["num_parameters"]]
        cells += [f"{scores.mean():.3f}", f"{scores.std(ddof=1):.3f}", f"{row['minutes']:.1f}"]
        made.add_row(*map(str, cells))
    return made


def main() -> None:
    """Train what is missing, and show the table."""
    with stopping("stopped; what is finished is kept"):
        try:
            options = tyro.cli(RecordingsOptions, prog="python -m experiments.recordings")
            rich.console.Console().print(table(rows_of(options)))
        except (ValueError, OSError) as error:
            refuse(error)


if __name__ == "__main__":
    main()
