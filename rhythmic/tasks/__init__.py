"""Tasks on sequences, drawn from a key alone: what comes next, and what has to be remembered."""

from rhythmic.tasks.interface import AbstractTask, Batch, Kind
from rhythmic.tasks.next_item import NextValue, NextWord
from rhythmic.tasks.recall import DelayedRecall

__all__ = ["AbstractTask", "Batch", "DelayedRecall", "Kind", "NextValue", "NextWord"]
