"""Rhythmic networks of more nodes than the golden ladder has, with learned input weights."""

from collections.abc import Mapping
from typing import Any

from rhythmic.networks import POWER, NetworkSpec
from rhythmic.theory import ladder
from rhythmic.theory.ladders import copied_ladder


def with_inputs(frequencies: tuple[float, ...], head: Mapping[str, Any] = POWER) -> NetworkSpec:
    """Return a layer of these node frequencies, in Hz, each with an input weight that is learned.

    Without learned input weights nodes of equal frequency would hear the same.
    """
    named = f"rrn-inputs-{len(frequencies)}"
    return NetworkSpec(
        "rrn",
        len(frequencies),
        options={"frequencies": frequencies, "input_weights": "learned"},
        name=named if head == POWER else f"{named}-{head['feature']}",
        **head,
    )


def golden_copies(num_copies: int, head: Mapping[str, Any] = POWER) -> NetworkSpec:
    """Return so many copies of the golden ladder.

    Raises:
        ValueError: for no copies.
    """
    return with_inputs(tuple(copied_ladder(ladder("golden"), num_copies).tolist()), head)


def most_copies(num_parameters: int, head: Mapping[str, Any] = POWER, num_classes: int = 10) -> int:
    """Return how many copies of the golden ladder ``num_parameters`` allow, 0 below 263."""
    number = 0
    while golden_copies(number + 1, head).num_parameters(1, num_classes) <= num_parameters:
        number += 1
    return number
