"""Means, intervals and tests over seeds, one number a seed.

``summaries``    mean, standard error and interval; agreement with a published mean; the
                 sampling error of test examples
``comparison``   difference of two networks with its effect size; several rivals, Holm's correction
``equivalence``  two one-sided tests, and the verdict of a comparison stated beforehand
``null``         where a network stands among random draws of it
``curves``       where a curve over a parameter has its peak

Where nothing varies but by rounding (``varies``) there is no test: p-values and intervals are NaN.

Higher values are taken for better ones throughout, as of an accuracy; give losses a minus sign.
"""

from rhythmic.statistics._seeds import rounding, varies
from rhythmic.statistics.comparison import (
    MIN_SEEDS_FOR_TEST,
    Comparison,
    Difference,
    compare,
    difference,
    holm,
)
from rhythmic.statistics.curves import Peak, peak_of_curve
from rhythmic.statistics.equivalence import Equivalence, Verdict, equivalence, verdict
from rhythmic.statistics.null import (
    MIN_NULL_DRAWS,
    NullRank,
    rank_in_null,
    rank_in_null_over_seeds,
)
from rhythmic.statistics.summaries import (
    ACCURACY,
    Agreement,
    Summary,
    agreement,
    summarise,
    with_sampling_error,
)

__all__ = [
    "ACCURACY",
    "MIN_NULL_DRAWS",
    "MIN_SEEDS_FOR_TEST",
    "Agreement",
    "Comparison",
    "Difference",
    "Equivalence",
    "NullRank",
    "Peak",
    "Summary",
    "Verdict",
    "agreement",
    "compare",
    "difference",
    "equivalence",
    "holm",
    "peak_of_curve",
    "rank_in_null",
    "rank_in_null_over_seeds",
    "rounding",
    "summarise",
    "varies",
    "verdict",
    "with_sampling_error",
]
