"""A process that trains a few networks and can be made to kill itself at any touch of its folder.

    python child.py FOLDER KILL_AT

It sends itself a real SIGKILL right before touch number KILL_AT of FOLDER, as ``tests.sweep.child``
does; 0 for never. Each epoch that it begins is a line of its output, the count at its end another.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import rhythmic
from rhythmic.networks import NetworkSpec
from rhythmic.training import TrainingConfiguration
from rhythmic.training.group import GroupTraining
from tests.sweep.child import watch

SEEDS = tuple(range(1, 9))  # two groups


def main():
    """Train."""
    folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
    generator = np.random.default_rng(0)
    inputs, labels = generator.normal(size=(40, 6, 1)), generator.integers(0, 2, 40)
    data = rhythmic.Recordings(inputs, labels, sample_rate=10.0)
    recipe = TrainingConfiguration(epochs=6, batch_size=10)
    call = GroupTraining.call

    def told(self, name, *arguments):
        if name == "train_epoch":
            members = np.asarray(arguments[1][0].seed).tolist()
            print(f"epoch {members} {int(arguments[0].epoch[0])}", flush=True)
        return call(self, name, *arguments)

    GroupTraining.call = told
    count = watch(folder, kill_at)
    rhythmic.train(
        NetworkSpec("gru", 2), data, seeds=SEEDS, recipe=recipe, folder=folder, quiet=True
    )
    print(f"touches {count[0]}")


if __name__ == "__main__":
    main()
