"""Which rhythms: the claims, stated before anything was trained."""

from experiments.compare.findings import PAIRED, RULED, WELCH, Claim

OWN_RATE = (
    "Each at its own rate, chosen among as many on as many seeds; {how}; equivalent within 0.01."
)
LEARNING = (
    "Frequency and pole radius of each node are learned, 22 more parameters; both take a step a "
    f"pixel. {OWN_RATE.format(how=PAIRED)}"
)
ON_CURVE = (
    "One rate for all points, that of the null. Golden less the other ratio of the highest mean "
    "validation accuracy, {how}; equivalent within 0.01. The peak with its 95 % interval is told "
    "beside."
)
# Which ladders have as many nodes, and so the same start weights at equal seeds: of those that
# golden is held against, and of the points of a curve.
NAMED = {"two": False, "log": False, "linear": True}
CURVES = {"ratio-5-nodes": True, "ratio-11-nodes": True, "ratio-span": False}

CLAIMS = (
    Claim(
        "golden-null",
        "The golden ladder is more accurate than random ladders of its span and number of nodes.",
        "Golden's mean less that of random ladders, same seeds; t test of one more draw among the "
        "draws (its interval holds where a random ladder would lie). The rank, which asks for no "
        "normal distribution, is told beside. One rate for all: the best mean validation accuracy "
        "over fresh random ladders that are not in the null.",
        rhythm="which",
    ),
    Claim(
        "data-rhythm",
        "Random ladders are more accurate the nearer a node lies to the rhythm of rows, 35.7 Hz.",
        "Over the random ladders: Spearman's correlation of accuracy with the nearness, in "
        "octaves, of the nearest node; interval by Fisher's z.",
    ),
    *(
        Claim(
            f"golden-{name}",
            f"The golden ladder is more accurate than {name}.",
            OWN_RATE.format(how=PAIRED if paired else WELCH),
            rhythm="which",
            note=RULED if paired else "",
        )
        for name, paired in NAMED.items()
    ),
    Claim(
        "ratio-5-nodes",
        "Of ladders of 5 nodes from 2 Hz, the golden ratio is the most accurate.",
        ON_CURVE.format(how=PAIRED),
        rhythm="which",
    ),
    Claim(
        "ratio-11-nodes",
        "Of ladders of 11 nodes from 2 Hz, the golden ratio is the most accurate.",
        f"{ON_CURVE.format(how=PAIRED)} Golden is the largest ratio that fits: the span ends with "
        "it.",
        rhythm="which",
    ),
    Claim(
        "ratio-span",
        "Of ladders from 2 to 246 Hz, the golden ratio, 11 nodes, is the most accurate.",
        f"{ON_CURVE.format(how=WELCH)} It was chosen for 11 nodes, and more nodes have more "
        "parameters.",
        rhythm="which",
        note=RULED,
    ),
    Claim(
        "learned-golden",
        "Learning the rhythms, from golden on, makes them better.",
        LEARNING,
        rhythm="which",
    ),
    Claim(
        "learned-random",
        "Learning the rhythms, from a random ladder on, makes them better.",
        LEARNING,
        rhythm="which",
    ),
    Claim(
        "golden-start",
        "Learned rhythms are better when they start from golden than from a random ladder.",
        OWN_RATE.format(how=PAIRED),
        rhythm="which",
    ),
    Claim(
        "copies-dense",
        "Copies of the golden ladder are more accurate than a dense ladder of about as many nodes.",
        f"The largest networks, both with learned input weights. {OWN_RATE.format(how=WELCH)}",
    ),
    Claim(
        "sampled-slower",
        "Golden nodes are more accurate at 1000 Hz than read slower, where rows repeat at a lower "
        "frequency.",
        f"The same nodes in Hz, those that fit the lowest rate. {OWN_RATE.format(how=PAIRED)}",
    ),
    Claim(
        "sampled-faster",
        "Golden nodes are more accurate at 1000 Hz than read faster, where rows repeat at a higher "
        "frequency.",
        f"The same nodes in Hz. {OWN_RATE.format(how=PAIRED)}",
    ),
)
CLAIM = {claim.name: claim for claim in CLAIMS}
