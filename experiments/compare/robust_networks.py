"""The networks whose robustness is asked after."""

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.compare.options import CompareOptions
from experiments.compare.parts import check_parts
from rhythmic.architectures import (
    ENERGY_HEAD,
    LAST_HEAD,
    MEAN_HEAD,
    CellArchitecture,
    Head,
    sized,
)
from rhythmic.models import Architecture, named_architectures

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


def architectures(names: Sequence[str]) -> dict[str, Architecture]:
    """Return networks that read one pixel a step, at their published sizes or 300 parameters."""
    known: dict[str, Architecture] = dict(named_architectures())
    known["gru"] = sized(CellArchitecture("gru", "gru", 1, head=MEAN_HEAD), NUM_PARAMETERS)
    known["horn"] = sized(CellArchitecture("horn", "horn", 1, head=LAST_HEAD), NUM_PARAMETERS)
    return {name: known[name] for name in names}


def row_architectures(names: Sequence[str]) -> dict[str, Architecture]:
    """Return networks that read 28 pixels a step, as large as 610 parameters allow.

    Both golden networks keep their eleven nodes, so that the ladder is the same at every order.
    """
    golden = tuple(named_architectures()["rrn-golden"].frequencies)  # type: ignore[attr-defined]

    def resonant(name: str, *options: tuple[str, object]) -> CellArchitecture:
        chosen = (("frequencies", golden), *options)
        return CellArchitecture(name, "rrn", len(golden), ENERGY_HEAD, 28, chosen)

    def rival(name: str, head: Head) -> CellArchitecture:
        return sized(CellArchitecture(name, name, 1, head, 28), ROW_PARAMETERS)

    known = {
        "rrn-golden": resonant("rrn-golden"),
        "rrn-golden-unconnected": resonant("rrn-golden-unconnected", ("recurrence", False)),
        "rnn": rival("rnn", MEAN_HEAD),
        "lstm": rival("lstm", MEAN_HEAD),
        "gru": rival("gru", MEAN_HEAD),
        "horn": rival("horn", LAST_HEAD),
    }
    return {name: known[name] for name in names}
