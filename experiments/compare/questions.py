"""The questions of the comparison, in the order in which report and gallery show them.

The one list of them: ``python -m experiments`` and the verdicts take them from here.
"""

import importlib
from types import ModuleType

QUESTIONS = (
    "equal_size",
    "depth",
    "learning_speed",
    "noise_tolerance",
    "sample_efficiency",
    "pixel_orders",
    "which_rhythms",
    "recurrence",
    "features",
    "smallest",
    "precision",
    "horn",
    "spike_trains",
    "synthetic",
    "paper_figures",
)


def modules() -> dict[str, ModuleType]:
    """Return the module of every question by its name."""
    return {name: importlib.import_module(f"experiments.compare.{name}") for name in QUESTIONS}


def num_claims() -> int:
    """Count the claims of all questions."""
    return sum(len(module.CLAIMS) for module in modules().values())
