"""Large sweeps: axes, a pure function, go.

    import jax.numpy as jnp
    import rhythmic
    from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep

    def node(w1, w2):
        return {"pole_radius": rhythmic.pole_radius(w1, w2)}

    sweep = Sweep(
        name="radius",
        function=node,
        design=Grid((linear_axis("w1", -2, 2, 400, ""), linear_axis("w2", -1, 1, 200, ""))),
        outputs={"pole_radius": Output(unit="", meaning="larger modulus of the two roots")},
    )
    result = run_sweep(sweep)           # in memory; run_sweep(sweep, folder=...) keeps it on disk
    result.arrays["pole_radius"]        # (400, 200)
    result.dataset()                    # xarray, with names and units; later open_sweep(folder)

``designs``        axes with units; grids, lists and samples of them
``specification``  ``Sweep``: the function of one point, and what comes out
``plan``           chunks and passes, chosen once from what memory allows
``program``        the function over points and devices, compiled once
``run``            ``run_sweep``: what is missing is computed, in memory or on disk
``workers``        chunks computed by the workers of an executor
``estimate``       ``plan_sweep``: what a sweep would take, before it is run
``store``          chunks on disk, in blocks and journals, each complete or absent, checksummed
``described``      what is common to sweeps in a folder and in an object store
``objects``        chunks in an object store by URL, which workers write themselves
``dataset``        sweeps opened and exported; ``python -m rhythmic.sweep``
``joining``        sweeps compared and joined, point by point
"""

import importlib

from rhythmic.locks import LockedError
from rhythmic.runs.executors import ExecutorLostError
from rhythmic.sweep.designs import (
    Axis,
    Grid,
    Points,
    Range,
    linear_axis,
    logarithmic_axis,
    sampled_design,
    values_axis,
)
from rhythmic.sweep.estimate import plan_sweep
from rhythmic.sweep.plan import ChunkPlan
from rhythmic.sweep.processes import join_processes
from rhythmic.sweep.run import SweepResult, SweepStorageError, run_sweep
from rhythmic.sweep.specification import Output, Stages, Sweep

# These need xarray and zarr, which a sweep in memory does not: imported when they are asked for.
_ON_DISK = {
    "compare": "rhythmic.sweep.joining",
    "export": "rhythmic.sweep.dataset",
    "join": "rhythmic.sweep.joining",
    "open_sweep": "rhythmic.sweep.dataset",
}


def __getattr__(name: str) -> object:
    if name not in _ON_DISK:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_ON_DISK[name]), name)


__all__ = [
    "Axis",
    "ChunkPlan",
    "ExecutorLostError",
    "Grid",
    "LockedError",
    "Output",
    "Points",
    "Range",
    "Stages",
    "Sweep",
    "SweepResult",
    "SweepStorageError",
    "join_processes",
    "linear_axis",
    "logarithmic_axis",
    "plan_sweep",
    "run_sweep",
    "sampled_design",
    "values_axis",
]
