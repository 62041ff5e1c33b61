"""Options, presets and conditions of the question what the features say."""

from dataclasses import dataclass, replace

from experiments.compare.options import RESULTS, CompareOptions, shared
from experiments.members import Condition
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.networks import NetworkSpec, published, rhythmic_network
from rhythmic.plotting.style import appearance

GOLDEN, BARE = "rrn-golden", "rrn-golden-unconnected"
KEPT = ("class_features", "confusion", "parameters", "statistics")


@dataclass(frozen=True)
class FeatureOptions(CompareOptions):
    """Options of the question what the features say.

    Args:
        windows: numbers of equal windows in which the power of the pixels is taken at the golden
            frequencies; each divides 784. One window gives as many features as the network has.
        left_out: nodes of the golden ladder, counted from 0, that are left out one at a time and
            the rest trained again.
        inverse_regularisations: strengths C of logistic regressions to choose from, by validation
            accuracy; of 55,000 digits, 10 is next to no penalty.
    """

    windows: tuple[int, ...] = (1, 2, 4, 7, 14)
    left_out: tuple[int, ...] = tuple(range(11))
    inverse_regularisations: tuple[float, ...] = (0.1, 10.0)

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        for number in self.windows:
            if number < 1 or NUM_PIXELS % number:
                raise ValueError(f"windows holds {number}; it must divide {NUM_PIXELS}")
        if not {1, 2} <= set(self.windows):
            raise ValueError("windows must hold 1 and 2, which the claims compare")
        for node in self.left_out:
            if not 0 <= node < len(golden().frequencies):
                largest = len(golden().frequencies) - 1
                raise ValueError(f"left_out holds {node}; it must lie in 0 to {largest}")
        if any(not 0.0 < c < float("inf") for c in self.inverse_regularisations):
            raise ValueError("inverse_regularisations must be above 0 and finite")
        for name in ("windows", "left_out", "inverse_regularisations"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} holds a value twice: {' '.join(map(str, values))}")
        if not self.inverse_regularisations:
            raise ValueError("inverse_regularisations is empty; give at least one")


PRESETS = {
    "smoke": FeatureOptions(
        **shared("smoke", windows=(1, 2), left_out=(), inverse_regularisations=(0.1,))
    ),
    "quick": FeatureOptions(**shared("quick", windows=(1, 2, 7), left_out=(0, 6, 10))),
    "full": FeatureOptions(**shared("full", results=RESULTS / "features.jsonl")),
    "accelerator": FeatureOptions(**shared("accelerator", results=RESULTS / "features.jsonl")),
}


def golden() -> NetworkSpec:
    """Return the golden network."""
    return published()[GOLDEN]


def without_label(node: int) -> str:
    """Name the network that is trained without one node."""
    return f"{appearance(GOLDEN).label} without {golden().frequencies[node]:.3g} Hz"


def conditions(options: FeatureOptions) -> list[Condition]:
    """Return the golden network with and without recurrence, then without one node at a time."""
    pool, frequencies = options.pool(), golden().frequencies
    whole = options.condition(pool, appearance(GOLDEN).label, golden(), kept=KEPT)
    bare = replace(whole, label=appearance(BARE).label, architecture=published()[BARE])
    # One architecture of ten nodes, so that one program trains every ladder.
    smaller = rhythmic_network(frequencies[:-1], name="rrn-golden-without-one")
    without = [
        replace(
            whole,
            label=without_label(node),
            architecture=smaller,
            ladder=frequencies[:node] + frequencies[node + 1 :],
            kept=(),
        )
        for node in options.left_out
    ]
    return [whole, bare, *without]
