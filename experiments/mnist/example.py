"""One trained resonant network driven by one test digit, saved for the figure of its dynamics."""

from pathlib import Path

import numpy as np

from experiments.compare.trained_features import trained_network
from experiments.folders import read_kept, write_kept
from experiments.mnist.members import MnistStore
from rhythmic.data import split
from rhythmic.records import Row
from rhythmic.simulate import trajectory
from rhythmic.training.batches import sequences

EXAMPLE = "example.json"


def save_example(store: MnistStore, row: Row, folder: Path) -> None:
    """Write pixels and node positions of a network on its first test digit, if it is not there."""
    known = read_kept(folder, EXAMPLE)
    if known is not None and known.get("member") == row["member"]:
        return
    condition = store.conditions[row["architecture"]]
    model = trained_network(condition.architecture, row)
    first = split(store.digits, row["seed"]).test[:1]
    inputs, labels = sequences(condition.pool.data, first)
    positions = trajectory(model.cell, inputs).observed[:, :, 0]
    example = {
        "member": row["member"],
        "architecture": row["architecture"],
        "seed": row["seed"],
        "label": int(labels[0]),
        "pixels": np.round(np.asarray(inputs)[:, 0, 0], 4),
        "positions": np.round(np.asarray(positions), 4),
    }
    write_kept(folder, EXAMPLE, example)
