"""Available memory, and how out-of-memory errors are recognised."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax

from rhythmic.arguments import checked
from rhythmic.typing import PyTree

OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory")


@checked
def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, of Python or of XLA, says that memory was exhausted."""
    if isinstance(error, MemoryError):
        return True
    of_xla = isinstance(error, jax.errors.JaxRuntimeError)
    return of_xla and any(sign in str(error) for sign in OUT_OF_MEMORY)


@checked(least=1)
def available_memory(num_devices: int) -> int:
    """Return the bytes that each of the first ``num_devices`` of this process may still fill.

    The devices of a CPU share its memory evenly: on Linux what the kernel gives as available,
    elsewhere the free or the whole memory, as the system reports. A limit that a container sets is
    not detected. A device that reports nothing counts as having no limit.

    Raises:
        ValueError: for no devices.
    """
    devices = jax.local_devices()[:num_devices]
    if devices[0].platform == "cpu":
        return _processor_memory() // num_devices
    known = [stats for stats in (device.memory_stats() for device in devices) if stats]
    free = [s["bytes_limit"] - s.get("bytes_in_use", 0) for s in known if "bytes_limit" in s]
    return min(free, default=sys.maxsize)


def check_fits(name: str, build: Callable[[], PyTree], copies: int, num_devices: int) -> None:
    """Raise a ValueError if what ``build`` makes, so many times, is more than a device can hold.

    Nothing is allocated: shapes and types determine the size, before anything is drawn or compiled.

    Args:
        name: of what is built, for the error.
        build: makes a tree of arrays.
        copies: how often it is held, as by an optimiser.
        num_devices: devices that share the memory of this process.
    """
    leaves = jax.tree.leaves(eqx.filter_eval_shape(build))
    sizes = (x.size * x.dtype.itemsize for x in leaves if isinstance(x, jax.ShapeDtypeStruct))
    needed, free = copies * sum(sizes), available_memory(num_devices)
    if needed > free:
        raise ValueError(
            f"{name} needs {readable_bytes(needed)} for one network, its optimiser included; it "
            f"must fit in the {readable_bytes(free)} that are free: take fewer nodes"
        )


def _processor_memory() -> int:
    """Return the bytes of memory that are available to new work on this machine."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kibibytes = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
        return int(kibibytes) * 1024
    except (OSError, StopIteration):
        pass
    for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):
        try:
            return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, OSError, ValueError):
            continue
    return sys.maxsize


def readable_bytes(count: int) -> str:
    """Write a number of bytes for reading, in powers of a thousand."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.{1 if unit == 'GB' else 0}f} {unit}"
    return f"{count} bytes"
