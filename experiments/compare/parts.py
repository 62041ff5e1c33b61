"""Questions of several parts: a small run asks some, and says which findings are missing."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Float

from experiments.compare.findings import Claim, Finding, Rows
from rhythmic.plotting.compare_curves import CHANCE

NOT_ASKED = "not asked in this run"


def check_parts(name: str, values: Sequence[str], allowed: Sequence[str]) -> None:
    """Raise a ValueError of one line unless ``values`` are some of ``allowed``, each once."""
    for value in values:
        if value not in allowed:
            raise ValueError(f"{name} holds {value!r}; choose from {', '.join(allowed)}")
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{name} is {' '.join(values) or 'empty'}; name one or more, each once")


def share_left(
    clean: Float[np.ndarray, "*#shape"], noisy: Float[np.ndarray, "*#shape"]
) -> Float[np.ndarray, "*shape"]:
    """Return ``(noisy - 0.1) / (clean - 0.1)``: of the accuracy above chance, the share left.

    NaN where ``clean`` is not above chance, a tenth for ten digits.
    """
    above = np.asarray(clean, float) - CHANCE
    return (np.asarray(noisy, float) - CHANCE) / np.where(above > 0, above, np.nan)


def if_asked(
    claim: Claim, rows: Rows, labels: Iterable[str], find: Callable[[], Finding]
) -> Finding:
    """Return what ``find`` finds, or a finding of nothing where a run left out one of ``labels``.

    Labels are never left out in silence: the text of the empty finding says so.
    """
    missing = [label for label in labels if not rows.get(label)]
    if missing:
        nothing = (math.nan,) * 6
        return Finding(claim.name, *nothing, f"{NOT_ASKED}: {missing[0]} is left out")
    return find()
