"""A process that computes into a folder on a disk whose power is about to fail.

    python child.py sweep|training FOLDER [RESULTS]

It says on its output, unbuffered, what it begins and what it has finished.
"""

import os
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np

CHUNKS, GROUPS = 60, 12


def say(line: str) -> None:
    """Write a line at once."""
    os.write(1, f"{line}\n".encode())


def sweep(folder: Path) -> dict[str, np.ndarray]:
    """Run a sweep of many chunks; return its arrays."""
    from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep
    from rhythmic.sweep.chunks import ChunkComputer
    from rhythmic.sweep.store import SweepStore

    started, write = ChunkComputer.started, SweepStore.write

    def begun(self, chunk):
        say(f"begun {chunk.number}")
        return started(self, chunk)

    def written(self, chunk, values, made):
        write(self, chunk, values, made)
        say(f"finished {chunk.number}")

    ChunkComputer.started, SweepStore.write = begun, written
    try:
        axes = (linear_axis("gain", 0, 1, CHUNKS, ""), linear_axis("bias", 0, 1, 50, ""))
        small = Sweep(
            "power", lambda gain, bias: {"y": jnp.sin(gain + bias)}, Grid(axes), {"y": Output("")}
        )
        result = run_sweep(small, folder=folder, chunk_points=50, quiet=True)
        return {name: np.asarray(values) for name, values in result.arrays.items()}
    finally:
        ChunkComputer.started, SweepStore.write = started, write


def training(folder: Path, results: Path | None = None) -> dict[str, np.ndarray]:
    """Train networks in groups of one; return their accuracies by name.

    Other processes may train the same ones at the same time, if they share the file of results.
    """
    from experiments.members import Condition, MemberStore, Pool, train_members
    from experiments.members.train import Worker
    from rhythmic.data import Split
    from rhythmic.networks import rhythmic_network
    from rhythmic.records import open_run_folder
    from rhythmic.training import Data, TrainingConfiguration
    from rhythmic.training.search import Setting

    train_group = Worker.train_group

    def told(self, group):
        say(f"begun {group[0].seed}")
        train_group(self, group)
        say(f"finished {group[0].seed}")

    def split(seed):
        order = np.random.default_rng(seed).permutation(39).astype(np.int32)
        return Split(order[:21], order[21:28], order[28:])

    Worker.train_group = told
    try:
        images = np.random.default_rng(5).integers(1, 256, (39, 10)).astype(np.uint8)
        data = Data(images, (np.arange(39) % 10).astype(np.int32))
        condition = Condition(
            "rrn",
            rhythmic_network((20.0, 90.0), pole_radius=0.99, name="rrn"),
            TrainingConfiguration(epochs=3, batch_size=8, rising_share=0.4),
            Pool("made up", "0" * 64, data, split),
            (Setting(0.03),),
            tuple(range(1, GROUPS + 1)),
        )
        folder = open_run_folder(folder, {"power": "cut"})
        store = MemberStore(folder / "members.jsonl", results)
        rows = train_members(store, [condition], folder, members_per_device=1)["rrn"]
        return {row["member"]: np.array(row["test_accuracy"]) for row in rows}
    finally:
        Worker.train_group = train_group


KINDS = {"sweep": sweep, "training": training}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*map(Path, sys.argv[2:]))
