"""Frequency ladders for recordings: named ones, the peaks of their spectrum, random ones.

All have as many nodes, so that they differ in rhythm alone, and lie within what recordings of that
length and sample rate show.

Source: lecture, "Golden rhythms"; ladders drawn at random as their null, see
``rhythmic.theory.ladders.random_ladder``.
"""

import numpy as np
import scipy.signal
from jaxtyping import Float

from rhythmic.compare.analysis import spectrum_of
from rhythmic.compare.plan import ComparisonPlan, span_of
from rhythmic.data import Recordings
from rhythmic.theory import GOLDEN_RATIO
from rhythmic.theory.ladders import random_ladder, span_ladder

NAMED = ("golden", "two", "log", "linear", "peaks")
MOST_NODES = 12

Ladder = Float[np.ndarray, " node"]


def ladders_of(recordings: Recordings, plan: ComparisonPlan) -> dict[str, Ladder]:
    """Return the ladders that are compared, by name, in Hz, rising.

    ``log`` spans all that the recordings show in equal ratios, ``linear`` in equal steps.
    ``golden`` and ``two`` have the ratios 1.618 and 2 about the geometric middle of that. ``peaks``
    are the highest peaks of the mean spectrum over its trend, filled up from ``log`` where there
    are too few. ``random 0`` and so on have the ends of ``log`` and random frequencies between.
    There are as many nodes as octaves fit, four to twelve.

    Args:
        recordings: whose length and sample rate give the span, and their trials the peaks. All
            trials are looked at, though never their targets.
        plan: how many random ladders there are, and their seed.

    Raises:
        ValueError: for trials too short to show a range of frequencies.
    """
    seconds = float(recordings.lengths.max()) / recordings.sample_rate
    low, high = span_of(recordings.sample_rate, seconds)
    high = min(high, 0.249 * recordings.sample_rate)  # where nodes still swing as they should
    if not low < high:
        raise ValueError(
            f"inputs has trials of at most {recordings.lengths.max()} samples; they must be longer "
            f"than {recordings.sample_rate / high:.3g}: one long recording is to be cut into trials"
        )
    count = int(np.clip(np.floor(np.log2(high / low)) + 1, 4, MOST_NODES))
    span = {"start": low, "stop": high, "sample_rate": recordings.sample_rate}
    found = {
        "golden": _about_the_middle(GOLDEN_RATIO, count, low, high),
        "two": _about_the_middle(2.0, count, low, high),
        "log": span_ladder(count, **span),
        "linear": np.linspace(low, high, count),
    }
    found["peaks"] = _peaks(recordings, found["log"])
    for place in range(plan.num_ladders):
        seed = 1000 * plan.seed + place
        found[f"random {place}"] = random_ladder(count, seed=seed, **span)
    return found


def _about_the_middle(ratio: float, count: int, low: float, high: float) -> Ladder:
    """Return frequencies of one ratio about the middle; a smaller ratio where they do not fit."""
    ratio = min(ratio, (high / low) ** (1 / (count - 1)))
    return np.sqrt(low * high) * ratio ** (np.arange(count) - (count - 1) / 2)


def _peaks(recordings: Recordings, rest: Ladder) -> Ladder:
    """Return the highest peaks of the spectrum over its trend, filled up from another ladder."""
    spectrum = spectrum_of(recordings, by_class=False)
    inside = (spectrum.frequency >= rest[0]) & (spectrum.frequency <= rest[-1])
    frequency = spectrum.frequency[inside]
    power = np.log(np.maximum(spectrum.power[0, inside], 1e-300))
    if len(frequency) < 4:
        return rest
    trend = np.polynomial.Polynomial.fit(np.log(frequency), power, 1)
    height = power - trend(np.log(frequency))
    places, about = scipy.signal.find_peaks(height, prominence=0.0)
    best = places[np.argsort(-about["prominences"])][: len(rest)]
    found = frequency[best]
    # Those of the other ladder that lie farthest from what is there.
    left = list(rest)
    while len(found) < len(rest):
        apart = [np.min(np.abs(np.log(one / found))) if found.size else 1.0 for one in left]
        found = np.append(found, left.pop(int(np.argmax(apart))))
    return np.sort(found)
