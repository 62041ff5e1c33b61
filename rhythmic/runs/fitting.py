"""How many rows a device holds at once: what fits in its memory, and fewer where it does not."""

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

import jax

from rhythmic.memory import is_out_of_memory, readable_bytes


class Shape(Protocol):
    """What a device computes at once; its text describes it, such as "groups of 2 x 3 members"."""

    def halved(self) -> Self:
        """Return half as much, rounded up; the least stays."""


AnyShape = TypeVar("AnyShape", bound=Shape)


def fitting(
    shape: AnyShape,
    needed: Callable[[AnyShape], int],
    available: Callable[[AnyShape], float],
    tell: Callable[[str], None],
) -> AnyShape:
    """Return a shape, or the first of its halves that is expected to fit in memory.

    The least shape is taken whatever is expected: it may still run.

    Args:
        shape: what is wanted.
        needed: bytes that a device needs, as reported by the compiler.
        available: bytes that a device may fill, asked before ``needed`` places anything.
        tell: called with one line for every shape that is expected not to fit.
    """
    while True:
        free = available(shape)
        size = needed(shape)
        smaller = shape.halved()
        if size <= free:
            return shape
        tell(
            f"{shape} are expected to need {readable_bytes(size)} a device, and "
            f"{readable_bytes(int(free))} may be filled: "
            + ("trying all the same" if smaller == shape else f"taking {smaller}")
        )
        if smaller == shape:
            return shape
        shape = smaller


def smaller_after(
    error: BaseException,
    shape: AnyShape,
    tell: Callable[[str], None],
    *,
    name: str,
    remedy: str,
) -> AnyShape:
    """Return the shape to continue with after memory ran out, with a message.

    Args:
        error: what was raised; raised again if it is about something else.
        shape: what failed.
        tell: called with one line.
        name: of what was computed.
        remedy: what a user can do where no smaller shape is left.

    Raises:
        MemoryError: in one line, if nothing smaller is left.
    """
    # Several processes must stay in step, and only some of them may have run out.
    if not is_out_of_memory(error) or jax.process_count() > 1:
        raise error
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    smaller = shape.halved()
    if smaller == shape:
        raise MemoryError(f"{name} ran out of memory with {shape} ({reason}); {remedy}") from None
    tell(f"{name}: out of memory with {shape} ({reason}); continuing with {smaller}")
    return smaller
