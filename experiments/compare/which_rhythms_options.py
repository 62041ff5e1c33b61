"""Which rhythms: options, labels and ladders."""

from dataclasses import dataclass

from experiments.compare.options import CompareOptions
from experiments.compare.parts import check_parts
from rhythmic.theory import geometric_ladder, ladder, random_ladder, span_ladder
from rhythmic.theory.ladders import PUBLISHED_GOLDEN_RATIO

PARTS = ("null", "curves", "named", "learned", "larger", "sampled")
NAMED = ("golden", "two", "log", "linear")
NUM_NODES = 11
GOLDEN = PUBLISHED_GOLDEN_RATIO
SHARED = "shared rate"
GOLDEN_SHARED, LINEAR_SHARED = f"golden, {SHARED}", f"linear, {SHARED}"
# Where learned rhythms start, fixed, and trained by the same arithmetic as learned ones.
FIXED = {"golden": "golden, a step a pixel", "random 0": "random 0, a step a pixel"}
LEARNED = {"golden": "learned from golden", "random 0": "learned from random 0"}

# Random ladders on which the shared rate is chosen; those of the null count from 0.
FIRST_TUNING_LADDER = 100_000


@dataclass(frozen=True)
class WhichRhythmsOptions(CompareOptions):
    """Options of the question which rhythms.

    Args:
        parts: what is asked. null: golden among random ladders; curves: accuracy against the
            ratio; named: golden, two, log and linear; learned: rhythms that training moves;
            larger: more than 11 nodes; sampled: other sample rates.
        num_ladders: random ladders of the null.
        num_null_seeds: seeds of each of them, the first ones of ``seeds``.
        num_curve_seeds: seeds of each point of a curve, the first ones of ``seeds``.
        num_larger_seeds: seeds of each larger network, the first ones of ``seeds``; they cost most.
        num_tuning_ladders: further random ladders, none of the null and not golden, on which the
            rate of null and curves is chosen.
        ratios: ratios of neighbours, dimensionless, of the ladders of 5 nodes from 2 Hz.
        long_ratios: the same of the ladders of 11 nodes from 2 Hz.
        num_nodes: numbers of nodes of the ladders from 2 to 245.9 Hz.
        copies: how often larger networks hold the golden ladder; dense ones have a ratio that is
            this root of the golden one.
        sample_rates: other sample rates at which the digits are read, Hz.
    """

    parts: tuple[str, ...] = ("null", "curves", "named")
    num_ladders: int = 100
    num_null_seeds: int = 3
    num_curve_seeds: int = 3
    num_larger_seeds: int = 2
    num_tuning_ladders: int = 4
    ratios: tuple[float, ...] = (1.2, 1.35, 1.5, GOLDEN, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.05, 3.3)
    long_ratios: tuple[float, ...] = (1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5, 1.55, 1.6, GOLDEN)
    num_nodes: tuple[int, ...] = (5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 18, 21, 27)
    copies: tuple[int, ...] = (2, 3)
    sample_rates: tuple[float, ...] = (500.0, 2000.0)

    def check(self) -> None:
        """Raise a ValueError of one line that names the field out of its range."""
        super().check()
        check_parts("parts", self.parts, PARTS)
        for name, most in (
            ("num_null_seeds", len(self.seeds)),
            ("num_curve_seeds", len(self.seeds)),
            ("num_larger_seeds", len(self.seeds)),
            ("num_ladders", FIRST_TUNING_LADDER),
            ("num_tuning_ladders", 100),
        ):
            smallest = 2 if name == "num_ladders" else 1
            if not smallest <= getattr(self, name) <= most:
                found = getattr(self, name)
                raise ValueError(f"{name} is {found}; it must lie in {smallest} to {most}")
        for name, golden in (("ratios", GOLDEN), ("long_ratios", GOLDEN), ("num_nodes", NUM_NODES)):
            values = getattr(self, name)
            if golden not in values or len(set(values)) < max(2, len(values)):
                raise ValueError(f"{name} must hold {golden:g} and others, each once")
        for number in self.num_nodes:
            span_ladder(number)
        for number, ratios in ((5, self.ratios), (NUM_NODES, self.long_ratios)):
            for ratio in ratios:
                geometric_ladder(ratio, num_nodes=number)
        if not self.copies or min(self.copies) < 2 or len(set(self.copies)) < len(self.copies):
            raise ValueError(f"copies is {self.copies}; it must hold numbers from 2, each once")
        for rate in self.sample_rates:
            # Below 16 Hz fewer than two nodes are left.
            if not 16.0 <= rate <= 8000.0 or rate == 1000.0:
                raise ValueError(f"sample_rates holds {rate}; they lie in 16 to 8000, not 1000 Hz")
        if not self.sample_rates or not min(self.sample_rates) < 1000.0 < max(self.sample_rates):
            raise ValueError("sample_rates must hold one below and one above 1000 Hz")


def point_label(number: int, ratio: float) -> str:
    """Name a ladder of fixed number of nodes; golden with 11 nodes is the one of the null."""
    return (
        GOLDEN_SHARED if (number, ratio) == (NUM_NODES, GOLDEN) else f"{number} nodes x {ratio:g}"
    )


def span_label(number: int) -> str:
    """Name a ladder from 2 to 245.9 Hz."""
    return GOLDEN_SHARED if number == NUM_NODES else f"{number} nodes, 2 to 246 Hz"


def null_label(place: int) -> str:
    """Name a random ladder."""
    return f"random {place}"


def sampled_label(num_nodes: int, rate: float) -> str:
    """Name the golden ladder, or what is left of it, at a sample rate."""
    return f"golden, {num_nodes} nodes, {rate:g} Hz"


def null_ladder(place: int) -> tuple[float, ...]:
    """Return a random ladder of the null, in Hz."""
    return tuple(random_ladder(NUM_NODES, seed=place).tolist())


def golden_below(sample_rate: float) -> tuple[float, ...]:
    """Return those of the eleven golden frequencies, in Hz, below a quarter of a sample rate."""
    golden = ladder("golden")
    return tuple(golden[golden < sample_rate / 4].tolist())


def larger_label(number: int, kind: str) -> str:
    """Name a larger network."""
    if kind == "copies":
        return f"golden x {number}, learned inputs"
    return f"dense, {10 * number + 1} nodes, learned inputs"
