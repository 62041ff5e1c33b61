"""Means, intervals and tests over seeds, one number per seed.

``summaries``    mean, standard error and interval; agreement with a published mean; the
                 sampling error of test examples
``comparison``   difference of two networks, effect size; several baselines, Holm's correction;
                 two one-sided tests, and the verdict of a comparison stated beforehand
``resampling``   where a network stands among random draws of it; where a curve has its peak

Where nothing varies but by rounding (``varies``) there is no test: p-values and intervals are NaN.

Higher values are taken for better ones throughout, as of an accuracy; give losses a minus sign.
"""

from rhythmic.statistics.comparison import (
    MIN_SEEDS_FOR_TEST,
    Difference,
    compare,
    difference,
    equivalence,
    holm,
    verdict,
)
from rhythmic.statistics.summaries import ACCURACY, Summary, summarise, varies

__all__ = [
    "ACCURACY",
    "MIN_SEEDS_FOR_TEST",
    "Difference",
    "Summary",
    "compare",
    "difference",
    "equivalence",
    "holm",
    "summarise",
    "varies",
    "verdict",
]
