"""``python -m experiments.mnist``: the lecture's comparison on handwritten digits."""

from experiments.mnist.experiment import EXPERIMENT
from experiments.script import main

if __name__ == "__main__":
    main(EXPERIMENT)
