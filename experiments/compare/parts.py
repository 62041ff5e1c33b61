"""Questions of several parts: a small run asks some, and says which findings are missing."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from experiments.compare.findings import Claim, Finding, Rows
from rhythmic.plotting.accuracy import CHANCE
from rhythmic.records import Row

NOT_ASKED = "not asked in this run: "


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


class NotTrainedError(Exception):
    """Rows were read of which only the label is known yet."""


class Awaited(Sequence[Row]):
    """Rows that a run has not made yet: there will be some, and none can be read."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: Any) -> Any:
        raise NotTrainedError


class Planned(dict[str, Sequence[Row]]):
    """Rows as they are known before training: by their labels alone."""

    def __init__(self, labels: Iterable[str]):
        super().__init__({label: Awaited() for label in labels})


def if_asked(
    claim: Claim, rows: Rows, labels: Iterable[str], find: Callable[[], Finding]
) -> Finding:
    """Return what ``find`` finds, or a finding of nothing where a run left out one of ``labels``.

    Labels are never left out in silence: the text of the empty finding says so. Of ``Planned``
    rows nothing is found, and the text is empty where the run will answer.
    """
    missing = [label for label in labels if not rows.get(label)]
    nothing = (math.nan,) * 6
    if missing:
        return Finding(claim.name, *nothing, f"{NOT_ASKED}{missing[0]} is left out")
    return Finding(claim.name, *nothing, "") if isinstance(rows, Planned) else find()


def left_out(
    claims: Sequence[Claim], findings: Callable[[Rows], Sequence[Finding]], labels: Iterable[str]
) -> list[str]:
    """Say, before anything is trained, which claims a run can not judge, and what each lacks.

    Args:
        claims: of the question.
        findings: what rows say about them, by ``if_asked``.
        labels: of all rows that the run will make.

    Returns:
        A line that counts them and a line a claim; none where every claim will be judged.

    Raises:
        NotTrainedError: if ``findings`` reads rows before it asks what is left out.
    """
    reached = {found.claim: found.text for found in findings(Planned(labels))}
    lacking = {
        claim.statement: reached[claim.name].removeprefix(NOT_ASKED)
        for claim in claims
        if reached[claim.name]
    }
    if not lacking:
        return []
    first = f"not judged in this run, {len(lacking)} of {len(claims)} claims:"
    return [first, *(f"  {statement} ({reason})" for statement, reason in lacking.items())]
