"""The shape of the groups that a run trains, chosen once and kept in its folder."""

import json
from dataclasses import asdict
from pathlib import Path

import jax

from experiments.mnist.store import MemberStore
from rhythmic.adjoints import on_processor
from rhythmic.data.dataset import NUM_CLASSES
from rhythmic.progress import show
from rhythmic.records import write_json
from rhythmic.training import is_out_of_memory
from rhythmic.training.features import has_fixed_features
from rhythmic.training.group import GroupPlan, plan_groups

GROUPS = "groups.json"


def num_missing(store: MemberStore, architecture: str) -> tuple[int, int]:
    """Count the members still to be tuned and to be tabled; all of the table before a choice."""
    tuning = len(store.missing(store.tuning(architecture)))
    seeds = len(store.configuration.seeds)
    return tuning, seeds if tuning else len(store.missing(store.table(architecture)))


def num_groups(counts: tuple[int, int], plan: GroupPlan) -> int:
    """Count the groups of the members still to be tuned and to be tabled, which share none."""
    return sum(-(-count // plan.size) for count in counts)


def choose_plans(
    store: MemberStore, missing: dict[str, tuple[int, int]], folder: Path
) -> dict[str, GroupPlan]:
    """Choose the shape of the groups once for a run, and keep it when the run goes on.

    Groups of one shape share one compiled program, and a checkpoint belongs to its group.
    """
    known = recorded_plans(folder)
    plans = {}
    for name, counts in missing.items():
        # No more devices than members: padding fills a device, and costs as much as a member.
        num_devices = min(len(jax.devices()), max(1, *counts))
        plan = known.get(name)
        if plan is not None and plan.num_devices > len(jax.devices()):
            show(
                f"{name}: {plan.num_devices} devices were planned and {len(jax.devices())} are "
                "here; unfinished groups start afresh"
            )
            plan = None
        largest, overhead = group_costs(store, name)
        largest = store.configuration.members_per_device or largest
        plans[name] = plan or plan_groups(counts, num_devices, largest, overhead)
    return plans


def group_costs(store: MemberStore, architecture: str) -> tuple[int, float]:
    """Return how many members a device trains in a group at most, and what a group itself costs.

    The cost is in members, for ``plan_groups``. A processor gains little from more than a few, but
    for a layer that nobody trains: its features are worked out once, and what is left of a
    member is a third of what an update costs for all.
    """
    model = store.architectures[architecture].build(NUM_CLASSES, key=jax.random.key(0))
    if not on_processor():
        return 64, 100.0
    return (64, 3.0) if has_fixed_features(model) else (6, 0.3)


def recorded_plans(folder: Path) -> dict[str, GroupPlan]:
    """Read the plans of a run folder, none if it has none yet."""
    path = folder / GROUPS
    known = json.loads(path.read_text()) if path.exists() else {}
    return {name: GroupPlan(**plan) for name, plan in known.items()}


def record_plans(folder: Path, plans: dict[str, GroupPlan]) -> None:
    """Write plans into a run folder, beside those of other architectures."""
    together = recorded_plans(folder) | plans
    write_json(folder / GROUPS, {name: asdict(plan) for name, plan in together.items()})


def smaller_plan(name: str, plan: GroupPlan, error: BaseException) -> GroupPlan:
    """Return the shape to go on with after a group ran out of memory, and say so.

    Args:
        name: the architecture.
        plan: the shape that failed.
        error: what was raised; raised again if it is about something else.

    Raises:
        MemoryError: in one line, if one member per device is too many.
    """
    if not is_out_of_memory(error):
        raise error
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    smaller = plan.halved()
    if smaller == plan:
        raise MemoryError(
            f"{name} ran out of memory with one network on each of {plan.num_devices} devices "
            f"({reason}); give fewer --devices, a smaller --batch-size or a smaller "
            "--evaluation-batch-size"
        ) from None
    show(
        f"{name}: out of memory with groups of {plan} ({reason}); going on with {smaller}, "
        "unfinished groups start afresh"
    )
    return smaller


def counted(count: int, noun: str) -> str:
    """Write a number of things."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
