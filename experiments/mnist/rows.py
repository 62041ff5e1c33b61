"""From wanted members to the arrays of a group, and from what came out to a row a member."""

import operator
from dataclasses import asdict
from functools import partial

import jax

from experiments.members.rows import rounded
from experiments.mnist.store import MemberStore, Wanted
from rhythmic.data import split
from rhythmic.models import Architecture, named_arrays, num_trainable
from rhythmic.records import Row
from rhythmic.training import Members, TestRecord, TrainingState, make_members


def members_of(store: MemberStore, group: list[Wanted]) -> Members:
    """Gather the arrays of a group."""
    return make_members(
        partial(split, store.digits),
        seeds=tuple(member.seed for member in group),
        learning_rate=tuple(member.setting.learning_rate for member in group),
        weight_decay=tuple(member.setting.weight_decay for member in group),
        label_smoothing=tuple(member.setting.label_smoothing for member in group),
    )


def member_rows(
    store: MemberStore,
    architecture: Architecture,
    group: list[Wanted],
    state: TrainingState,
    test: TestRecord | None,
    seconds: float,
) -> list[Row]:
    """Write down what came out, a row a member.

    ``best_epoch`` counts from 1, and is 0 where no validation was finite; ``failed_at_step``
    counts updates from 0, and is -1 where none failed. ``seconds`` is each member's share of the
    time since the group was last started or resumed, compilation included.
    """
    model = architecture.build(10, key=jax.random.key(0))
    rows = []
    for i, member in enumerate(group):
        own = jax.tree.map(operator.itemgetter(i), state)
        row = {
            "member": store.name(member),
            "configuration": store.configuration_hash(member.architecture),
            "dataset": store.digits.name,
            **store.recipe(),
            "diagonal": store.configuration.diagonal,
            "sample_rate": store.configuration.sample_rate,
            "pole_radius": store.configuration.pole_radius,
            "architecture": member.architecture,
            "num_nodes": model.cell.hidden_size,
            "num_parameters": num_trainable(model),
            "seed": member.seed,
            **asdict(member.setting),
            "best_epoch": own.best.epoch + 1,
            "validation_accuracy": max(own.best.validation_accuracy, 0.0),
            "failed_at_step": own.failed_at_step,
            "test_accuracy": None,
            "seconds_last_sitting": round(seconds, 1),
            **store.made,
            "history": {name: rounded(x) for name, x in own.history._asdict().items()},
        }
        if test is not None:
            row["test_accuracy"] = test.accuracy[i]
            row["test_loss"] = test.loss[i]
            row["confusion"] = test.confusion[i]
            row["class_features"] = rounded(test.class_features[i])
            row["parameters"] = named_arrays(own.best.parameters)
            row["statistics"] = named_arrays(own.best.statistics)
        rows.append(row)
    return rows
