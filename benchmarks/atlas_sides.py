"""Both sides of the atlas benchmark, each in a process of its own: this project and NumPy."""

import resource
import sys
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import numpy_atlas
from rhythmic.spread import wide_vectors
from rhythmic.stability.atlas import chart_frequency, regime_code
from rhythmic.stability.atlas_simulation import simulated_node
from rhythmic.sweep import ChunkPlan, Grid, Output, Sweep, values_axis
from rhythmic.sweep.chunks import ChunkComputer, Meter
from rhythmic.sweep.plan import choose_plan
from rhythmic.sweep.run import computed
from rhythmic.sweep.specification import Precision
from rhythmic.theory.roots import decay_time as decay
from rhythmic.typing import Array

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


def peak_gib() -> float:
    """Return the most memory that this process ever held, in GiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def sweep_of(work: Work) -> Sweep:
    """Write a map as a sweep of this project."""
    w1, w2 = (values_axis(name, x, "") for name, x in zip(("w1", "w2"), work.axes(), strict=True))
    dt = work.dt
    names = {REGIME: ("regime",), RHYTHM: ("frequency", "decay_time"), SIMULATION: SIMULATED}

    def regime(w1: Array, w2: Array) -> dict[str, Array]:
        return {"regime": regime_code(w1, w2)}

    def rhythm(w1: Array, w2: Array) -> dict[str, Array]:
        step = jnp.asarray(dt, w1.dtype)
        time = jnp.asarray(decay(w1, w2, step))
        return {"frequency": chart_frequency(w1, w2, step), "decay_time": time}

    def simulation(w1: Array, w2: Array) -> dict[str, Array]:
        found = simulated_node(w1, w2, work.num_steps, dt)
        return {name: getattr(found, name) for name in SIMULATED}

    function = {REGIME: regime, RHYTHM: rhythm, SIMULATION: simulation}[work.task]
    return Sweep(
        name=work.task,
        function=function,
        design=Grid((w2, w1)),
        outputs={name: Output("", nan_is_a_value=True) for name in names[work.task]},
        precision=cast(Precision, work.dtype),
        points_at_once=work.block_points if work.task == SIMULATION else None,
        compiler_options=wide_vectors(),
    )


@cache
def program(work: Work) -> tuple[ChunkComputer, ChunkPlan, float]:
    """Compile the sweep of a map; return it with its plan and the seconds it took."""
    sweep = sweep_of(work)
    computer = ChunkComputer(sweep, jax.devices(), lambda line: None)
    plan = choose_plan(sweep, len(jax.devices()), chunk_points=work.chunk_points)
    computer.use(plan)
    computer.program.memory()  # compiles
    return computer, plan, computer.program.compile_seconds


def project_map(work: Work, keep: bool = True) -> Arrays:
    """Compute a map here; the regimes are kept, the rest only if asked for."""
    computer, plan, _ = program(work)
    chunks = list(plan.chunks(computer.sweep.shape))
    meter = Meter(computer, chunks, 0, quiet=True)
    shapes = computer.sweep.abstract_outputs
    results: Arrays | None = None
    if keep or set(shapes) == {"regime"}:
        # As a sweep in memory does it: chunks go where they belong.
        results = {name: room(name, work.side, x.dtype) for name, x in shapes.items()}
        results["status"] = room("status", work.side, np.dtype(np.int8))
    for chunk, found, *_ in computed(computer, chunks, None, meter, results):
        if results is None and "regime" in found:
            store({}, "regime", work, chunk.first_row, found["regime"])
    return {name: results[name] for name in shapes} if results is not None else {}


def numpy_map(work: Work, side: str, keep: bool = True) -> Arrays:
    """Compute a map by NumPy, block by block."""
    w1, w2 = work.axes()
    results: Arrays = {}
    for rows in numpy_atlas.blocks(w2, work.side, work.block_points):
        for name, values in block(work, side, w1[None, :], w2[rows, None]).items():
            if keep or name == "regime":
                store(results, name, work, rows.start, values)
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


def store(results: Arrays, name: str, work: Work, first: int, values: np.ndarray) -> None:
    """Put rows into a map."""
    if name not in results:
        results[name] = room(name, work.side, values.dtype)
    results[name][first : first + len(values)] = values


@cache
def room(name: str, side: int, dtype: np.dtype) -> np.ndarray:
    """Return an array for a map, the same one in every turn: new memory costs either side alike."""
    return np.zeros((side, side), dtype)


def compile_seconds(work: Work) -> float:
    """Compile the program of a map and return how long it took."""
    return program(work)[2]
