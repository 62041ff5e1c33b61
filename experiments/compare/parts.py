"""Questions of several parts: a small run asks some, and says which findings are missing."""

import math
from collections.abc import Callable, Iterable, Sequence

from experiments.compare.findings import Claim, Finding, Rows

ARITHMETIC = (
    "Networks with fixed rhythms that are read out by energy are trained from one pixel with ink "
    "to the next, all others by a step a pixel, whose float32 gradient is off by several per cent "
    "where nodes hardly decay: what that does is the question of precision."
)


def check_parts(name: str, values: Sequence[str], allowed: Sequence[str]) -> None:
    """Raise a ValueError of one line unless ``values`` are some of ``allowed``, each once."""
    for value in values:
        if value not in allowed:
            raise ValueError(f"{name} holds {value!r}; choose from {', '.join(allowed)}")
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{name} is {' '.join(values) or 'empty'}; name one or more, each once")


def if_asked(
    claim: Claim, rows: Rows, labels: Iterable[str], find: Callable[[], Finding]
) -> Finding:
    """Return what ``find`` finds, or a finding of nothing where a run left out one of ``labels``.

    Labels are never left out in silence: the text of the empty finding says so.
    """
    missing = [label for label in labels if not rows.get(label)]
    if missing:
        nothing = (math.nan,) * 6
        return Finding(claim.name, *nothing, f"not asked in this run: {missing[0]} is left out")
    return find()
