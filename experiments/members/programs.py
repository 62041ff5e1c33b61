"""Which members share a compiled program, and how many of them are still to be trained."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from experiments.members.condition import Condition, Wanted
from experiments.members.store import MemberStore, tuning


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

    def tested(self, store: MemberStore) -> list[Wanted]:
        """Return the members that are tested; what settings are chosen on must be finished."""
        return [wanted for condition in self.conditions for wanted in store.tested(condition)]


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


def num_missing(store: MemberStore, program: Program) -> tuple[int, int]:
    """Count the members still to be chosen on, and to be tested: all of these before a choice."""
    chosen, waiting = to_be_tested(store, program)
    return len(store.missing(program.choices)), waiting + len(store.missing(chosen))


def num_members(store: MemberStore, program: Program) -> int:
    """Count the members to be chosen on and to be tested, finished ones included."""
    chosen, waiting = to_be_tested(store, program)
    return len(program.choices) + len(chosen) + waiting
