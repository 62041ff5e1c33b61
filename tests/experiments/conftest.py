"""What every test of an experiment needs."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    """Close what a test drew: a command ends with its figures, a process of tests does not."""
    yield
    plt.close("all")
