"""Where over the gain frequency a ladder's nodes answer: at which sums, differences and rungs.

Source: lecture, "Golden rhythms"; M. A. Kramer, NBDT (2022); the measurement is the project's own.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Real

from rhythmic.arguments import checked
from rhythmic.coupled.selectivity import targets
from rhythmic.indices import check_indices
from rhythmic.typing import AnyArray


@checked
def answer_peaks(
    response: Float[AnyArray, "*ladder hidden gain"],
    constant: Float[AnyArray, "*ladder hidden"],
    driver: int,
    threshold: float,
) -> Bool[np.ndarray, "*ladder hidden gain"]:
    """Tell at which gain frequencies of a sweep which nodes answer.

    A node answers where its response is a local maximum over the gain frequency, larger than at
    both neighbours of the sweep, and at least `threshold` times its response to the constant
    gain. The ends of the sweep have one neighbour and are no maxima; the driver does not count.

    Args:
        response: mean amplitudes at rising gain frequencies.
        constant: mean amplitudes under the constant gain alone.
        driver: index of the driver.
        threshold: multiple of the response to the constant gain.

    Returns:
        True at the answers.

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
    """Where the answers of ladders lie, and how much of the sweep such places are.

    Attributes:
        peaks: number of answers.
        at_targets: of those, at the sum or difference of the driver's and the answering node's
            frequency.
        at_rungs: of all answers, at a rung of the ladder: its own rhythm as the gain.
        targets: number of sums and differences between the ends of the sweep.
        answered: of those, where the node answers.
        target_cover: share of the swept gain frequencies at a sum or difference, mean over nodes.
        rung_cover: share of the swept gain frequencies at a rung: what answers at random places
            would give.
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
    """Count the answers of a sweep at sums and differences, and at the ladder's own rungs.

    An answer of node k at f_S is at a sum or difference if |f_S - (f_D + f_k)| or
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
    """Tell which differences and sums lie inside the sweep, and at which of those nodes answer."""
    own = frequencies[:, driver, None]
    place = np.stack([np.abs(own - frequencies), own + frequencies], -1)
    swept = (gain[0] < place) & (place < gain[-1])
    swept[:, driver] = False
    near = np.abs(gain - place[..., None]) <= tolerance + 1e-9 * own[..., None, None]
    return swept, swept & (near & peaks[:, :, None]).any(-1)
