"""Networks: any cell in any number of layers, read out once or at every step.

    spec = NetworkSpec("rrn", 16)
    network = spec.build(3, 2, key=jax.random.key(0), sample_rate=200.0, duration=1.0)
    logits = network(recordings)        # (batch, time, channel) -> (batch, output)
    state = network.initial_state()
    state, output = network.step(state, sample)

A specification names a network, builds it, counts its parameters and finds the largest of a
budget; ``published`` holds the seven of the published comparison.
"""

from rhythmic.networks.files import load, save
from rhythmic.networks.network import ChannelScaling, Network
from rhythmic.networks.published import LAST, MEAN, POWER, published, rhythmic_network
from rhythmic.networks.readouts import RunningStatistics
from rhythmic.networks.spec import Block, BuildsNetwork, NetworkSpec

__all__ = [
    "LAST",
    "MEAN",
    "POWER",
    "Block",
    "BuildsNetwork",
    "ChannelScaling",
    "Network",
    "NetworkSpec",
    "RunningStatistics",
    "load",
    "published",
    "rhythmic_network",
    "save",
]
