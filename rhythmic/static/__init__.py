"""Networks without time: the perceptron, the Hopfield network and the feedforward network.

Closed problems of a few numbers (largest margins, the best of all thresholds) are solved by NumPy
in float64; everything else is JAX, and maps over data sets, starts and networks.
"""

from rhythmic.activations import binary, identity
from rhythmic.static.feedforward import (
    feedforward_network,
    feedforward_response,
    num_parameters,
    random_feedforward,
)
from rhythmic.static.hopfield import (
    HopfieldNetwork,
    asynchronous_trajectory,
    energy,
    random_order,
    recall,
    synchronous_trajectory,
)
from rhythmic.static.hopfield_storage import corrupt, hebbian_network, random_patterns
from rhythmic.static.perceptron import logic_gate, perceptron_learning, perceptron_output

__all__ = [
    "HopfieldNetwork",
    "asynchronous_trajectory",
    "binary",
    "corrupt",
    "energy",
    "feedforward_network",
    "feedforward_response",
    "hebbian_network",
    "identity",
    "logic_gate",
    "num_parameters",
    "perceptron_learning",
    "perceptron_output",
    "random_feedforward",
    "random_order",
    "random_patterns",
    "recall",
    "synchronous_trajectory",
]
