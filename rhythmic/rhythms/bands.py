"""Brain rhythms as data: where the literature puts their frequencies, and how it spaces them.

Ranges are conventions. They differ between authors, species and recording methods, often by a
third, and neighbouring ranges overlap; a catalogue here is one author's (or one use's) choice.
That is why a claim about spacing is to be tried on several of them.

Source: lecture, "Brain rhythms"; each band and each proposal names its own paper.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from rhythmic.arguments import checked
from rhythmic.theory.ladders import GOLDEN_RATIO
from rhythmic.typing import AnyArray


class Band(NamedTuple):
    """One brain rhythm.

    Attributes:
        name: what it is called.
        low: lower end of its range in Hz; NaN where the source gives one frequency only.
        high: upper end in Hz; NaN likewise.
        centre: its typical frequency in Hz: the one that the source gives, else the geometric
            mean of the range; NaN where the source gives only an upper bound.
        where: species and structure.
        source: who reported it.
    """

    name: str
    low: float
    high: float
    centre: float
    where: str
    source: str


class SpacingProposal(NamedTuple):
    """A constant ratio proposed between the centres of neighbouring bands.

    Attributes:
        name: short name.
        ratio: f_k / f_{k-1}, no unit.
        anchor: frequency in Hz that the proposal puts on a rung; NaN where the start is free.
        source: who proposed it.
    """

    name: str
    ratio: float
    anchor: float
    source: str


def _range(name: str, low: float, high: float, where: str, source: str) -> Band:
    return Band(name, low, high, math.sqrt(low * high), where, source)


def _single(name: str, centre: float, where: str, source: str) -> Band:
    return Band(name, math.nan, math.nan, centre, where, source)


PROPOSALS = (
    SpacingProposal(
        "golden", GOLDEN_RATIO, math.nan, "Roopun et al., Front Neurosci 2008; Kramer, NBDT 2022"
    ),
    SpacingProposal("doubling", 2.0, 10.0, "Klimesch, Front Hum Neurosci 2013"),
    SpacingProposal("e", math.e, math.nan, "Penttonen & Buzsaki, Thalamus Relat Syst 2003"),
)
"""How bands were proposed to be spaced: golden ratio, octaves, and natural logarithm. Doubling
comes with centres for delta to gamma, 2.5, 5, 10, 20 and 40 Hz; they are a proposal, not
observations, hence not among the catalogues."""

CHOSEN_FOR = {"slice": "golden", "classes": "e"}
"""Catalogues that proponents of a ratio chose or drew up: no independent test of that ratio."""

_CLASSES = "Buzsaki & Draguhn, Science 2004 (classes)"
_CORTEX = "mammalian cortex"
_EEG = "common EEG convention"
_SCALP = "human scalp EEG"
_PERIODS = "Roopun et al., Front Cell Neurosci 2008"
_SLICE = "rat somatosensory cortex in vitro"

CATALOGUES: dict[str, tuple[Band, ...]] = {
    # The lecture's own examples. For the slowest it gives only "< 1 Hz".
    "lecture": (
        Band(
            "slow", 0.0, 1.0, math.nan, "thalamus, cortex", "Crunelli & Hughes, Nat Neurosci 2010"
        ),
        _single("delta", 2.0, "rat neocortex in vitro", "Carracedo et al., J Neurosci 2013"),
        _single("spindle", 12.0, _SCALP, "Kramer et al., J Neurosci 2021"),
        _single("gamma", 40.0, "hippocampus", "Fernandez-Ruiz et al., Neuron 2023"),
        _single("ripple", 150.0, "hippocampus", "Buzsaki, Hippocampus 2015"),
    ),
    # Three rhythms of one slice: the lecture's best example of golden spacing.
    "slice": (
        _single("beta1", 15.0, _SLICE, _PERIODS),
        _single("beta2", 25.0, _SLICE, _PERIODS),
        _single("gamma", 40.0, _SLICE, _PERIODS),
    ),
    # The five letters of the clinic. Limits move by 1 or 2 Hz between textbooks, the ends by more.
    "eeg": (
        _range("delta", 0.5, 4.0, _SCALP, _EEG),
        _range("theta", 4.0, 8.0, _SCALP, _EEG),
        _range("alpha", 8.0, 13.0, _SCALP, _EEG),
        _range("beta", 13.0, 30.0, _SCALP, _EEG),
        _range("gamma", 30.0, 80.0, _SCALP, _EEG),
    ),
    # Ten adjoining classes; the slow ones are given there as periods (15-40, 5-15, 2-5, 0.7-2 s).
    # They were drawn up, even in log f, by proponents of the ratio e: no independent test of it.
    "classes": (
        _range("slow 4", 1 / 40, 1 / 15, _CORTEX, _CLASSES),
        _range("slow 3", 1 / 15, 1 / 5, _CORTEX, _CLASSES),
        _range("slow 2", 1 / 5, 1 / 2, _CORTEX, _CLASSES),
        _range("slow 1", 1 / 2, 1 / 0.7, _CORTEX, _CLASSES),
        _range("delta", 1.5, 4.0, _CORTEX, _CLASSES),
        _range("theta", 4.0, 10.0, _CORTEX, _CLASSES),
        _range("beta", 10.0, 30.0, _CORTEX, _CLASSES),
        _range("gamma", 30.0, 80.0, _CORTEX, _CLASSES),
        _range("fast", 80.0, 200.0, _CORTEX, _CLASSES),
        _range("ultra fast", 200.0, 600.0, _CORTEX, _CLASSES),
    ),
    # Rhythms reported one by one, each at its own place, from infra-slow to fast ripples.
    "measured": (
        _range("infra-slow", 0.02, 0.2, "human full-band EEG", "Vanhatalo et al., PNAS 2004"),
        Band("slow", 0.5, 1.0, 0.75, _SCALP, "Achermann & Borbely, Neuroscience 1997"),
        _single("delta", 2.0, "rat neocortex in vitro", "Carracedo et al., J Neurosci 2013"),
        Band("theta", 4.0, 12.0, 8.0, "rat hippocampus", "Buzsaki, Neuron 2002"),
        Band("alpha", 8.0, 13.0, 10.0, _SCALP, "Klimesch, Front Hum Neurosci 2013"),
        Band("spindle", 9.0, 15.0, 12.0, _SCALP, "Kramer et al., J Neurosci 2021"),
        _single("beta1", 15.0, _SLICE, _PERIODS),
        _single("beta2", 25.0, _SLICE, _PERIODS),
        _single("gamma", 40.0, _SLICE, _PERIODS),
        _range("fast gamma", 65.0, 140.0, "rat hippocampus", "Colgin et al., Nature 2009"),
        Band("ripple", 110.0, 200.0, 150.0, "rodent hippocampus", "Buzsaki, Hippocampus 2015"),
        _range(
            "fast ripple", 250.0, 500.0, "epileptic hippocampus", "Bragin et al., Hippocampus 1999"
        ),
    ),
}
"""Catalogues of bands by name, each from slow to fast. All limits are conventional."""


@checked
def catalogue(name: str) -> tuple[Band, ...]:
    """Return the bands of a catalogue, from slow to fast.

    Args:
        name: "lecture", "slice", "eeg", "classes" or "measured".

    Raises:
        ValueError: for an unknown name.

    Source: lecture, "Brain rhythms"; each band names its own.
    """
    if name not in CATALOGUES:
        raise ValueError(f"catalogue must be one of {', '.join(CATALOGUES)}, got {name!r}")
    return CATALOGUES[name]


@checked
def band_centres(name: str) -> Float[np.ndarray, " band"]:
    """Return the centre frequencies of a catalogue in Hz, rising, without bands that have none.

    Args:
        name: of a catalogue.

    Raises:
        ValueError: for an unknown name.
    """
    centres = np.array([band.centre for band in catalogue(name)])
    return centres[np.isfinite(centres)]


@checked
def named_centres(
    catalogues: Sequence[str], frequencies: Sequence[float] = ()
) -> dict[str, Float[np.ndarray, " band"]]:
    """Return the centres in Hz of several catalogues by name, and of bands of one's own.

    Args:
        catalogues: names; may be empty if `frequencies` are given.
        frequencies: centres of one's own in Hz, in any order; they come last under the name
            "own". Empty for none.

    Raises:
        ValueError: if there is nothing, a name is unknown, or `frequencies` holds a value that is
            not positive and finite, the same one twice, or just one.
    """
    centres = {name: band_centres(name) for name in catalogues}
    own = np.sort(np.asarray(frequencies, dtype=np.float64))
    check_positive("frequencies", own, "Hz")
    if own.size == 1 or len(np.unique(own)) < own.size:
        raise ValueError(f"frequencies must be 2 or more different ones (Hz), got {own.tolist()}")
    if own.size:
        centres["own"] = own
    if not centres:
        raise ValueError("catalogues must name one or more unless frequencies are given, got none")
    return centres


def check_positive(
    name: str, values: Sequence[float] | Real[AnyArray, " value"], unit: str
) -> None:
    """Raise a ValueError that names the first value that is not positive and finite."""
    for value in np.asarray(values, np.float64).ravel():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite ({unit}), got {value:g}")


@checked(finite=True)
def ratio_name(ratio: float) -> str:
    """Return the name of a proposed ratio ("golden", "doubling", "e"), else its number."""
    for proposal in PROPOSALS:
        if abs(ratio - proposal.ratio) < 5e-4:
            return proposal.name
    return f"{ratio:.4g}"
