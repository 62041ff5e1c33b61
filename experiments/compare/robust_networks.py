"""The networks whose robustness is asked after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.compare.options import CompareOptions
from experiments.compare.parts import check_parts
from rhythmic.networks import LAST, MEAN, POWER, NetworkSpec, published

# Between the 252 parameters of the golden network and the 298 of the LSTM.
NUM_PARAMETERS = 300
ROW_PARAMETERS = 610  # of networks that read 28 pixels a step: eleven golden nodes have 560
NAMES = ("rrn-golden", "rrn-golden-unconnected", "rnn", "lstm", "gru", "horn")


@dataclass(frozen=True)
class RobustOptions(CompareOptions):
    """Options of the questions on noise, orders and sample efficiency.

    Args:
        networks: which are compared, of rrn-golden, rrn-golden-unconnected, rnn (11 nodes), lstm
            (6 nodes), gru and horn (as many nodes as 300 parameters allow).
    """

    networks: tuple[str, ...] = NAMES

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        check_parts("networks", self.networks, NAMES)


def architectures(names: Sequence[str]) -> dict[str, NetworkSpec]:
    """Return networks that read one pixel a step, at their published sizes or 300 parameters."""
    known: dict[str, NetworkSpec] = dict(published())
    known["gru"] = NetworkSpec("gru", 1, name="gru", **MEAN).within(NUM_PARAMETERS, 1, 10)
    known["horn"] = NetworkSpec("horn", 1, name="horn", **LAST).within(NUM_PARAMETERS, 1, 10)
    return {name: known[name] for name in names}


def row_architectures(names: Sequence[str]) -> dict[str, NetworkSpec]:
    """Return networks that read 28 pixels a step, as large as 610 parameters allow.

    Both golden networks keep their eleven nodes, so that the ladder is the same at every order.
    """
    golden = tuple(published()["rrn-golden"].frequencies)

    def resonant(name: str, *options: tuple[str, object]) -> NetworkSpec:
        chosen = (("frequencies", golden), *options)
        return NetworkSpec("rrn", len(golden), options=chosen, name=name, **POWER)

    def rival(name: str, head: dict[str, Any]) -> NetworkSpec:
        return NetworkSpec(name, 1, name=name, **head).within(ROW_PARAMETERS, 28, 10)

    known = {
        "rrn-golden": resonant("rrn-golden"),
        "rrn-golden-unconnected": resonant("rrn-golden-unconnected", ("recurrence", False)),
        "rnn": rival("rnn", MEAN),
        "lstm": rival("lstm", MEAN),
        "gru": rival("gru", MEAN),
        "horn": rival("horn", LAST),
    }
    return {name: known[name] for name in names}
