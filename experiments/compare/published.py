"""Values from papers that stand beside ours."""

from experiments.compare.findings import Published

S5 = "Smith, Warrington, Linderman, ICLR 2023 (S5)"
CORNN = "Rusch, Mishra, ICLR 2021 (coRNN)"
LEM = "Rusch, Mishra, Erichson, Mahoney, ICLR 2022 (LEM)"
UNICORNN = "Rusch, Mishra, ICML 2021 (UnICORNN)"
HORN = "Effenberger, Carvalho, Dubinin, Singer, PNAS 2025, doi 10.1073/pnas.2412830122"

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
OF_HORN = (
    Published(
        "HORN against networks that do not oscillate, on sequential MNIST",
        "learns faster, tolerates more noise, needs fewer parameters (in words)",
        HORN,
    ),
    Published(
        "Heterogeneous against homogeneous HORN",
        "more accurate (in words)",
        HORN,
    ),
)
