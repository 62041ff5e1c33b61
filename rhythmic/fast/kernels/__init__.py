"""Kernels over time for GPUs, where XLA launches several kernels for every step of a scan.

A kernel takes the steps of the cell's own ``step``; no cell is written twice.
"""

from rhythmic.fast.kernels.equations import has_kernel
from rhythmic.fast.kernels.mean import time_mean_by_kernel

__all__ = ["has_kernel", "time_mean_by_kernel"]
