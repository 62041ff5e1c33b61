"""The HORN that is timed beside others, with the head of the RNN and the LSTM."""

from rhythmic.architectures import MEAN_HEAD, CellArchitecture

HIDDEN_SIZE = 256
AMPLITUDE, ANGULAR_FREQUENCY, DAMPING = 0.04, 0.224, 0.01

HORN = CellArchitecture("horn-like", "horn", HIDDEN_SIZE, MEAN_HEAD)
