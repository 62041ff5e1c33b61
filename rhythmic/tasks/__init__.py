"""Tasks on sequences, drawn from a key alone: prediction, memory, detection in noise."""

from rhythmic.tasks.interface import AbstractTask, Batch, Kind
from rhythmic.tasks.next_item import NextValue, NextWord
from rhythmic.tasks.oscillation import FrequencyDiscrimination, PhaseReading
from rhythmic.tasks.recall import DelayedRecall
from rhythmic.tasks.storing import Adding, Copying

__all__ = [
    "AbstractTask",
    "Adding",
    "Batch",
    "Copying",
    "DelayedRecall",
    "FrequencyDiscrimination",
    "Kind",
    "NextValue",
    "NextWord",
    "PhaseReading",
]
