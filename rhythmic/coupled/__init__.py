"""Oscillators coupled through a rhythmic gain: which rhythms can speak to which.

``oscillators`` the equation, ``integrator`` how it moves, ``sweep`` the amplitude of every node,
``rungs`` the trial of a ladder at its own frequencies, ``selectivity`` which nodes answer,
``peaks`` where in a sweep they do, ``ladders`` what golden rhythms are compared with.
"""

from rhythmic.coupled.integrator import motion
from rhythmic.coupled.ladders import (
    DRIVER_FREQUENCY,
    PLASTIC_NUMBER,
    random_ladder,
    random_ratio,
    ratio_ladder,
)
from rhythmic.coupled.oscillators import CoupledOscillators, OscillatorArrays, Recording
from rhythmic.coupled.peaks import PeakPlaces, answer_peaks, peak_places
from rhythmic.coupled.rungs import RungResponses, rung_responses, rung_windows
from rhythmic.coupled.selectivity import (
    Selectivity,
    answers,
    rank,
    rung_targets,
    selectivity_scores,
    targets,
)
from rhythmic.coupled.sweep import (
    mean_amplitude,
    published_gain_frequencies,
    response,
    responses,
)

__all__ = [
    "DRIVER_FREQUENCY",
    "PLASTIC_NUMBER",
    "CoupledOscillators",
    "OscillatorArrays",
    "PeakPlaces",
    "Recording",
    "RungResponses",
    "Selectivity",
    "answer_peaks",
    "answers",
    "mean_amplitude",
    "motion",
    "peak_places",
    "published_gain_frequencies",
    "random_ladder",
    "random_ratio",
    "rank",
    "ratio_ladder",
    "response",
    "responses",
    "rung_responses",
    "rung_targets",
    "rung_windows",
    "selectivity_scores",
    "targets",
]
