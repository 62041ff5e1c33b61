"""Options of ``experiments.trained_modes``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.script import ScriptOptions, check_seed
from experiments.trained_modes_networks import (
    Networks,
    read_networks,
    recipe_of,
    retrained_seeds,
)
from rhythmic.data import DataUnavailableError
from rhythmic.data.dataset import NUM_PIXELS
from rhythmic.data.source import MnistSource, check_folder, named_folder
from rhythmic.data.splits import NUM_TRAIN
from rhythmic.stability.coupling import frequency_group

LARGEST_TEST = 2**20


@dataclass(frozen=True)
class TrainedModesOptions(ScriptOptions):
    """Trained resonant networks: their modes, gradients, training and coupling.

    Args:
        run: run folder of python -m experiments.mnist whose networks are looked at; by default
            the networks kept with the code, experiments/results/mnist.jsonl.
        architecture: name of a resonant network with recurrence, such as rrn-golden.
        seed: of the network that is shown; by default the first one's.
        training_data: what networks are trained again on, so that their weights are known after
            every epoch. bundled: mnist5k, 5,000 digits. own: the digits of the run, if they are
            MNIST and a folder has the files, else mnist5k.
        data_dir: folder with the four MNIST files; otherwise the environment variable
            RHYTHMIC_DATA_DIR.
        epochs: of that training, passes over the digits; by default those of the run.
        num_retrained: networks trained again: the one shown, the others of the run, then further
            seeds; no unit.
        digit: class of the test digit that is read, 0 to 9.
        num_digits: test digits over which exponents are averaged, no unit.
        product_step: distance of the products of Jacobians that are looked at, and of the lags,
            in steps of one pixel.
        slow: slow nodes are those up to this frequency, Hz.
        faster: lowest and highest frequency of the faster nodes, Hz.
        max_patterns: sign patterns of the permutation test; exact while 2^networks is no more.
        test_seed: of sign patterns, where they are drawn.
    """

    run: Path | None = None
    architecture: str = "rrn-golden"
    seed: int | None = None
    training_data: Literal["bundled", "own"] = "bundled"
    data_dir: Path | None = None
    epochs: int | None = None
    num_retrained: int = 6
    digit: int = 3
    num_digits: int = 10
    product_step: int = 14
    slow: float = 9.0
    faster: tuple[float, float] = (20.0, 100.0)
    max_patterns: int = 2**17
    test_seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range, or what is missing."""
        for name, least, most in (
            ("num_retrained", 1, 1000),
            ("num_digits", 2, 500),
            ("digit", 0, 9),
            ("product_step", 1, NUM_PIXELS // 2),
            ("max_patterns", 2, LARGEST_TEST),
        ):
            if not least <= getattr(self, name) <= most:
                given = getattr(self, name)
                raise ValueError(f"{name} is {given}; it must lie between {least} and {most}")
        low, high = self.faster
        if not (0 < self.slow < low <= high < np.inf):
            raise ValueError(
                f"slow is {self.slow:g} and faster {low:g} to {high:g}; frequencies must rise, Hz"
            )
        check_seed(self.test_seed)
        networks = self.networks()
        for lowest, highest in ((0.0, self.slow), self.faster):
            frequency_group(networks.frequencies, lowest, highest)
        data = self.dataset(networks)
        recipe_of(networks.shown, self.epochs).num_steps(NUM_TRAIN[data])
        retrained_seeds(networks, self.num_retrained)

    def networks(self) -> Networks:
        """Read the networks."""
        return read_networks(self.run, self.architecture, self.seed)

    def dataset(self, networks: Networks) -> str:
        """Name the digits that networks are trained again on.

        Raises:
            ValueError: for a folder of MNIST that is named and not whole.
        """
        folder = named_folder(self.data_dir)
        if self.training_data == "bundled" or folder is None:
            return "mnist5k"
        if networks.shown["dataset"] == "mnist":
            try:
                check_folder(folder, MnistSource())
            except DataUnavailableError as error:
                raise ValueError(str(error)) from None
        return str(networks.shown["dataset"])


PRESETS = {
    "quick": TrainedModesOptions(),
    "full": TrainedModesOptions(
        preset="full", training_data="own", num_retrained=100, num_digits=100
    ),
    "smoke": TrainedModesOptions(
        preset="smoke", epochs=1, num_retrained=1, num_digits=2, product_step=98
    ),
}
