"""Values from papers that stand beside ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A value from a paper, to stand beside ours.

    Args:
        what: what was measured, and how it differs from ours.
        value: as printed there.
        source: the paper.
    """

    what: str
    value: str
    source: str


S5 = "Smith, Warrington, Linderman, ICLR 2023 (S5)"
CORNN = "Rusch, Mishra, ICLR 2021 (coRNN)"
LEM = "Rusch, Mishra, Erichson, Mahoney, ICLR 2022 (LEM)"
UNICORNN = "Rusch, Mishra, ICML 2021 (UnICORNN)"

# No published network below 1,000 parameters was found: these are far larger than ours.
BY_PIXEL = tuple(
    Published(f"{name}, sequential MNIST, a far larger network, test accuracy", value, source)
    for name, value, source in (
        ("coRNN", "0.994", CORNN),
        ("LEM", "0.995", LEM),
        ("S5", "0.9965", S5),
    )
)
PERMUTED = tuple(
    Published(f"{name}, permuted sequential MNIST, a far larger network", value, source)
    for name, value, source in (
        ("coRNN", "0.973", CORNN),
        ("UnICORNN", "0.984", UNICORNN),
        ("S5", "0.987", S5),
    )
)
