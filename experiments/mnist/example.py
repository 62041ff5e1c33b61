"""One trained resonant network reading one test digit, saved for the figure of its dynamics."""

from pathlib import Path

import jax
import numpy as np

from experiments.folders import read_kept, write_kept
from experiments.members.identity import is_published_rhythm
from experiments.members.rows import own_names
from experiments.mnist.members import MnistStore
from rhythmic.data import Split
from rhythmic.records import Row
from rhythmic.simulate import trajectory
from rhythmic.training.batches import sequences
from rhythmic.training.state import Data
from rhythmic.trees import with_named_arrays


def save_example(store: MnistStore, rows: list[Row], split: Split, path: Path) -> None:
    """Write pixels and node positions of the first resonant member on its first test digit.

    Nothing is written where the table has no resonant network, or its example is there already.
    """
    resonant = [
        row
        for row in rows
        if "parameters" in row
        and is_published_rhythm(store.conditions[row["architecture"]].architecture)
    ]
    if not resonant:
        return
    row = resonant[0]
    known = read_kept(path.parent, path.name)
    if known is not None and known.get("member") == row["member"]:
        return
    model = store.conditions[row["architecture"]].architecture.build(1, 10, key=jax.random.key(0))
    model = with_named_arrays(model, own_names(row["parameters"]))
    data = Data(store.digits.images, store.digits.labels)
    inputs, labels = sequences(data, split.test[:1])
    positions = trajectory(model.cell, inputs).observed[:, :, 0]
    write_kept(
        path.parent,
        path.name,
        {
            "member": row["member"],
            "architecture": row["architecture"],
            "seed": row["seed"],
            "label": int(labels[0]),
            "pixels": np.round(np.asarray(inputs)[:, 0, 0], 4),
            "positions": np.round(np.asarray(positions), 4),
        },
    )
