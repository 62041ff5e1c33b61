"""The HORN that is timed beside others, with the head of the RNN and the LSTM."""

from rhythmic.networks import MEAN, NetworkSpec

HIDDEN_SIZE = 256
AMPLITUDE, ANGULAR_FREQUENCY, DAMPING = 0.04, 0.224, 0.01

HORN = NetworkSpec("horn", HIDDEN_SIZE, name="horn-like", **MEAN)
