"""Options of ``experiments.who_can_rhythm``."""

from dataclasses import dataclass

import numpy as np

from experiments.script import ScriptOptions, check_seed


@dataclass(frozen=True)
class WhoCanRhythmOptions(ScriptOptions):
    """Options of the search for rhythms.

    Args:
        sample_rate: steps a second, Hz; it only gives the frequencies their unit.
        num_steps: steps of the record that is judged; a rhythm needs 8 cycles in it.
        washout: steps before the record.
        num_networks: random networks of each kind and size.
        sizes: numbers of nodes of the random recurrent networks, each at least 2.
        hopfield_units: units of each Hopfield network, from 24 to an eighth of the washout, in
            which each is then updated 8 times one at a time; an eighth as many patterns are stored.
        tanh_radius: spectral radius of the random tanh networks, no unit.
        seed: of everything that is drawn.
    """

    sample_rate: float = 1000.0
    num_steps: int = 2048
    washout: int = 1024
    num_networks: int = 150
    sizes: tuple[int, ...] = (2, 8, 32)
    hopfield_units: int = 32
    tanh_radius: float = 1.2
    seed: int = 0

    def check(self) -> None:
        """Raise a ValueError of one line that names the option out of range."""
        lowest = {"num_steps": 64, "washout": 192, "num_networks": 1, "hopfield_units": 24}
        for name, least in lowest.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        for name in ("sample_rate", "tanh_radius"):
            if not 0 < getattr(self, name) < np.inf:
                given = getattr(self, name)
                raise ValueError(f"{name} is {given}; it must be above 0 and finite")
        if not self.sizes or min(self.sizes) < 2:
            raise ValueError(f"sizes holds {self.sizes}; give one size or more, each at least 2")
        if self.hopfield_units > self.washout // 8:
            raise ValueError(
                f"hopfield_units is {self.hopfield_units}; it must be at most {self.washout // 8}, "
                "an eighth of washout, so that every network has settled"
            )
        check_seed(self.seed)
        if self.num_steps + self.washout > 3600:
            # 1.2^3600 is the largest power that the sweep of one weight keeps in double precision.
            total = self.num_steps + self.washout
            raise ValueError(f"num_steps + washout is {total}; it must be at most 3600")


PRESETS = {
    "quick": WhoCanRhythmOptions(),
    "full": WhoCanRhythmOptions(
        preset="full", num_networks=1000, sizes=(2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
    ),
    "smoke": WhoCanRhythmOptions(
        preset="smoke", num_steps=512, washout=256, num_networks=6, sizes=(2,)
    ),
}
