"""One number an example, read out by the best threshold on the training examples.

Source: textbook definition (the decision stump).
"""

import numpy as np
from jaxtyping import Float, Int

from rhythmic.arguments import checked
from rhythmic.data.dataset import Split, check_split
from rhythmic.indices import check_labels
from rhythmic.typing import AnyArray


@checked
def threshold_accuracy(
    values: Float[AnyArray, " example"], labels: Int[AnyArray, " example"], split: Split
) -> float:
    """Tell two classes apart by a threshold; return the share of test examples told rightly.

    Of all thresholds between neighbouring training values, and of both sides for class 1, the
    pair that tells most training examples apart is taken, of several the smallest threshold.
    Validation examples are not looked at: nothing is left to choose.

    Args:
        values: one number an example of the whole pool.
        labels: 0 or 1.
        split: indices of the training and test examples.

    Returns:
        The accuracy; NaN where a value is.

    Raises:
        ValueError: for shapes that do not fit one another, other labels, or a split with an index
            outside the pool or parts that share an example.
    """
    numbers, classes = np.asarray(values, np.float64), np.asarray(labels)
    if numbers.ndim != 1 or classes.shape != numbers.shape:
        raise ValueError(
            f"values has shape {numbers.shape} and labels {classes.shape}; expected (example,) "
            "twice"
        )
    check_labels("labels", classes, 2)
    check_split(split, len(classes))
    if np.isnan(numbers[split.train]).any() or np.isnan(numbers[split.test]).any():
        return float("nan")
    known, first = np.unique(numbers[split.train], return_inverse=True)
    ones = np.bincount(first, classes[split.train], len(known))
    zeros = np.bincount(first, minlength=len(known)) - ones
    # With class 1 above the gap before each value: the zeros below it and the ones from it on.
    below = np.append(0.0, np.cumsum(zeros)) + ones.sum() - np.append(0.0, np.cumsum(ones))
    share = below / len(split.train)
    place = int(np.argmax(np.maximum(share, 1 - share)))
    edges = np.concatenate([[-np.inf], (known[1:] + known[:-1]) / 2, [np.inf]])
    above = numbers[split.test] > edges[place]
    said = above if share[place] >= 0.5 else ~above
    return float(np.mean(said == classes[split.test]))
