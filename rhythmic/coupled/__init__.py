"""Oscillators coupled through a rhythmic gain: which rhythms can speak to which.

``oscillators`` the equation and how it moves, ``sweep`` the amplitude of every node over gains and
around a ladder's own frequencies, ``selectivity`` which nodes answer and where in a sweep they do,
``ladders`` what golden rhythms are compared with.
"""

from rhythmic.coupled.oscillators import CoupledOscillators, Recording
from rhythmic.coupled.sweep import responses

__all__ = [
    "CoupledOscillators",
    "Recording",
    "responses",
]
