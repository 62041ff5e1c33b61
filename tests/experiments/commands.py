"""Commands as tests run them: the comparison on few small digits, or in a process of its own."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.mnist import experiment
from experiments.mnist.configuration import PRESETS
from experiments.mnist.members import MnistStore
from experiments.script import main
from rhythmic.data import Digits

ROOT = Path(__file__).parents[2]
NAME = "rrn-golden-unconnected"  # quick to compile
DIGITS = Digits(
    "mnist5k",
    np.random.default_rng(0).integers(0, 256, (5000, 4)).astype(np.uint8),
    (np.arange(5000) % 10).astype(np.uint8),
    "0" * 64,
)
SMALL = dataclasses.replace(
    PRESETS["quick"], architectures=(NAME,), seeds=(1, 2), epochs=2, members_per_device=1
)


def store_in(folder: Path, **changes: Any) -> MnistStore:
    """Return the store of a small comparison, its rows in ``folder``."""
    configuration = dataclasses.replace(SMALL, **changes)
    return MnistStore(configuration, DIGITS, folder / "members.jsonl")


def run_small(folder: Path, *arguments: str) -> None:
    """Do what ``python -m experiments.mnist`` does, on small digits."""
    given = ["--architectures", NAME, "--seeds", "1", "2", "--epochs", "2"]
    given += ["--members-per-device", "1", "--devices", "1"]
    given += ["--run-dir", str(folder), *arguments]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "load", lambda *places, **options: DIGITS)
        main(experiment.EXPERIMENT, given)


def refusal(command: Callable[..., object], *arguments: Any) -> str:
    """Return the one line with which a command was refused."""
    with pytest.raises(SystemExit) as stopped:
        command(*arguments)
    message = str(stopped.value.code)
    assert message.startswith("error: ")
    assert "\n" not in message
    return message


def run_mnist(
    *arguments: str, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m experiments.mnist`` in a process of its own; return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "experiments.mnist", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
