"""Which nodes respond to which gain frequency, and how selectively the rungs of a ladder do so.

A gain of frequency f_S turns the driver's motion at f_D into forces at f_S + f_D and |f_S - f_D|; a
node at one of these frequencies resonates. The question of golden rhythms is which rungs of a
ladder, used as gain frequencies, couple the driver to which other rungs; and at which sums,
differences and rungs of a sweep over the gain frequency nodes respond.

Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022); scores and measurement are the
project's own.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Real

from rhythmic.arguments import checked
from rhythmic.indices import check_indices
from rhythmic.typing import AnyArray


@checked(finite=True)
def targets(
    frequencies: Real[np.ndarray, " hidden"],
    driver: int,
    gain_frequency: float | Real[np.ndarray, "*gain"],
    tolerance: float,
) -> Bool[np.ndarray, "*gain hidden"]:
    """Return which nodes lie at the sum or difference frequency of the gain and the driver.

        |f_S - (f_D + f_k)| <= tolerance  or  |f_S - |f_D - f_k|| <= tolerance,  k not the driver.

    Args:
        frequencies: f_k in Hz.
        driver: index of the driver.
        gain_frequency: f_S in Hz, one or many.
        tolerance: in Hz.

    Returns:
        True at the targets of every gain frequency.

    Raises:
        ValueError: if `driver` is no node's index.

    Source: M. A. Kramer, "Golden rhythms as a theoretical framework for cross-frequency
    organization", Neurons, Behavior, Data Analysis, and Theory (2022); lecture, "Golden rhythms".
    """
    frequencies = np.asarray(frequencies, np.float64)
    check_indices("driver", driver, len(frequencies), "nodes")
    own = frequencies[driver]
    gain = np.asarray(gain_frequency)[..., None]
    distance = np.minimum(
        np.abs(gain - (own + frequencies)), np.abs(gain - np.abs(own - frequencies))
    )
    # Rungs that meet by arithmetic meet to rounding: a tolerance of 0 must still find them.
    found = distance <= tolerance + 1e-9 * own
    found[..., driver] = False
    return found


@checked(finite=True)
def rung_targets(
    frequencies: Real[np.ndarray, " hidden"], driver: int, tolerance: float
) -> Bool[np.ndarray, "rung hidden"]:
    """Return `targets` for every rung of the ladder as the gain frequency.

    Args:
        frequencies: rungs of the ladder in Hz.
        driver: index of the driver.
        tolerance: in Hz.

    Returns:
        True where a gain at the row's frequency should reach the column's node.
    """
    return targets(frequencies, driver, np.asarray(frequencies), tolerance)


@checked
def answers(
    response: Float[AnyArray, "*ladder hidden rung offset"],
    constant: Float[AnyArray, "*ladder hidden"],
    driver: int,
    threshold: float,
) -> Bool[np.ndarray, "*ladder rung hidden"]:
    """Return which nodes respond to a gain at which rung.

    A node responds if its largest response within the window is a peak, larger than at the first
    gain frequency outside on either side, and at least `threshold` times its response to the
    constant gain. The driver, which moves anyway, does not count.

    Args:
        response: mean amplitudes at `rung_windows`, first and last offset outside the window.
        constant: mean amplitudes under the constant gain alone.
        driver: index of the driver.
        threshold: multiple of the response to the constant gain.

    Returns:
        True where the column's node responds to a gain at the row's frequency.

    Raises:
        ValueError: if there are fewer than 3 offsets, `threshold` is not positive or `driver` is
            no node's index.
    """
    values = np.asarray(response)
    if values.shape[-1] < 3:
        raise ValueError(f"response must have 3 offsets or more, got {values.shape[-1]}")
    if not 0 < threshold < math.inf:
        raise ValueError(f"threshold must be positive and finite, got {threshold}")
    check_indices("driver", driver, values.shape[-3], "nodes")
    inside = values[..., 1:-1].max(-1)
    peak = (inside > values[..., 0]) & (inside > values[..., -1])
    found = peak & (inside >= threshold * np.asarray(constant)[..., None])
    found[..., driver, :] = False
    return np.swapaxes(found, -1, -2)


class Selectivity(NamedTuple):
    """What the rungs of a ladder do for its driver, in numbers.

    Attributes:
        pairs: number of (gain at a rung, responding node) pairs.
        best: number of nodes that respond at the gain to which most do.
        reached: number of nodes that respond to a gain at one rung or more.
        selectivity: how selectively single nodes can be driven, in [0, 1], see
            `selectivity_scores`.
    """

    pairs: Int[np.ndarray, "*ladder"]
    best: Int[np.ndarray, "*ladder"]
    reached: Int[np.ndarray, "*ladder"]
    selectivity: Float[np.ndarray, "*ladder"]


@checked
def selectivity_scores(
    answering: Bool[AnyArray, "*ladder rung hidden"], driver: int
) -> Selectivity:
    """Count what `answers` found, and score how selectively the rungs drive nodes.

        S = mean over nodes k but the driver of max over rungs m of a_mk / sum_j a_mj,

    where a_mk is 1 if node k responds to a gain at rung m. A node that some rung drives alone
    counts 1, together with one other node 1/2, and one that no rung drives 0. So S is 1 if some
    rung drives each node alone, and 1 / 7 if seven nodes always respond together.

    Args:
        answering: rows are gains at the rungs, columns nodes; the driver's column is false.
        driver: index of the driver.

    Returns:
        The numbers of each ladder.

    Raises:
        ValueError: if `answering` is not boolean or has fewer than two axes, or `driver` is no
            node's index.
    """
    table = np.asarray(answering)
    if table.dtype != bool or table.ndim < 2:
        found = f"{table.dtype}{list(table.shape)}"
        raise ValueError(f"answering is {found}; expected bool (*ladder, rung, hidden)")
    check_indices("driver", driver, table.shape[-1], "nodes")
    nodes_a_gain = table.sum(-1)
    share = table / np.maximum(nodes_a_gain, 1)[..., None]
    best_share = np.delete(share.max(-2), driver, axis=-1)
    return Selectivity(
        pairs=nodes_a_gain.sum(-1),
        best=nodes_a_gain.max(-1),
        reached=table.any(-2).sum(-1),
        selectivity=best_share.mean(-1),
    )


@checked(finite=True)
def rank(value: float, others: Real[AnyArray, " ladder"]) -> tuple[float, float]:
    """Return the fractions of other values that lie below a value, and that equal it.

    Args:
        value: the one of interest.
        others: what it is compared with.

    Returns:
        Fractions in [0, 1]; NaN if there are no others.
    """
    values = np.asarray(others)
    if not values.size:
        return math.nan, math.nan
    return float((values < value).mean()), float((values == value).mean())


@checked
def answer_peaks(
    response: Float[AnyArray, "*ladder hidden gain"],
    constant: Float[AnyArray, "*ladder hidden"],
    driver: int,
    threshold: float,
) -> Bool[np.ndarray, "*ladder hidden gain"]:
    """Return at which gain frequencies of a sweep which nodes respond.

    A node responds where its response is a local maximum over the gain frequency, larger than at
    both neighbours of the sweep, and at least `threshold` times its response to the constant gain.
    The ends of the sweep have one neighbour and are no maxima; the driver does not count.

    Args:
        response: mean amplitudes at rising gain frequencies.
        constant: mean amplitudes under the constant gain alone.
        driver: index of the driver.
        threshold: multiple of the response to the constant gain.

    Returns:
        True at the responses.

    Raises:
        ValueError: if there are fewer than 3 gain frequencies, `threshold` is not positive or
            `driver` is no node's index.

    Source: lecture, "Golden rhythms"; the criterion is the project's own.
    """
    values = np.asarray(response)
    if values.shape[-1] < 3:
        raise ValueError(f"response must have 3 gain frequencies or more, got {values.shape[-1]}")
    if not 0 < threshold < math.inf:
        raise ValueError(f"threshold must be positive and finite, got {threshold}")
    check_indices("driver", driver, values.shape[-2], "nodes")
    middle = values[..., 1:-1]
    found = np.zeros(values.shape, bool)
    found[..., 1:-1] = (
        (middle > values[..., :-2])
        & (middle > values[..., 2:])
        & (middle >= threshold * np.asarray(constant)[..., None])
    )
    found[..., driver, :] = False
    return found


class PeakPlaces(NamedTuple):
    """Where the responses of ladders lie, and the fraction of the sweep that such places cover.

    Attributes:
        peaks: number of responses.
        at_targets: of those, at the sum or difference of the driver's and the answering node's
            frequency.
        at_rungs: of all responses, at a rung of the ladder: its own rhythm as the gain.
        targets: number of sums and differences between the ends of the sweep.
        answered: of those, where the node responds.
        target_cover: fraction of the swept gain frequencies at a sum or difference, mean over
            nodes.
        rung_cover: fraction of the swept gain frequencies at a rung: the expectation for responses
            at random places.
    """

    peaks: Int[np.ndarray, " ladder"]
    at_targets: Int[np.ndarray, " ladder"]
    at_rungs: Int[np.ndarray, " ladder"]
    targets: Int[np.ndarray, " ladder"]
    answered: Int[np.ndarray, " ladder"]
    target_cover: Float[np.ndarray, " ladder"]
    rung_cover: Float[np.ndarray, " ladder"]


@checked(finite=True)
def peak_places(
    peaks: Bool[np.ndarray, "ladder hidden gain"],
    gain_frequency: Real[np.ndarray, " gain"],
    frequencies: Real[np.ndarray, "ladder hidden"],
    driver: int,
    tolerance: float,
) -> PeakPlaces:
    """Count the responses of a sweep at sums and differences, and at the ladder's own rungs.

    A response of node k at f_S is at a sum or difference if |f_S - (f_D + f_k)| or
    |f_S - |f_D - f_k|| is at most the tolerance, and at a rung if |f_S - f_m| is for some m.
    In a golden ladder neighbouring rungs sum to a rung, so these places are partly the same.

    Args:
        peaks: see `answer_peaks`.
        gain_frequency: of the sweep, f_S in Hz.
        frequencies: rungs of every ladder in Hz.
        driver: index of the driver.
        tolerance: in Hz.

    Returns:
        The numbers of each ladder.

    Source: the claim is M. A. Kramer's, "Golden rhythms as a theoretical framework for
    cross-frequency organization", Neurons, Behavior, Data Analysis, and Theory (2022); lecture,
    "Golden rhythms".
    """
    gain = np.asarray(gain_frequency, np.float64)
    at_target = np.stack([targets(ladder, driver, gain, tolerance).T for ladder in frequencies])
    distance = np.abs(gain - np.asarray(frequencies)[..., None]).min(-2)
    at_rung = distance <= tolerance * (1 + 1e-9)
    swept, answered = _found_targets(peaks, gain, np.asarray(frequencies), driver, tolerance)
    return PeakPlaces(
        peaks=peaks.sum((-1, -2)),
        at_targets=(peaks & at_target).sum((-1, -2)),
        at_rungs=(peaks & at_rung[:, None]).sum((-1, -2)),
        targets=swept.sum((-1, -2)),
        answered=answered.sum((-1, -2)),
        target_cover=np.delete(at_target, driver, 1).mean((-1, -2)),
        rung_cover=at_rung.mean(-1),
    )


def _found_targets(
    peaks: Bool[np.ndarray, "ladder hidden gain"],
    gain: Float[np.ndarray, " gain"],
    frequencies: Real[np.ndarray, "ladder hidden"],
    driver: int,
    tolerance: float,
) -> tuple[Bool[np.ndarray, "ladder hidden 2"], Bool[np.ndarray, "ladder hidden 2"]]:
    """Return which differences and sums lie inside the sweep, and where nodes respond at them."""
    own = frequencies[:, driver, None]
    place = np.stack([np.abs(own - frequencies), own + frequencies], -1)
    swept = (gain[0] < place) & (place < gain[-1])
    swept[:, driver] = False
    near = np.abs(gain - place[..., None]) <= tolerance + 1e-9 * own[..., None, None]
    return swept, swept & (near & peaks[:, :, None]).any(-1)
