"""The lecture's comparison on handwritten digits, which has a command line of its own."""

from experiments.answers import Entry

EXPERIMENT = Entry(
    name="mnist",
    section="Rhythmic RNN in practice",
    question="Is the rhythmic RNN better?",
    full_preset="table",
)
