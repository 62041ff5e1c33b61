"""Brain rhythms: their bands, how these are spaced, which of them sum, and the day's ladder."""

from rhythmic.rhythms.bands import catalogue, named_centres, ratio_name
from rhythmic.rhythms.day import rotation
from rhythmic.rhythms.spacing import CHANCE_DISTANCE, check_ratios, fit_consecutive
from rhythmic.rhythms.sums import frequency_sum, joined_frequency, sum_ratio, sum_relations

__all__ = [
    "CHANCE_DISTANCE",
    "catalogue",
    "check_ratios",
    "fit_consecutive",
    "frequency_sum",
    "joined_frequency",
    "named_centres",
    "ratio_name",
    "rotation",
    "sum_ratio",
    "sum_relations",
]
