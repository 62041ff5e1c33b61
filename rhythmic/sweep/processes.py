"""Several processes at one sweep: the same command on every host, joined by ``jax.distributed``."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

Found = TypeVar("Found")


def join_processes() -> None:
    """Join the processes of this run, if it has several; call it before JAX is used.

    Under Slurm (and wherever else JAX detects a cluster) nothing needs to be set. Elsewhere the
    environment variables JAX_COORDINATOR_ADDRESS (host:port of the first process),
    JAX_NUM_PROCESSES and JAX_PROCESS_ID describe the processes. A single process stays alone.

    Raises:
        ValueError: for variables that are set in part, or hold no numbers.
    """
    names = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID")
    given = [os.environ.get(name) for name in names]
    if any(given):
        if not all(given):
            raise ValueError(
                f"{names[given.index(None)]} is not set; give all of {', '.join(names)}"
            )
        try:
            count, own = int(str(given[1])), int(str(given[2]))
        except ValueError:
            raise ValueError(f"{names[1]} and {names[2]} must be whole numbers") from None
        jax.distributed.initialize(given[0], count, own)
    elif int(os.environ.get("SLURM_NTASKS", "1")) > 1 and "SLURM_STEP_NODELIST" in os.environ:
        jax.distributed.initialize()


def is_writer() -> bool:
    """Return whether this process writes: the first one does, for all."""
    return jax.process_index() == 0


def from_writer(value: Any) -> Any:
    """Return the writer's numbers in every process; what the others give counts for shapes only."""
    if jax.process_count() == 1:
        return value
    with jax.enable_x64(True):  # numbers keep their bits, whatever the precision in use
        return jax.tree.map(np.asarray, multihost_utils.broadcast_one_to_all(value))


def by_writer(what: str, function: Callable[[], Found]) -> Found | None:
    """Call a function in the process that writes, and notify the others whether it succeeded.

    Args:
        what: it does, for the message of the others.
        function: takes nothing.

    Returns:
        what it gave; None in the processes that do not write.

    Raises:
        RuntimeError: in those, if it failed.
    """
    found = None
    if is_writer():
        try:
            found = function()
        except BaseException:
            from_writer(np.array(False))
            raise
    if not bool(from_writer(np.array(True))):
        raise RuntimeError(f"the first process could not {what}; it says why")
    return found


def smallest(value: int) -> int:
    """Return the smallest of the values that the processes give."""
    if jax.process_count() == 1:
        return value
    # As two halves: without x64, JAX would cut a number of more than 31 bits.
    halves = np.array([value >> 30, value & (2**30 - 1)], np.int32)
    rows = np.asarray(multihost_utils.process_allgather(halves)).astype(np.int64)
    return int(min(high * 2**30 + low for high, low in rows))
