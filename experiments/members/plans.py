"""The shape of the groups that a run trains, chosen once and kept in its folder."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import jax

from experiments.folders import read_kept, write_kept
from experiments.members.condition import Condition, Wanted
from experiments.members.store import MemberStore, tuning
from rhythmic.networks import BuildsNetwork
from rhythmic.progress import show
from rhythmic.training.features import has_fixed_features
from rhythmic.training.group import GroupPlan, plan_groups


class Program(NamedTuple):
    """What one compiled program trains.

    Args:
        name: what identifies it.
        choices: its members on which settings are chosen, for its own conditions or for others.
        conditions: its conditions, whose members are tested at the chosen settings.
    """

    name: str
    choices: list[Wanted]
    conditions: list[Condition]

    @property
    def condition(self) -> Condition:
        """One of its conditions: what a program needs to know, they have in common."""
        return self.conditions[0] if self.conditions else self.choices[0].condition

    @property
    def label(self) -> str:
        """What it is called towards a user: by its first condition."""
        return self.condition.label


def by_program(conditions: Iterable[Condition]) -> Iterator[Program]:
    """Yield programs; one on which another's setting is chosen comes first."""
    choices: dict[str, dict[str, Wanted]] = {}
    programs: dict[str, list[Condition]] = {}
    for condition in conditions:
        own = condition.program()
        # Many conditions may be tuned on the same few, which is worked out once.
        others = {id(one): one.program() for one in condition.tuned_on}
        for wanted in tuning(condition):
            name = others.get(id(wanted.condition), own)
            programs.setdefault(name, [])
            choices.setdefault(name, {}).setdefault(wanted.name(), wanted)
        programs.setdefault(own, []).append(condition)
    for name, own_conditions in programs.items():
        yield Program(name, list(choices.get(name, {}).values()), own_conditions)


def to_be_tested(store: MemberStore, program: Program) -> tuple[list[Wanted], int]:
    """Return the members that are tested, and count those whose setting is not chosen yet."""
    waiting = 0
    chosen: dict[str, Wanted] = {}
    for condition in program.conditions:
        if store.missing(tuning(condition)):
            waiting += len(condition.seeds)
        else:
            # Two conditions may want the same member.
            chosen |= {wanted.name(): wanted for wanted in store.tested(condition)}
    return list(chosen.values()), waiting


def num_members(store: MemberStore, program: Program) -> tuple[tuple[int, int], int]:
    """Count the members that are missing, and all members, finished ones included.

    Those still to be chosen on come first, then those to be tested: all of these before a choice.
    """
    chosen, waiting = to_be_tested(store, program)
    missing = len(store.missing(program.choices)), waiting + len(store.missing(chosen))
    return missing, len(program.choices) + len(chosen) + waiting


GROUPS = "groups.json"


class Work(NamedTuple):
    """What is left to do of one program.

    Args:
        program: what is trained.
        missing: members still to be chosen on and to be tested.
        plan: shape of the groups.
    """

    program: Program
    missing: tuple[int, int]
    plan: GroupPlan


def num_groups(counts: Sequence[int], plan: GroupPlan) -> int:
    """Count the groups of members to be chosen on and of members to be tested, which share none."""
    return sum(-(-count // plan.size) for count in counts)


def work_left(
    store: MemberStore,
    conditions: Iterable[Condition],
    folder: Path,
    members_per_device: int | None = None,
) -> list[Work]:
    """Return the programs that have members to train, with the shape of their groups.

    The shape is chosen once for a run, and kept when the run goes on: groups of one shape share one
    compiled program, and a checkpoint belongs to its group.

    Args:
        store: what is finished.
        conditions: what is wanted.
        folder: the run folder, which may hold shapes.
        members_per_device: members side by side on a device at most; by default what pays.
    """
    known = recorded_plans(folder)
    work = []
    for program in by_program(conditions):
        missing, _ = num_members(store, program)
        if not any(missing):
            continue
        plan = usable_plan(program.label, known.get(program.label))
        if plan is None:
            plan = group_plan(program.condition.architecture, missing, members_per_device)
        work.append(Work(program, missing, plan))
    return work


def usable_plan(label: str, plan: GroupPlan | None) -> GroupPlan | None:
    """Return a recorded plan, or none if it takes more devices than are here."""
    here = len(jax.devices())
    if plan is None or plan.num_devices <= here:
        return plan
    show(
        f"{label}: {plan.num_devices} devices were planned and {here} are here; unfinished groups "
        "start afresh"
    )
    return None


def group_plan(
    architecture: BuildsNetwork, counts: Sequence[int], members_per_device: int | None = None
) -> GroupPlan:
    """Choose how many members train side by side.

    Args:
        architecture: what is trained.
        counts: members to be chosen on and to be tested.
        members_per_device: members side by side on a device at most; by default what pays.
    """
    # No more devices than members: padding fills a device, and costs as much as a member.
    num_devices = min(len(jax.devices()), max(1, *counts))
    largest, overhead = group_costs(architecture)
    return plan_groups(counts, num_devices, members_per_device or largest, overhead)


def group_costs(architecture: BuildsNetwork) -> tuple[int, float]:
    """Return how many members a device trains in a group at most, and what a group itself costs.

    The cost is in members, for ``plan_groups``. A CPU gains little from more than a few, but
    for a layer that nobody trains: its features are worked out once, and what is left of a
    member is a third of what an update costs for all.
    """
    if jax.devices()[0].platform != "cpu":
        return 64, 100.0
    model = architecture.build(1, 1, key=jax.random.key(0))
    return (64, 3.0) if has_fixed_features(model) else (6, 0.3)


def recorded_plans(folder: Path) -> dict[str, GroupPlan]:
    """Read the plans of a run folder by label, none if it has none yet."""
    try:
        known = read_kept(folder, GROUPS) or {}
        return {label: GroupPlan(**plan) for label, plan in known.items()}
    except (TypeError, ValueError):
        show(f"{folder / GROUPS} holds no shapes of groups; it counts as missing")
        return {}


def record_plans(folder: Path, plans: dict[str, GroupPlan]) -> None:
    """Write plans into a run folder, beside those of other labels."""
    together = recorded_plans(folder) | plans
    if together:
        write_kept(folder, GROUPS, {label: asdict(plan) for label, plan in together.items()})
