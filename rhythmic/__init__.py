"""Recurrent networks that oscillate, from ``h_t = w h_{t-1}`` to the rhythmic RNN, in JAX.

``rhythmic.theory``     a single node: trajectories, regimes, roots, oscillators, ladders
``rhythmic.cells``      recurrent layers, one pure step each
``rhythmic.simulate``   the scan of cells over time: trajectories and time averages
``rhythmic.functional`` the cells as functions of plain arrays
``rhythmic.networks``   any cell in any number of layers, read out once or at every step
``rhythmic.training``   the training of many networks at once
``rhythmic.fast``       fast implementations of the recurrence: hand-written reverse passes,
    event-based steps, a parallel scan, one GPU kernel over time
``rhythmic.rnn``, ``rhythmic.sensitivity``, ``rhythmic.rhythm_detection``  the RNN as the lecture
    writes it, the sensitivity of a state to each earlier input, whether a trajectory is a rhythm
``rhythmic.data``       handwritten digits in several orders, spike trains, your own recordings
``rhythmic.tasks``      sequence tasks drawn from keys: next item, recall, adding, copying, rhythms
``rhythmic.baselines``  features without dynamics, read out by logistic regression
``rhythmic.statistics`` means, intervals, tests and verdicts over seeds
``rhythmic.static``     networks without time: perceptron, Hopfield, feedforward
``rhythmic.rhythms``    bands of the brain, their spacing and sums, the day's ladder
``rhythmic.coupled``    oscillators coupled by a rhythmic gain
``rhythmic.reductions`` running statistics of a trajectory: extremes, amplitude, frequency
``rhythmic.sweep``      a pure function over axes with units: chunks, devices, disk, resumption
``rhythmic.stability``  the atlas of the two-step node; modes, fixed points, exponents of networks
``rhythmic.reservoirs`` untrained networks, read out by logistic regression
"""

from rhythmic import (
    coupled,
    data,
    reductions,
    reservoirs,
    rhythms,
    stability,
    static,
    sweep,
    tasks,
    training,
)
from rhythmic.cells import ElmanCell, EquinoxCell, LSTMCell, ResonantCell, constrained, trainable
from rhythmic.data import Recordings
from rhythmic.functional import elman_states, lstm_states, resonant_features
from rhythmic.networks import Network, NetworkSpec, load, save
from rhythmic.rhythm_detection import RhythmKind, measure_rhythm
from rhythmic.rnn import simulate_rnn
from rhythmic.sensitivity import input_sensitivity, state_sensitivity
from rhythmic.simulate import mask_from_lengths, time_mean, trajectory
from rhythmic.theory import *  # noqa: F403
from rhythmic.theory import __all__ as _theory_names
from rhythmic.training import train

__all__ = [
    "ElmanCell",
    "EquinoxCell",
    "LSTMCell",
    "Network",
    "NetworkSpec",
    "Recordings",
    "ResonantCell",
    "RhythmKind",
    "constrained",
    "coupled",
    "data",
    "elman_states",
    "input_sensitivity",
    "load",
    "lstm_states",
    "mask_from_lengths",
    "measure_rhythm",
    "reductions",
    "reservoirs",
    "resonant_features",
    "rhythms",
    "save",
    "simulate_rnn",
    "stability",
    "state_sensitivity",
    "static",
    "sweep",
    "tasks",
    "time_mean",
    "train",
    "trainable",
    "training",
    "trajectory",
    *_theory_names,
]
