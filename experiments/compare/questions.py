"""The questions of the comparison, in the order in which the report asks them."""

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
