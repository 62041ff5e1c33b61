"""Functions of many rows, sharded over devices and compiled once: the engine of all large runs.

Rows are points of a sweep, or members of a group that trains. ``jax.shard_map`` gives each device
its rows; what every row reads is on every device. One process or several make no difference.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
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

    def __init__(
        self,
        devices: Sequence[jax.Device],
        functions: Mapping[str, RowFunction],
        in_precision: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ):
        """Compile nothing yet.

        Args:
            devices: to shard over.
            functions: of rows, by name.
            in_precision: makes the context in which arrays are placed and functions compiled; by
                default the one at hand.
        """
        self.in_precision = in_precision
        self.mesh = Mesh(np.asarray(devices), (ROW,))
        self.by_row, self.shared = (NamedSharding(self.mesh, spec) for spec in (P(ROW), P()))
        self.functions = dict(functions)
        self.compiled: dict[str, jax.stages.Compiled] = {}
        self.compile_seconds = 0.0

    def place(self, tree: PyTree, sharding: NamedSharding) -> PyTree:
        """Put arrays of the host on the devices, whole or by rows; in every process its part.

        Raises:
            ValueError: for numbers that the precision in use does not hold.
        """

        def put(x: np.ndarray) -> Array:
            return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])

        with self.in_precision():
            return jax.tree.map(put, held_values("data", tree, may_vanish=True))

    def fetch(self, tree: PyTree) -> PyTree:
        """Bring arrays to the host, in every process all of their rows."""
        if jax.process_count() > 1:
            with jax.enable_x64(True):  # arrays keep their bits, whatever the precision in use
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
        with self.in_precision(), jax.disable_jit(False):
            return self.program(name, *arguments)(*arguments)

    def program(self, name: str, *arguments: PyTree) -> jax.stages.Compiled:
        """Return a compiled function; trace and compile it at its first use, apart from running.

        Compiled as well where JAX_DISABLE_JIT is set: JAX has no other way over devices.
        """
        if name not in self.compiled:
            started = time.perf_counter()
            with self.in_precision(), jax.disable_jit(False):
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
    if count is None:
        return devices
    whole = isinstance(count, int | np.integer) and not isinstance(count, bool)
    if not whole or not 1 <= count <= len(devices):
        raise ValueError(f"{name} is {count!r}; there are {len(devices)}, give an integer from 1")
    return devices[:count]


def held_values(name: str, tree: PyTree, *, may_vanish: bool = False) -> PyTree:
    """Return arrays of the host in the dtypes that JAX computes in: of 32 bits, or of 64 with x64.

    Real numbers are rounded to the precision in use. Where that would lose more than their last
    digits, which JAX does in silence, the array is refused.

    Args:
        name: of the tree, for messages.
        tree: arrays and numbers.
        may_vanish: whether numbers too small for the precision may become zero.

    Raises:
        ValueError: for finite numbers that become infinite or zero, integers of too many bits, and
            what is no array of numbers.
    """
    return jax.tree.map(lambda x: _held(name, x, may_vanish), tree)


def _held(name: str, given: Any, may_vanish: bool) -> np.ndarray:
    """Return one array in the dtype that JAX computes in, or raise a ValueError."""
    if isinstance(given, jax.Array) and jax.dtypes.issubdtype(given.dtype, jax.dtypes.prng_key):
        raise ValueError(f"{name} holds a PRNG key; give its jax.random.key_data")
    x = np.asarray(given)
    number = jax.dtypes.issubdtype(x.dtype, np.number) and x.dtype.kind != "m"
    if not number and x.dtype != bool:
        kind = x.dtype if isinstance(given, np.ndarray) else type(given).__name__
        raise ValueError(f"{name} holds {kind}; expected numbers of at most 64 bits")
    # NumPy's long numbers have no dtype in JAX.
    known = {"g": np.dtype("float64"), "G": np.dtype("complex128")}.get(x.dtype.char, x.dtype)
    dtype = jax.dtypes.canonicalize_dtype(known)
    if x.dtype == dtype:
        return x
    lost = lost_values(x, dtype, may_vanish)
    if lost.any():
        advice = "; use float64" if np.dtype(dtype).itemsize < known.itemsize else ""
        raise ValueError(f"{name} holds {x[lost].flat[0]}, which {dtype} does not hold{advice}")
    return x.astype(dtype)


def lost_values(values: np.ndarray, dtype: np.dtype, may_vanish: bool = False) -> np.ndarray:
    """Return which numbers lose more than their last digits in another dtype of their kind.

    Integers out of range; finite reals that become infinite or, unless they ``may_vanish``, smaller
    than the smallest normal number, which devices take for zero.
    """
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return (values < limits.min) | (values > limits.max)
    if dtype.kind == "c":
        part = np.empty(0, dtype).real.dtype
        halves = (lost_values(half, part, may_vanish) for half in (values.real, values.imag))
        return np.logical_or(*halves)
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(dtype)
    infinite = ~np.isfinite(rounded) & np.isfinite(values)
    if may_vanish:
        return infinite
    return infinite | ((np.abs(rounded) < np.finfo(dtype).tiny) & (values != 0))


def wide_vectors() -> dict[str, int] | None:
    """Return the compiler options that let a CPU use its widest vectors.

    XLA vectorises for half their width; all of it makes training 6 to 10 % and the simulated atlas
    some 30 % faster on an AVX-512 core. A CPU without them is not concerned.
    """
    return {"xla_cpu_prefer_vector_width": 512} if jax.devices()[0].platform == "cpu" else None


def num_cores() -> int:
    """Count the cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
