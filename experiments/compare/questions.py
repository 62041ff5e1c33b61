"""The questions of the comparison, in the order in which report and gallery show them.

The one list of them: ``python -m experiments`` and the verdicts take them from here.
"""

QUESTIONS = (
    "equal_size",
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
