"""Oscillators coupled by a rhythmic gain: cross-frequency coupling.

``oscillators`` the equation of motion and its integration, ``sweep`` the amplitude of every node
over gains and around a ladder's own frequencies, ``selectivity`` which nodes respond and where in a
sweep they do, ``ladders`` what golden rhythms are compared with.
"""

from rhythmic.coupled.oscillators import CoupledOscillators, Recording
from rhythmic.coupled.sweep import responses

__all__ = [
    "CoupledOscillators",
    "Recording",
    "responses",
]
