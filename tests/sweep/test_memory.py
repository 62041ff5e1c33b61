"""Hundreds of sweeps in one process: what each of them leaves behind in memory is small."""

import subprocess
import sys
from pathlib import Path

import pytest

STATUS_FILE = Path("/proc/self/status")
FIRST, LAST = 100, 300

PROGRAM = """
import contextlib
import ctypes
import gc
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep

where, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def held():
    # What the allocator keeps for later is free: glibc holds some ten megabytes of it.
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    text = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\\s+(\\d+) kB", text)[1])


def sweep_of(number):
    axes = linear_axis("a", 0, 1 + number, 8, ""), linear_axis("b", 0, 1, 5, "")
    return Sweep(f"s{number}", lambda a, b: {"y": 2 * a + b}, Grid(axes), {"y": Output("")})


pool = ThreadPoolExecutor(2) if where == "workers" else None
with tempfile.TemporaryDirectory() as root:
    for number in range(last):
        folder = Path(root, str(number)) if where == "disk" else None
        found = run_sweep(sweep_of(number), folder=folder, executor=pool, quiet=True)
        np.asarray(found.arrays["y"])
        if number + 1 == first:
            before = held()
print(before, held())
"""


@pytest.mark.slow
@pytest.mark.skipif(not STATUS_FILE.exists(), reason="Linux tells what a process holds")
@pytest.mark.parametrize("where", ["memory", "disk", "workers"])
def test_a_sweep_leaves_little_behind(where):
    command = [sys.executable, "-c", PROGRAM, where, str(FIRST), str(LAST)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    # At that pace, a thousand sweeps hold less than a tenth more than the first hundred.
    assert (after - before) / (LAST - FIRST) * 900 < 0.1 * before
