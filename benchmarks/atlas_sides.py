"""Both sides of the atlas benchmark, each in a process of its own: this project and NumPy."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from benchmarks import numpy_atlas
from rhythmic.stability.atlas import chart_frequency, regime_code
from rhythmic.stability.atlas_simulation import simulated_node
from rhythmic.theory.roots import decay_time

REGIME, RHYTHM, SIMULATION = "regime", "frequency and decay", "simulation"
SIMULATED = ("regime", "frequency", "growth_rate", "overflow_step")
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Work:
    """A map to compute.

    Args:
        task: regime, frequency and decay, or simulation.
        side: points along each axis.
        dtype: float32 or float64, of the weights and of all arithmetic.
        chunk_points: points of a chunk of this project; a chunk is spread over the cores.
        block_points: points of a block of NumPy, and of one of this project's simulation.
        num_steps: of the simulation.
        dt: time step in s.
    """

    task: str
    side: int
    dtype: str
    chunk_points: int = 1_000_000
    block_points: int = 2**14
    num_steps: int = 784
    dt: float = 0.005

    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return w1 and w2."""
        return tuple(np.linspace(-end, end, self.side).astype(self.dtype) for end in (2.5, 1.5))  # type: ignore[return-value]

    def smaller(self, side: int) -> "Work":
        """Return the same map with fewer points."""
        return replace(self, side=side)


def use_devices(number: int) -> None:
    """Divide the processor before JAX looks at it."""
    jax.config.update("jax_num_cpu_devices", number)


def peak_gib() -> float:
    """Return the most memory that this process ever held, in GiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


@cache
def program(work: Work) -> tuple[Callable[..., dict[str, jax.Array]], int, float]:
    """Compile the function of one chunk; return it, the rows of a chunk and the seconds it took."""
    w1, w2 = work.axes()
    mesh = Mesh(np.asarray(jax.devices()), ("row",))
    most = max(1, work.chunk_points // work.side)
    rows = -(-len(w2) // -(-len(w2) // most))  # chunks of even size
    rows = -(-rows // mesh.size) * mesh.size
    dt = np.dtype(work.dtype).type(work.dt)

    def on_device(w1: jax.Array, w2: jax.Array) -> dict[str, jax.Array]:
        if work.task == REGIME:
            return {"regime": regime_code(w1[None, :], w2[:, None])}
        if work.task == RHYTHM:
            found = (rate(w1[None, :], w2[:, None], dt) for rate in (chart_frequency, decay_time))
            return dict(zip(("frequency", "decay_time"), found, strict=True))
        return simulated_rows(work, w1, w2)

    spread = jax.shard_map(
        on_device, mesh=mesh, in_specs=(P(), P("row")), out_specs=P("row"), check_vma=False
    )
    whole, parted = NamedSharding(mesh, P()), NamedSharding(mesh, P("row"))
    with jax.enable_x64(work.dtype == "float64"):
        everywhere = jax.device_put(w1, whole)
        first = jax.device_put(w2[np.arange(rows) % len(w2)], parted)
        started = time.perf_counter()
        compiled = jax.jit(spread).lower(everywhere, first).compile()
        seconds = time.perf_counter() - started

    def chunk(some: np.ndarray) -> dict[str, jax.Array]:
        with jax.enable_x64(work.dtype == "float64"):
            return compiled(everywhere, jax.device_put(some, parted))

    return chunk, rows, seconds


def simulated_rows(work: Work, w1: jax.Array, w2: jax.Array) -> dict[str, jax.Array]:
    """Simulate rows of a map, some at a time, so that what the loop carries stays in the cache."""
    wanted = max(1, work.block_points // len(w1))
    at_once = max(size for size in range(1, wanted + 1) if len(w2) % size == 0)

    def point(w1: jax.Array, w2: jax.Array) -> dict[str, jax.Array]:
        found = simulated_node(w1, w2, work.num_steps, work.dt)
        return {name: getattr(found, name) for name in SIMULATED}

    def some_rows(w2: jax.Array) -> dict[str, jax.Array]:
        return jax.vmap(lambda w2: jax.vmap(lambda w1: point(w1, w2))(w1))(w2)

    found = jax.lax.map(some_rows, jnp.reshape(w2, (-1, at_once)))
    return jax.tree.map(lambda x: x.reshape(-1, len(w1)), found)


def project_map(work: Work, *, keep: bool) -> Arrays:
    """Compute a map here; the regimes are kept, the rest only if asked for."""
    chunk, rows, _ = program(work)
    w2 = work.axes()[1]
    results: Arrays = {}
    for first in range(0, len(w2), rows):
        places = np.minimum(np.arange(first, first + rows), len(w2) - 1)
        for name, values in chunk(w2[places]).items():
            for shard in values.addressable_shards:
                start = first + (shard.index[0].start or 0)
                store(results, name, work, start, np.asarray(shard.data), keep)
    return results


def numpy_map(work: Work, side: str, *, keep: bool) -> Arrays:
    """Compute a map by NumPy, block by block."""
    w1, w2 = work.axes()
    results: Arrays = {}
    for rows in numpy_atlas.blocks(w2, work.side, work.block_points):
        for name, values in block(work, side, w1[None, :], w2[rows, None]).items():
            store(results, name, work, rows.start, values, keep)
    return results


def block(work: Work, side: str, w1: np.ndarray, w2: np.ndarray) -> Arrays:
    """Compute one block by NumPy."""
    if work.task == REGIME:
        by_roots = side == "complex roots"
        classify = numpy_atlas.regime_by_roots if by_roots else numpy_atlas.regime_by_inequalities
        return {"regime": classify(w1, w2)}
    if work.task == RHYTHM:
        found = numpy_atlas.rhythm_by_roots(w1, w2, work.dt)
        return dict(zip(("frequency", "decay_time"), found, strict=True))
    first, second = (np.ascontiguousarray(x).ravel() for x in np.broadcast_arrays(w1, w2))
    drop = side.endswith("dropped")
    simulated = numpy_atlas.simulate(first, second, work.num_steps, work.dt, drop_stopped=drop)
    return {name: x.reshape(-1, work.side) for name, x in simulated.items()}


def store(
    results: Arrays, name: str, work: Work, first: int, values: np.ndarray, keep: bool
) -> None:
    """Put rows into the map of the regimes, and into others if they are kept."""
    if not keep and name != "regime":
        return
    if name not in results:
        results[name] = np.empty((work.side, work.side), values.dtype)
    own = results[name][first : first + len(values)]
    own[...] = values[: len(own)]  # what pads the last chunk is left out


def seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """Time a map."""
    started = time.perf_counter()
    partial(function, keep=False)(*arguments)
    return time.perf_counter() - started


def compile_seconds(work: Work) -> float:
    """Compile the program of a map and return how long it took."""
    return program(work)[2]


def timed_project(work: Work) -> float:
    """Return the seconds of a map here."""
    return seconds(project_map, work)


def timed_numpy(work: Work, side: str) -> float:
    """Return the seconds of a map by NumPy."""
    return seconds(numpy_map, work, side)


def kept_project(work: Work) -> Arrays:
    """Return a whole map, as computed here."""
    return project_map(work, keep=True)


def kept_numpy(work: Work, side: str) -> Arrays:
    """Return a whole map, as computed by NumPy."""
    return numpy_map(work, side, keep=True)
