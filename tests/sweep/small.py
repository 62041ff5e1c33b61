"""A sweep of a few points, and a run of it in chunks of two."""

from rhythmic.sweep import Grid, Output, Sweep, linear_axis, run_sweep


def make_sweep(num=8, unit=""):
    axis = linear_axis("gain", 0, 4 / 3, num, unit)
    return Sweep("small", lambda gain: {"double": gain * 2}, Grid((axis,)), {"double": Output("")})


def run(folder, sweep=None, **options):
    return run_sweep(sweep or make_sweep(), folder=folder, chunk_points=2, quiet=True, **options)
