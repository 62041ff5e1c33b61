"""Checks that several tasks share: each raises a ValueError that names the field."""

import numpy as np

from rhythmic.checks import shown
from rhythmic.typing import AnyArray


def check_lag(lag: AnyArray | int, smallest: int, largest: int, meaning: str) -> None:
    """Check every entry of a lag; ``meaning`` describes the largest one."""
    values = np.asarray(lag)
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"lag is {shown(values)}; it must be a whole number of steps")
    if np.any(values < smallest) or np.any(values > largest):
        raise ValueError(
            f"lag is {shown(values)}; it must lie between {smallest} and {largest}, {meaning}"
        )


def check_strength(name: str, strength: AnyArray | float) -> None:
    """Check that every entry is at least 0 and finite."""
    values = np.asarray(strength)
    if not np.all((values >= 0) & (values < np.inf)):
        raise ValueError(f"{name} is {shown(values)}; it must be at least 0 and finite")


def check_sample_rate(sample_rate: float) -> None:
    """Check that there are samples."""
    if not 0.0 < sample_rate < float("inf"):
        raise ValueError(f"sample_rate is {sample_rate}; it must be above 0 and finite")
