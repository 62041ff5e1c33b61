"""Functions of many rows, spread over devices and compiled once: the engine of all large runs.

Rows are points of a sweep, or members of a group that trains. ``jax.shard_map`` gives each device
its rows; what every row reads is on every device. One process or several make no difference.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from rhythmic.typing import Array, PyTree

ROW = "row"


@dataclass(frozen=True)
class RowFunction:
    """A function of the rows of one device.

    Args:
        function: takes ``num_by_row`` trees of arrays with a row first, then one tree that all
            rows share; returns a tree of arrays with a row first.
        num_by_row: number of arguments that are cut into rows.
        donated: whether the memory of the first argument may be taken for the result.
        compiler_options: of XLA.
    """

    function: Callable[..., PyTree]
    num_by_row: int
    donated: bool = False
    compiler_options: Mapping[str, Any] | None = None


class SpreadPrograms:
    """Compiles functions of rows for some devices, each at its first use and for one shape."""

    def __init__(self, devices: Sequence[jax.Device], functions: Mapping[str, RowFunction]):
        """Compile nothing yet."""
        self.mesh = Mesh(np.asarray(devices), (ROW,))
        self.by_row, self.shared = (NamedSharding(self.mesh, spec) for spec in (P(ROW), P()))
        self.functions = dict(functions)
        self.compiled: dict[str, jax.stages.Compiled] = {}
        self.compile_seconds = 0.0

    def place(self, tree: PyTree, sharding: NamedSharding) -> PyTree:
        """Put arrays of the host on the devices, whole or by rows; in every process its part."""

        def put(x: Any) -> Array:
            x = np.asarray(x)
            return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])

        return jax.tree.map(put, tree)

    def fetch(self, tree: PyTree) -> PyTree:
        """Bring arrays to the host, in every process all of their rows."""
        if jax.process_count() > 1:
            return multihost_utils.process_allgather(tree, tiled=True)
        return jax.tree.map(np.asarray, tree)

    def copy_rows(self, x: Array, target: np.ndarray, first: int) -> None:
        """Copy rows of a device array into ``target`` from row ``first`` on, as far as it goes."""
        if jax.process_count() > 1:
            pieces = [(0, self.fetch(x))]
        else:  # each device's rows by themselves, without a copy of the whole between
            pieces = [(s.index[0].start or 0, np.asarray(s.data)) for s in x.addressable_shards]
        for start, values in pieces:
            own = target[first + start : first + start + len(values)]
            own[...] = values[: len(own)]

    def call(self, name: str, *arguments: PyTree) -> PyTree:
        """Call a function, after compiling it if this is its first use."""
        return self.program(name, *arguments)(*arguments)

    def program(self, name: str, *arguments: PyTree) -> jax.stages.Compiled:
        """Return a compiled function; trace and compile it at its first use, apart from running."""
        if name not in self.compiled:
            started = time.perf_counter()
            self.compiled[name] = self.jitted(name).lower(*arguments).compile()
            self.compile_seconds += time.perf_counter() - started
        return self.compiled[name]

    def jitted(self, name: str) -> jax.stages.Wrapped:
        """Return a function over all devices, not compiled yet."""
        row = self.functions[name]
        spread = jax.shard_map(
            row.function,
            mesh=self.mesh,
            in_specs=(P(ROW),) * row.num_by_row + (P(),),
            out_specs=P(ROW),
            check_vma=False,
        )
        options = None if row.compiler_options is None else dict(row.compiler_options)
        donated = (0,) if row.donated else ()
        return jax.jit(spread, donate_argnums=donated, compiler_options=options)


def first_devices(count: int | None, name: str = "num_devices") -> list[jax.Device]:
    """Return the first devices, all by default.

    Raises:
        ValueError: for more than there are, or none; it names the field ``name``.
    """
    devices = jax.devices()
    if count is not None and not 1 <= count <= len(devices):
        raise ValueError(f"{name} is {count}; there are {len(devices)}")
    return devices[:count]


def wide_vectors() -> dict[str, int] | None:
    """Return the compiler options that let a processor use its widest vectors.

    XLA vectorises for half their width; all of it makes training 6 to 10 % and the simulated atlas
    some 30 % faster on an AVX-512 core. A processor without them is not concerned.
    """
    return {"xla_cpu_prefer_vector_width": 512} if jax.default_backend() == "cpu" else None


def num_cores() -> int:
    """Count the cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
