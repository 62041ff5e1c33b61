"""The lecture's comparison on handwritten digits."""

from typing import Any


def __getattr__(name: str) -> Any:
    # Not at once: the accelerator's script takes its networks from here, without a command line.
    if name != "EXPERIMENT":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from experiments.mnist.experiment import EXPERIMENT

    return EXPERIMENT
