"""What every test of an experiment needs."""

import importlib
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiments.stages import Results, Stages


@pytest.fixture(autouse=True)
def _closed_figures() -> Iterator[None]:
    """Close what a test drew: a command ends with its figures, a process of tests does not."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Return what the experiment of ``test_NAME.py`` measures with that file's ``OPTIONS``."""
    name = request.module.__name__.rpartition("test_")[2]
    experiment = importlib.import_module(f"experiments.{name}").EXPERIMENT
    stages = Stages(tmp_path_factory.mktemp("stages"))
    measured = experiment.measure(request.module.OPTIONS, stages)
    return {name: np.asarray(values) for name, values in measured.items()}
