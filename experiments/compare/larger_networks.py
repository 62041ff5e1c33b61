"""Rhythmic networks of more nodes than the golden ladder has, with learned input weights."""

import functools

from rhythmic.architectures import ENERGY_HEAD, CellArchitecture, Head
from rhythmic.theory import copied_ladder, ladder


def with_inputs(frequencies: tuple[float, ...], head: Head = ENERGY_HEAD) -> CellArchitecture:
    """Return a layer of these node frequencies, in Hz, each with an input weight that is learned.

    Without learned input weights nodes of equal frequency would hear the same.
    """
    named = f"rrn-inputs-{len(frequencies)}"
    return CellArchitecture(
        named if head == ENERGY_HEAD else f"{named}-{head.feature}",
        "rrn",
        len(frequencies),
        head,
        options=(("frequencies", frequencies), ("input_weights", "learned")),
    )


def golden_copies(num_copies: int, head: Head = ENERGY_HEAD) -> CellArchitecture:
    """Return so many copies of the golden ladder.

    Raises:
        ValueError: for no copies.
    """
    return with_inputs(tuple(copied_ladder(ladder("golden"), num_copies).tolist()), head)


@functools.cache
def most_copies(num_parameters: int, head: Head = ENERGY_HEAD, num_classes: int = 10) -> int:
    """Return how many copies of the golden ladder ``num_parameters`` allow, 0 below 263."""
    number = 0
    while golden_copies(number + 1, head).num_parameters(num_classes) <= num_parameters:
        number += 1
    return number
