"""Hyperparameter search: the grid of settings, and the choice among them."""

import itertools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from rhythmic.checks import checked_real


@dataclass(frozen=True, order=True)
class Setting:
    """One point of a search over hyperparameters."""

    learning_rate: float
    weight_decay: float = 0.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        # Kept as floats: 1 and 1.0 are one setting, and have one name in records.
        for field in fields(self):
            value = float(checked_real(field.name, getattr(self, field.name)))
            object.__setattr__(self, field.name, value)


def setting_grid(
    learning_rates: Sequence[float],
    weight_decays: Sequence[float],
    label_smoothings: Sequence[float],
) -> list[Setting]:
    """Return every combination of ``learning_rates``, ``weight_decays`` and ``label_smoothings``.

    Rates are slowest.
    """
    return list(
        itertools.starmap(
            Setting, itertools.product(learning_rates, weight_decays, label_smoothings)
        )
    )


def select_setting(rows: Iterable[dict[str, Any]]) -> Setting:
    """Choose the setting of the highest mean validation accuracy over its seeds.

    A member whose validation accuracy is missing counts as zero. Test results are not used.

    Args:
        rows: one dictionary per member, with the fields of ``Setting`` and ``validation_accuracy``.

    Raises:
        ValueError: if there are no rows.
    """
    accuracies: dict[Setting, list[float]] = {}
    for row in rows:
        setting = Setting(row["learning_rate"], row["weight_decay"], row["label_smoothing"])
        accuracies.setdefault(setting, []).append(row["validation_accuracy"] or 0.0)
    if not accuracies:
        raise ValueError("rows is empty; a choice needs at least one member")
    return best_setting(accuracies)


def best_setting(scores: Mapping[Setting, Sequence[float]]) -> Setting:
    """Return the setting of the highest mean score.

    Ties go to the smaller standard error, then to the smaller decay, rate and smoothing.

    Args:
        scores: of each setting, one per seed; minus infinity of a run that failed.
    """

    def rank(setting: Setting) -> tuple[float, ...]:
        values = scores[setting]
        mean, error = statistics.fmean(values), 0.0
        if len(values) > 1 and math.isfinite(mean):
            error = statistics.stdev(values) / math.sqrt(len(values))
        # Accuracies are counts over thousands that float32 rounded: equal counts must tie.
        return (
            -round(mean, 6) if math.isfinite(mean) else math.inf,
            round(error, 6),
            setting.weight_decay,
            setting.learning_rate,
            setting.label_smoothing,
        )

    return min(scores, key=rank)
