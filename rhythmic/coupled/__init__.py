"""Oscillators coupled through a rhythmic gain: which rhythms can speak to which.

``oscillators`` the equation, ``integrator`` how it moves, ``sweep`` the amplitude of every node,
``rungs`` the trial of a ladder at its own frequencies, ``selectivity`` which nodes answer,
``peaks`` where in a sweep they do, ``ladders`` what golden rhythms are compared with.
"""

from rhythmic.coupled.oscillators import CoupledOscillators, Recording
from rhythmic.coupled.sweep import responses

__all__ = [
    "CoupledOscillators",
    "Recording",
    "responses",
]
