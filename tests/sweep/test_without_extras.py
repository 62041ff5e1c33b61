"""In memory a sweep needs JAX alone: neither zarr nor xarray nor tyro are imported."""

import subprocess
import sys

PROGRAM = """
import sys
for name in ("zarr", "xarray", "tyro", "h5netcdf", "pandas", "pyarrow"):
    sys.modules[name] = None  # importing it is an error from now on
import numpy as np
import rhythmic
from rhythmic.sweep import Grid, Output, Sweep, linear_axis, plan_sweep, run_sweep
axis = linear_axis("x", 0, 1, 5, "")
sweep = Sweep("square", lambda x: {"y": x**2}, Grid((axis,)), {"y": Output("")})
assert np.allclose(run_sweep(sweep, quiet=True).arrays["y"], np.linspace(0, 1, 5) ** 2)
assert plan_sweep(sweep, stored=False).num_points == 5
"""


def test_in_memory():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
