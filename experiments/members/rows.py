"""From what came out of a group to a row a member."""

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from experiments.members.condition import Wanted
from experiments.members.identity import recipe_identity, setting_identity
from rhythmic.records import Row
from rhythmic.training import TestRecord, TrainingState
from rhythmic.trees import named_arrays
from rhythmic.typing import AnyArray

FIRST_LAYER = "layers.0."


def member_rows(
    group: list[Wanted],
    state: TrainingState,
    test: TestRecord | None,
    seconds: float,
    made: dict[str, str],
    noise_accuracy: Mapping[float, AnyArray] | None = None,
) -> list[Row]:
    """Write down what came out, a row a member.

    ``best_epoch`` counts from 1, and is 0 where no validation was finite; ``failed_at_step``
    counts updates from 0, and is -1 where none failed. ``seconds`` is each member's share of the
    time since the group was last started or resumed, compilation included. ``noise_accuracy``
    holds the members' accuracies at each level of noise.
    """
    first = group[0].condition
    model = first.architecture.build(*first.pool.sizes, key=jax.random.key(0))
    shape = {"num_nodes": model.cell.hidden_size, "num_parameters": model.num_parameters()}
    rows = []
    for place, wanted in enumerate(group):
        own = jax.tree.map(operator.itemgetter(place), state)
        condition = wanted.condition
        row = {
            "member": wanted.name(),
            "label": condition.label,
            "architecture": condition.architecture.name,
            "dataset": condition.pool.name,
            **recipe_identity(condition.training),
            **shape,
            "seed": wanted.seed,
            **setting_identity(wanted.setting),
            "best_epoch": own.best.epoch + 1,
            "validation_accuracy": max(own.best.validation_score, 0.0),
            "failed_at_step": own.failed_at_step,
            "seconds": round(seconds, 1),
            **made,
        }
        if test is not None:
            record = jax.tree.map(operator.itemgetter(place), test)
            row |= {"test_accuracy": record.score, "test_loss": record.loss}
            row |= further_results(own, record, dict.fromkeys(condition.kept + condition.also_kept))
            if condition.test_noise and noise_accuracy is not None:
                row["noise_accuracy"] = [
                    noise_accuracy[level][place] for level in condition.test_noise
                ]
        elif "history" in condition.also_kept:
            row["history"] = learning_curve(own)
        rows.append(row)
    return rows


def further_results(own: TrainingState, record: TestRecord, kept: Iterable[str]) -> Row:
    """Return what a condition keeps beyond accuracies."""
    found: dict[str, Any] = {
        "history": lambda: learning_curve(own),
        "confusion": lambda: record.confusion,
        "class_features": lambda: rounded(record.class_features),
        "parameters": lambda: kept_names(named_arrays(own.best.parameters)),
        "statistics": lambda: named_arrays(own.best.statistics),
    }
    return {name: found[name]() for name in kept}


def kept_names(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays by the paths under which rows keep them, those of a network of one layer."""
    return {name.removeprefix(FIRST_LAYER): array for name, array in arrays.items()}


def own_names(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays of a row by their paths in a network; the inverse of ``kept_names``."""
    return {
        FIRST_LAYER + name if name.startswith("cell.") else name: array
        for name, array in arrays.items()
    }


def learning_curve(own: TrainingState) -> Row:
    """Return losses and accuracies after every epoch."""
    # Rows are older than scores of other kinds: theirs is the accuracy.
    kept = {name.replace("score", "accuracy"): x for name, x in own.history._asdict().items()}
    return {name: rounded(values) for name, values in kept.items()}


def rounded(values: AnyArray) -> list:
    """Keep five significant digits: enough to draw, a third of the space."""
    return [float(f"{x:.5g}") if np.ndim(x) == 0 else rounded(x) for x in values]
